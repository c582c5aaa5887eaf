/* admission - which messages may stay open for their destinations, and which are parked until there is room: no destination
   may have all of it, nor all hosts in doubt together. */
#include <string.h>
#include "send/delivery.h"
#include "send/pass.h"
#include "send/turn.h"

void delivery_no_memory(runner *r, message *m, uint32_t k)
{
  result why;
  result_set(&why, RESULT_TEMPORARY, STATUS_SYSTEM, "no memory to try it now");
  pass_conclude(r, m, k, STAGE_SOON, &why, 0);
}

/* Joins m's last entry, whatever there is. */
static int joins(destination const *d, message const *m)
{
  return d->messages && ring_of(entry, queue, d->entries.prev)->m == m;
}

/* The more of the room for open messages is taken, the less may one destination have of it: nobody's slow one
   can take it all. Its own messages that are there already take this one in anyway. */
static int is_crowded(runner const *r, destination const *d, message const *m)
{
  uint32_t left =
      r->schedule.active_max > r->schedule.active ? r->schedule.active_max - r->schedule.active : 0;
  uint32_t max = left / 2 > DELIVERY_CROWD_MIN ? left / 2 : DELIVERY_CROWD_MIN;
  return d->messages >= max && !joins(d, m);
}

/* Many hosts in doubt together may have half of the room for open messages. */
static uint32_t doubted_most(runner const *r)
{
  return r->schedule.active_max / 2;
}

static int is_doubted(runner const *r, destination const *d, message const *m)
{
  return turn_is_doubtful(d) && !joins(d, m) && r->delivery.side[side_of(d->kind)].doubted >= doubted_most(r);
}

static int add_entry(runner *r, destination *d, message *m, uint32_t k)
{
  entry *x;
  if (!destination_add(d, m, k))
    return 0;
  x = ring_of(entry, queue, d->entries.prev);
  if (!x->doubted && turn_is_doubtful(d)) {
    x->doubted = &r->delivery.side[side_of(d->kind)].doubted;
    ++*x->doubted;
  }
  return 1;
}

void delivery_admit(runner *r)
{
  side const *s = r->delivery.side + SIDE_REMOTE;
  for (uint32_t k = 0; k < DELIVERY_BURST && s->doubted + k < doubted_most(r); k++) {
    uint32_t n = waiting_first(&r->schedule.w, s->parked);
    if (n == WAITING_NONE)
      break;
    schedule_refresh(&r->schedule, n);
  }
}

void delivery_believe(runner *r, destination *d)
{
  for (ring *i = d->entries.next; i != &d->entries; i = i->next)
    entry_believe(ring_of(entry, queue, i));
  for (ring *i = d->channels.next; i != &d->channels; i = i->next)
    if (ring_of(channel, own, i)->doubtful) {
      channel_believe(ring_of(channel, own, i));
      delivery_room(r, SIDE_REMOTE);
    }
}

int delivery_waits(runner const *r)
{
  return !waiting_is_empty(&r->schedule.w, r->delivery.side[SIDE_REMOTE].parked);
}

static void add(runner *r, destination *d, message *m, uint32_t k)
{
  if (!d) {
    delivery_no_memory(r, m, k);
    return;
  }
  if (r->draining) {
    pass_conclude(r, m, k, STAGE_UNTRIED, 0, 0);
    return;
  }
  d->used = r->now;
  if (d->parked == WAITING_NONE && is_crowded(r, d, m))
    d->parked = waiting_list(&r->schedule.w);
  if (d->parked != WAITING_NONE && is_crowded(r, d, m)) {
    m->park = d->parked;
    pass_conclude(r, m, k, STAGE_PARKED, 0, 0);
  } else if (is_doubted(r, d, m)) {
    m->park = r->delivery.side[SIDE_REMOTE].parked;
    pass_conclude(r, m, k, STAGE_PARKED, 0, 0);
  } else if (add_entry(r, d, m, k))
    delivery_ready(r, d);
  else
    delivery_no_memory(r, m, k);
}

void delivery_add(runner *r, message *m, uint32_t k, enum destination_kind kind, char const *name)
{
  add(r, destination_get(&r->destinations, kind, name, strlen(name), 0), m, k);
}

destination *delivery_host(runner *r, where const *w)
{
  destination *d;
  if (*w->route)
    d = destination_get(&r->destinations, DESTINATION_REMOTE, w->route, strlen(w->route), 1);
  else
    d = destination_get(&r->destinations, DESTINATION_REMOTE, w->domain, w->domain_len, 0);
  if (d && !d->w.start)
    window_init(&d->w, d->routed ? DELIVERY_START_ROUTE : DELIVERY_START_MX);
  return d;
}

void delivery_add_remote(runner *r, message *m, uint32_t k)
{
  where w;
  (void)classify(&r->set, message_address(m, k), &w);
  add(r, delivery_host(r, &w), m, k);
}
