/* upkeep - what is looked at once a second, because nothing tells of it: deadlines of jobs, channels that have been idle for
   long, destinations that may be forgotten, and those that stopped for want of memory or descriptors. */
#include <errno.h>
#include "send/channel.h"
#include "send/delivery.h"
#include "send/lane.h"
#include "send/localdoor.h"
#include "send/upkeep.h"

#define FORGET 3600u      /* seconds that a bad destination is remembered unused */
#define SWEEP 60u         /* seconds between two looks for forgettable ones */
#define SWEEP_MANY 20000u /* destinations; from there on every second */

static int is_over(runner *r, channel *c)
{
  uint32_t linger = c->of->kind == DESTINATION_REMOTE ? CHANNEL_LINGER_REMOTE : CHANNEL_LINGER_LOCAL;
  switch (c->state) {
  case CHANNEL_ASKED: return 0;
  case CHANNEL_ENDING: return c->kill <= r->now;
  case CHANNEL_OPEN: break;
  }
  return !c->n && (r->draining || r->now - c->idle > linger);
}

static void look_at_channels(runner *r, side *s)
{
  for (ring *i = s->channels.next, *next; i != &s->channels; i = next) {
    channel *c = ring_of(channel, side, i);
    next = i->next;
    if (is_over(r, c)) {
      channel_close(c);
      continue;
    }
    for (unsigned int k = 0; k < c->n; k++)
      if (c->state == CHANNEL_OPEN && c->job[k].due <= r->now) {
        localdoor_end(c);
        break;
      }
  }
}

/* What stopped for want of memory or descriptors goes on. */
static void look_at_destinations(runner *r)
{
  for (ring *i = r->destinations.all.next; i != &r->destinations.all; i = i->next) {
    destination *d = ring_of(destination, all, i);
    if (d->messages && (!d->open || d->kind == DESTINATION_REMOTE) && !ring_linked(&d->ready))
      delivery_ready(r, d);
  }
}

/* Room that nobody took, since what had it could not use it. */
static void look_at_room(runner *r)
{
  side const *s = r->delivery.side + SIDE_LOCAL;
  for (uint32_t n = s->n; n < s->limit && !ring_empty(&s->starving); n++)
    delivery_room(r, SIDE_LOCAL);
}

static void forget_destinations(runner *r)
{
  for (ring *i = r->destinations.all.next, *next; i != &r->destinations.all; i = next) {
    destination *d = ring_of(destination, all, i);
    next = i->next;
    if (!destination_idle(d) || (window_remembers(&d->w) && r->now - d->used < FORGET))
      continue;
    if (d->parked != WAITING_NONE) {
      schedule_unpark(&r->schedule, d->parked);
      waiting_remove(&r->schedule.w, d->parked);
    }
    destination_drop(&r->destinations, d);
  }
}

void upkeep_second(runner *r)
{
  ring *oldest = r->delivery.asked.next;
  if (oldest != &r->delivery.asked && ring_of(channel, asked, oldest)->idle <= r->now) {
    errno = ETIMEDOUT;
    lane_failed(r, LANE_LOCAL);
    localdoor_hang_up(r);
  }
  for (unsigned int i = 0; i < SIDE_N; i++)
    look_at_channels(r, r->delivery.side + i);
  look_at_destinations(r);
  look_at_room(r);
  if (r->now - r->delivery.swept < SWEEP && r->destinations.n < SWEEP_MANY)
    return;
  r->delivery.swept = r->now;
  forget_destinations(r);
}
