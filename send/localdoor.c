/* localdoor - the connection to door `local`: asks go out, answers come in the same order, each with a channel or a reason. */
#include <errno.h>
#include <unistd.h>
#include "lib/log.h"
#include "send/channel.h"
#include "send/delivery.h"
#include "send/lane.h"
#include "send/localdoor.h"

void localdoor_hang_up(runner *r)
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
    if (!channel_open(c))
      channel_close(c);
    else if (c->of->messages)
      delivery_ready(r, c->of); /* its part of the room stays its own until then */
    else if (channel_rest(c))
      delivery_room(r, SIDE_LOCAL);
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
      localdoor_hang_up(r);
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
    localdoor_hang_up(r);
  return errno == EAGAIN;
}

int localdoor_ask(runner *r, destination *d)
{
  channel *c;
  if (!local_open(r))
    return 0;
  c = channel_make(r, d, CHANNEL_ASKED);
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

void localdoor_end(channel *c)
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
