/* admission - which messages may stay open for their destinations, and which are parked until there is room: no destination
   may have all of it, nor all hosts in doubt together. */
#include <string.h>
#include "send/classify.h"
#include "send/delivery.h"
#include "send/pass.h"
#include "send/turn.h"

void delivery_no_memory(runner *r, message *m, uint32_t k)
{
  result why;
  result_set(&why, RESULT_TEMPORARY, STATUS_SYSTEM, "no memory to try it now");
  pass_conclude(r, m, k, STAGE_SOON, &why, 0);
}

/* The more of the room for open messages is taken, the less may one destination have of it: nobody's slow one
   can take it all. Its own messages that are there already take this one in anyway. */
static int is_crowded(runner const *r, destination const *d, message const *m)
{
  uint32_t left =
      r->schedule.active_max > r->schedule.active ? r->schedule.active_max - r->schedule.active : 0;
  uint32_t max = left / 2 > DELIVERY_CROWD_MIN ? left / 2 : DELIVERY_CROWD_MIN;
  return d->messages >= max && ring_of(entry, queue, d->entries.prev)->m != m;
}

/* Many hosts in doubt together may have half of the room for open messages. */
static uint32_t doubted_most(runner const *r)
{
  return r->schedule.active_max / 2;
}

static int is_doubted(runner *r, destination const *d, message const *m)
{
  side *s = r->delivery.side + side_of(d->kind);
  if (!turn_is_doubtful(d) || (d->messages && ring_of(entry, queue, d->entries.prev)->m == m))
    return 0;
  if (s->doubted >= doubted_most(r))
    return 1;
  s->doubted++;
  return 0;
}

void delivery_second(runner *r)
{
  side *s = r->delivery.side + SIDE_REMOTE;
  s->doubted = 0;
  for (ring *i = r->destinations.all.next; i != &r->destinations.all; i = i->next)
    if (turn_is_doubtful(ring_of(destination, all, i)))
      s->doubted += ring_of(destination, all, i)->messages;
  for (uint32_t k = s->doubted; k < doubted_most(r); k++) {
    uint32_t n = waiting_first(&r->schedule.w, s->parked);
    if (n == WAITING_NONE)
      break;
    schedule_refresh(&r->schedule, n);
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
  } else if (destination_add(d, m, k))
    delivery_ready(r, d);
  else
    delivery_no_memory(r, m, k);
}

void delivery_add(runner *r, message *m, uint32_t k, enum destination_kind kind, char const *name)
{
  add(r, destination_get(&r->destinations, kind, name, strlen(name), 0), m, k);
}

void delivery_add_remote(runner *r, message *m, uint32_t k)
{
  where w;
  destination *d;
  (void)classify(&r->set, message_address(m, k), &w);
  if (*w.route)
    d = destination_get(&r->destinations, DESTINATION_REMOTE, w.route, strlen(w.route), 1);
  else
    d = destination_get(&r->destinations, DESTINATION_REMOTE, w.domain, w.domain_len, 0);
  if (d && !d->w.start)
    window_init(&d->w, d->routed ? DELIVERY_START_ROUTE : DELIVERY_START_MX);
  add(r, d, m, k);
}
