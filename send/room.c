/* room - the bounds on channels. */
#include "send/delivery.h"
#include "send/lane.h"
#include "send/localdoor.h"
#include "send/room.h"
#include "send/turn.h"

/* Of those that have `least` jobs or more. */
static channel *least_busy(destination const *d, unsigned int least)
{
  channel *best = 0;
  for (ring *i = d->channels.next; i != &d->channels; i = i->next) {
    channel *c = ring_of(channel, own, i);
    if (c->state == CHANNEL_OPEN && !c->refused && !c->leaving && c->n >= least && (!best || c->n < best->n))
      best = c;
  }
  return best;
}

/* Closes the channel that has been idle longest. A process that was made just now, and is fed in this turn, does not rest.
   0: none is idle. */
static int close_idle(side *s)
{
  for (ring *i = s->channels.next; i != &s->channels; i = i->next) {
    channel *c = ring_of(channel, side, i);
    if (c->state == CHANNEL_OPEN && !c->n && (c->resting || c->of->kind == DESTINATION_REMOTE)) {
      channel_drop(c);
      return 1;
    }
  }
  return 0;
}

/* The user's processes of the other kind. */
static destination *twin(runner const *r, destination const *d)
{
  if (d->kind != DESTINATION_PLAIN && d->kind != DESTINATION_MAILBOX)
    return 0;
  return destination_find(&r->destinations,
                          d->kind == DESTINATION_PLAIN ? DESTINATION_MAILBOX : DESTINATION_PLAIN, d->name, 0);
}

static int close_idle_of(destination *d)
{
  for (ring *i = d->channels.next; i != &d->channels; i = i->next) {
    channel *c = ring_of(channel, own, i);
    if (c->state == CHANNEL_OPEN && !c->n) {
      channel_drop(c);
      return 1;
    }
  }
  return 0;
}

/* Connections that a host may have. One that is dead and still fed has messages whose last chance this is: what one of them
   learns is true for all. */
static uint32_t host_room(runner const *r, destination const *d)
{
  uint32_t allowed = window_allows(&d->w, r->now, delivery_most(r, d));
  return allowed ? allowed : 1;
}

/* May this user, or this host, have one more? */
static int own_room(runner *r, destination *d)
{
  destination *other;
  if (d->kind == DESTINATION_REMOTE)
    return d->open < host_room(r, d);
  other = twin(r, d);
  if (d->open + (other ? other->open : 0) < control_number(&r->set.c, CONTROL_CONCURRENCYUSER))
    return 1;
  return other && other->open && !other->messages && close_idle_of(other);
}

/* A destination that has a channel leaves a part of the room to those that have none; one that rests is none. Who starves is
   served in turn: room that comes free is for whom delivery_room called. */
static int common_room(runner *r, destination *d)
{
  side *s = r->delivery.side + side_of(d->kind);
  uint32_t kept = s->limit / (d->kind == DESTINATION_REMOTE ? 20 : 4);
  int in_turn = turn_is_of(s, d);
  d->called_in = 0;
  if (d->open > d->resting && s->n + kept >= s->limit)
    return 0;
  if (in_turn && (s->n < s->limit || (d->kind == DESTINATION_REMOTE && close_idle(s))))
    return 1;
  turn_wait(s, d);
  return 0;
}

/* The user's mailbox waits for a process, and his own ones take all that he may have: they are to end. */
static int owes_twin(runner *r, destination *d)
{
  destination *other = twin(r, d);
  return other && other->messages && !other->open &&
         d->open >= control_number(&r->set.c, CONTROL_CONCURRENCYUSER);
}

/* A process more, for which the one that has rested longest may have to go. */
static int new_process(runner *r, destination *d)
{
  side *s = r->delivery.side + SIDE_LOCAL;
  if (!own_room(r, d) || !common_room(r, d))
    return 0;
  if (s->resting >= s->resting_max)
    (void)close_idle(s);
  return localdoor_ask(r, d);
}

/* Has this channel had its turn while others starve? */
static int must_yield(runner *r, channel const *c)
{
  return c->served >= DELIVERY_BURST && turn_is_awaited(r->delivery.side + side_of(c->of->kind));
}

/* Would one more connection save much? Not if those that are there will soon have done what waits. A job that takes longer
   than is usual says that the host has become slow. */
static int is_worth_it(runner const *r, destination const *d)
{
  uint64_t pace = d->pace, now = runner_microseconds(r);
  if (!pace || !d->open)
    return 1;
  for (ring const *i = d->channels.next; i != &d->channels; i = i->next) {
    channel const *c = ring_of(channel, own, i);
    if (c->n && now - c->job[0].begun > pace)
      pace = now - c->job[0].begun;
  }
  return pace * d->messages / d->open > ROOM_WAIT;
}

/* One message at a time asks a dead host whether it is back. */
static int is_being_probed(destination const *d)
{
  for (ring const *i = d->channels.next; d->w.dead && i != &d->channels; i = i->next)
    if (ring_of(channel, own, i)->n)
      return 1;
  return 0;
}

static channel *remote_channel(runner *r, destination *d, channel *best)
{
  if (is_being_probed(d))
    return 0;
  while (best && !best->n && d->open > host_room(r, d)) { /* it has become less */
    channel_close(best);
    best = least_busy(d, 0);
  }
  if (best && !best->n)
    return best;
  if (is_worth_it(r, d) && own_room(r, d) && common_room(r, d))
    return channel_knock(r, d);
  return best && best->n < JOB_AHEAD && d->open <= host_room(r, d) ? best : 0;
}

static channel *local_channel(runner *r, destination *d, channel *best)
{
  int slow;
  if (best && best->resting && !common_room(r, d))
    best = least_busy(d, 1); /* it may have more of those that it has */
  slow = best && channel_is_slow(best);
  if (best && best->n < ROOM_SHARE && !slow)
    return best;
  if (!d->asked && !d->resting)
    (void)new_process(r, d);
  return best && best->n < JOB_BATCH && !slow ? best : 0;
}

channel *room_channel(runner *r, destination *d)
{
  channel *best = least_busy(d, 0);
  if (best && (must_yield(r, best) || owes_twin(r, d))) {
    if (best->n)
      return 0;
    channel_close(best); /* which calls who starves, if it had a part of the room */
    turn_wait(r->delivery.side + side_of(d->kind), d);
    return 0;
  }
  return d->kind == DESTINATION_REMOTE ? remote_channel(r, d, best) : local_channel(r, d, best);
}
