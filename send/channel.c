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

channel *channel_make(runner *r, destination *d, enum channel_state state)
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

/* What may be tried again at once: nobody wants it back meanwhile. */
static int is_still_wanted(channel const *c, message const *m)
{
  return !c->r->draining && !m->deleted && !m->bouncing && !m->s.state.hold;
}

static void queue_again(channel *c, given const *g)
{
  for (uint32_t k = g->first, i = 0; i < g->n; i++) {
    uint32_t next = g->m->rcpt[k].next;
    if (!destination_add(c->of, g->m, k))
      delivery_no_memory(c->r, g->m, k);
    k = next;
  }
}

/* Its jobs were not done, as far as anybody knows. An agent works on one after the other: so it was the oldest that it
   hung on or died of, and that one waits, longer each time. The others are given to another agent: a message that is the
   death of each process must not take along, again and again, those that came with it. */
static void lose_jobs(channel *c)
{
  result why;
  result_set(&why, RESULT_TEMPORARY, STATUS_SYSTEM, "the delivery agent went away before it answered");
  for (unsigned int i = 0; i < c->n; i++)
    if (i && is_still_wanted(c, c->job[i].m))
      queue_again(c, c->job + i);
    else
      results_all(c->r, c->of, c->job + i, STAGE_SOON, &why);
  c->n = 0;
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

/* An agent that leaves reads no more, but does and answers what it has read: closing now would do that twice. What did
   not go out is lost when it closes. */
static void flush(channel *c)
{
  if (!door_flush(&c->d) && errno != EAGAIN)
    c->leaving = 1;
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
  if (got & WATCH_WRITE && !c->leaving)
    flush(c);
  watch_want(&c->r->watch, &c->w,
             !c->leaving && door_wants_flush(&c->d) ? WATCH_READ | WATCH_WRITE : WATCH_READ);
}

int channel_open(channel *c)
{
  c->state = CHANNEL_OPEN;
  c->idle = c->r->now;
  return watch_add(&c->r->watch, &c->w, c->d.fd, WATCH_READ, &heard, c);
}

channel *channel_knock(runner *r, destination *d)
{
  tain deadline = STAMP;
  channel *c;
  if (!lane_up(r, LANE_REMOTE))
    return 0;
  c = channel_make(r, d, CHANNEL_OPEN);
  if (!c)
    return 0;
  if (!door_knock(&c->d, lane_names[LANE_REMOTE], DOOR_REFUSE_FDS, &deadline))
    lane_failed(r, LANE_REMOTE);
  else if (channel_open(c))
    return c;
  channel_close(c);
  return 0;
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
  c->job[c->n++] = (given){.number = j.number,
                           .begun = runner_microseconds(c->r),
                           .m = m,
                           .first = first,
                           .n = n,
                           .since = c->r->now,
                           .due = c->r->now + seconds};
  c->served++;
  for (uint32_t k = first, i = 0; i < n; i++, k = m->rcpt[k].next)
    m->rcpt[k].stage = STAGE_OUT;
  flush(c);
  if (!c->leaving && door_wants_flush(&c->d))
    watch_want(&c->r->watch, &c->w, WATCH_READ | WATCH_WRITE);
  return 1;
}

void channel_taken(channel *c, given const *g)
{
  side *s = c->r->delivery.side + side_of(c->of->kind);
  size_t at = (size_t)(g - c->job);
  c->n--;
  memmove(c->job + at, c->job + at + 1, (c->n - at) * sizeof *c->job);
  if (c->n && !at) /* the next one has the agent to itself from now on */
    c->job[0].begun = runner_microseconds(c->r);
  if (!c->n) {
    c->idle = c->r->now;
    ring_append(&s->channels, &c->side);
  }
}

int channel_is_slow(channel const *c)
{
  return c->n && c->r->now - c->job[0].since > CHANNEL_SLOW;
}
