/* channel - life and death of channels. What answers mean is results.c's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/log.h"
#include "send/channel.h"
#include "send/delivery.h"
#include "send/lane.h"
#include "send/results.h"

static channel *make(runner *r, destination *d, enum channel_state state)
{
  channel *c = malloc(sizeof *c);
  side *s = r->delivery.side + side_of(d->kind);
  if (!c)
    return 0;
  *c = (channel){.r = r, .of = d, .state = state, .d = {.fd = -1}, .w = WATCHED_ZERO, .idle = r->now};
  ring_append(&s->channels, &c->side);
  ring_append(&d->channels, &c->own);
  s->n++;
  d->open++;
  return c;
}

/* Its jobs were not done, as far as anybody knows. */
static void lose_jobs(channel *c)
{
  result why;
  result_set(&why, RESULT_TEMPORARY, STATUS_SYSTEM, "the delivery agent went away before it answered");
  while (c->n) {
    given g = c->job[--c->n];
    results_all(c->r, c->of, &g, STAGE_SOON, &why);
  }
}

void channel_drop(channel *c)
{
  runner *r = c->r;
  destination *d = c->of;
  lose_jobs(c);
  watch_remove(&r->watch, &c->w);
  door_close(&c->d);
  ring_leave(&c->side);
  ring_leave(&c->own);
  ring_leave(&c->asked);
  d->open--;
  d->asked -= c->state == CHANNEL_ASKED;
  d->used = r->now;
  r->delivery.side[side_of(d->kind)].n--;
  free(c);
  if (d->messages)
    delivery_ready(r, d);
}

void channel_close(channel *c)
{
  runner *r = c->r;
  enum delivery_side which = side_of(c->of->kind);
  channel_drop(c);
  delivery_room(r, which);
}

/* ---- what it says */

static void heard(void *data, unsigned int got)
{
  channel *c = data;
  frame f;
  (void)got;
  do
    switch (door_get(&c->d, &f)) {
    case DOOR_FRAME:
      if (f.fd >= 0)
        close(f.fd);
      if (results_take(c, &f) && !c->refused)
        continue;
      if (!c->refused)
        log_event(0, "warning", "agent", c->of->name, "problem", "its answer makes no sense", (char *)0);
      /* fall through */
    case DOOR_CLOSED:
    case DOOR_BROKEN: channel_close(c); return;
    case DOOR_NOTHING: goto done;
    }
  while (door_has_frame(&c->d));
done:
  if (got & WATCH_WRITE && door_wants_flush(&c->d) && !door_flush(&c->d) && errno != EAGAIN) {
    channel_close(c);
    return;
  }
  watch_want(&c->r->watch, &c->w, door_wants_flush(&c->d) ? WATCH_READ | WATCH_WRITE : WATCH_READ);
}

static int open_door(channel *c)
{
  c->state = CHANNEL_OPEN;
  return watch_add(&c->r->watch, &c->w, c->d.fd, WATCH_READ, &heard, c);
}

channel *channel_knock(runner *r, destination *d)
{
  tain deadline = STAMP;
  channel *c;
  if (!lane_up(r, LANE_REMOTE))
    return 0;
  c = make(r, d, CHANNEL_OPEN);
  if (!c)
    return 0;
  if (!door_knock(&c->d, lane_names[LANE_REMOTE], DOOR_REFUSE_FDS, &deadline))
    lane_failed(r, LANE_REMOTE);
  else if (open_door(c))
    return c;
  channel_close(c);
  return 0;
}

/* ---- door local */

void channel_hang_up(runner *r)
{
  delivery *y = &r->delivery;
  ring *i;
  if (y->local.fd >= 0) {
    watch_remove(&r->watch, &y->w);
    door_close(&y->local);
  }
  while ((i = ring_take(&y->asked)))
    channel_close(ring_of(channel, asked, i));
}

/* The oldest ask is answered. 0: it makes no sense. */
static int answered(runner *r, frame *f)
{
  uint64_t number;
  result why;
  ring *i = ring_take(&r->delivery.asked);
  channel *c = i ? ring_of(channel, asked, i) : 0;
  if (!c || !process_take_answer(f, &number, &why)) {
    if (f->fd >= 0)
      close(f->fd);
    if (c)
      channel_close(c);
    return 0;
  }
  c->of->asked--;
  c->state = CHANNEL_OPEN;
  if (f->type == PROCESS_CHANNEL) {
    c->process = number;
    door_init(&c->d, f->fd, DOOR_REFUSE_FDS);
    if (open_door(c))
      delivery_ready(r, c->of);
    else
      channel_close(c);
    return 1;
  }
  destination *d = c->of;
  channel_close(c);
  if (!d->open)
    delivery_fail(r, d, why.class == RESULT_PERMANENT ? STAGE_FAILED : STAGE_SOON, &why);
  return 1;
}

static void local_heard(void *data, unsigned int got)
{
  runner *r = data;
  door *d = &r->delivery.local;
  frame f;
  (void)got;
  do
    switch (door_get(d, &f)) {
    case DOOR_FRAME:
      r->delivery.silent = 0;
      if (answered(r, &f))
        continue;
      /* fall through */
    case DOOR_CLOSED:
    case DOOR_BROKEN:
      errno = EPIPE;
      if (r->delivery.silent)
        lane_failed(r, LANE_LOCAL);
      channel_hang_up(r);
      return;
    case DOOR_NOTHING: return;
    }
  while (door_has_frame(d));
}

static int local_open(runner *r)
{
  delivery *y = &r->delivery;
  tain deadline = STAMP;
  if (y->local.fd >= 0)
    return 1;
  if (!lane_up(r, LANE_LOCAL))
    return 0;
  if (!door_knock(&y->local, lane_names[LANE_LOCAL], DOOR_ACCEPT_FDS, &deadline)) {
    lane_failed(r, LANE_LOCAL);
    return 0;
  }
  y->silent = 1;
  if (watch_add(&r->watch, &y->w, y->local.fd, WATCH_READ, &local_heard, r))
    return 1;
  door_close(&y->local);
  return 0;
}

/* What is said at door local is little: a door that does not take it is stuck. */
static int local_flush(runner *r)
{
  if (door_flush(&r->delivery.local))
    return 1;
  if (errno != EAGAIN)
    channel_hang_up(r);
  return errno == EAGAIN;
}

int channel_ask(runner *r, destination *d)
{
  channel *c;
  if (!local_open(r))
    return 0;
  c = make(r, d, CHANNEL_ASKED);
  if (!c)
    return 0;
  d->asked++;
  c->idle = r->now + CHANNEL_ANSWER;
  ring_append(&r->delivery.asked, &c->asked);
  if (process_put_ask(&r->delivery.local, (enum process_kind)d->kind, d->name))
    return local_flush(r);
  channel_close(c);
  return 0;
}

void channel_overdue(channel *c)
{
  runner *r = c->r;
  if (c->of->kind == DESTINATION_REMOTE || c->state == CHANNEL_ENDING || r->delivery.local.fd < 0) {
    channel_close(c);
    return;
  }
  log_event(0, "warning", "agent", c->of->name, "problem", "its time is over; it is ended", (char *)0);
  c->state = CHANNEL_ENDING;
  c->kill = r->now + CHANNEL_KILL;
  if (process_put_kill(&r->delivery.local, c->process))
    (void)local_flush(r);
}

/* ---- jobs */

/* The envelope of a job is the message's, with just its recipients; the text is shared. */
static int build(job *j, channel const *c, message *m, uint32_t first, uint32_t n)
{
  static genalloc rcpts = GENALLOC_ZERO;
  destination const *d = c->of;
  genalloc_setlen(envelope_rcpt, &rcpts, 0);
  for (uint32_t k = first, i = 0; i < n; i++, k = m->rcpt[k].next)
    if (!genalloc_append(envelope_rcpt, &rcpts, message_rcpt(m, k)))
      return 0;
  j->number = ++c->r->delivery.job;
  memcpy(j->id, m->id, sizeof j->id);
  j->offset = m->s.body;
  j->length = m->s.length;
  j->name = j->ext = j->domain = j->route = 0;
  if (d->kind != DESTINATION_REMOTE) {
    j->name = m->rcpt[first].name;
    j->ext = m->rcpt[first].ext;
  } else if (!results_route(m, d, first, &j->domain, &j->route))
    return 0;
  j->e = m->e;
  j->e.rcpts = rcpts;
  return 1;
}

int channel_give(channel *c, message *m, uint32_t first, uint32_t n, uint32_t seconds)
{
  job j = {.fd = -1};
  if (!build(&j, c, m, first, n))
    return 0;
  j.fd = store_reader(&m->s);
  if (j.fd < 0)
    return 0;
  if (!job_put(&c->d, &j)) {
    int e = errno;
    close(j.fd);
    return (errno = e, 0);
  }
  c->job[c->n++] = (given){
      .number = j.number, .m = m, .first = first, .n = n, .since = c->r->now, .due = c->r->now + seconds};
  c->served++;
  for (uint32_t k = first, i = 0; i < n; i++, k = m->rcpt[k].next)
    m->rcpt[k].stage = STAGE_OUT;
  if (!door_flush(&c->d)) {
    if (errno == EAGAIN)
      watch_want(&c->r->watch, &c->w, WATCH_READ | WATCH_WRITE);
    /* else it is gone, which its descriptor tells in the next turn */
  }
  return 1;
}

void channel_taken(channel *c, given const *g)
{
  side *s = c->r->delivery.side + side_of(c->of->kind);
  size_t at = (size_t)(g - c->job);
  c->n--;
  memmove(c->job + at, c->job + at + 1, (c->n - at) * sizeof *c->job);
  if (!c->n) {
    c->idle = c->r->now;
    ring_append(&s->channels, &c->side);
  }
}

int channel_is_slow(channel const *c)
{
  return c->n && c->r->now - c->job[0].since > CHANNEL_SLOW;
}
