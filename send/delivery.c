/* delivery - feeding destinations. Each is looked at when something changed for it: a recipient came, a
   channel answered, came or went, a door came back, its time is over. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "lib/date.h"
#include "lib/log.h"
#include "send/delivery.h"
#include "send/lane.h"
#include "send/localdoor.h"
#include "send/pass.h"
#include "send/results.h"
#include "send/retry.h"
#include "send/room.h"
#include "send/turn.h"

#define JOB_TEXT_MAX 49152u /* octets of a job's addresses, well below a frame */

int delivery_init(runner *r)
{
  r->delivery = (delivery){.local = {.fd = -1}, .w = WATCHED_ZERO};
  ring_init(&r->delivery.asked);
  for (unsigned int i = 0; i < SIDE_N; i++) {
    side *s = r->delivery.side + i;
    ring_init(&s->channels);
    ring_init(&s->ready);
    ring_init(&s->starving);
    ring_init(&s->doubtful);
    s->parked = waiting_list(&r->schedule.w);
    if (s->parked == WAITING_NONE)
      return 0;
  }
  delivery_settings(r);
  return destinations_init(&r->destinations);
}

void delivery_settings(runner *r)
{
  r->delivery.side[SIDE_LOCAL].limit = (uint32_t)control_number(&r->set.c, CONTROL_CONCURRENCYLOCAL);
  r->delivery.side[SIDE_LOCAL].resting_max = PROCESS_IDLE_MAX(r->delivery.side[SIDE_LOCAL].limit);
  r->delivery.side[SIDE_REMOTE].limit = (uint32_t)control_number(&r->set.c, CONTROL_CONCURRENCYREMOTE);
}

void delivery_free(runner *r)
{
  for (unsigned int i = 0; i < SIDE_N; i++)
    while (!ring_empty(&r->delivery.side[i].channels))
      channel_close(ring_of(channel, side, r->delivery.side[i].channels.next));
  localdoor_hang_up(r);
}

/* ---- who waits */

void delivery_ready(runner *r, destination *d)
{
  ring_append(&r->delivery.side[side_of(d->kind)].ready, &d->ready);
}

void delivery_room(runner *r, enum delivery_side which)
{
  destination *d = turn_next(r->delivery.side + which);
  if (!d)
    return;
  d->called_in = 1;
  ring_append(&r->delivery.side[which].ready, &d->ready);
}

void delivery_wake(runner *r, enum delivery_side which)
{
  for (ring *i = r->destinations.all.next; i != &r->destinations.all; i = i->next) {
    destination *d = ring_of(destination, all, i);
    if (side_of(d->kind) == which && d->messages)
      delivery_ready(r, d);
  }
}

uint32_t delivery_most(runner const *r, destination const *d)
{
  uint32_t most = (uint32_t)control_number(&r->set.c, CONTROL_CONCURRENCYDOMAIN);
  uint32_t all = r->delivery.side[SIDE_REMOTE].limit;
  if (!most)
    most = d->routed ? all : DELIVERY_DOMAIN;
  return most < all ? most : all;
}

/* ---- who is given up */

/* A message that is past its time and was never tried is tried, dead or not. */
static int is_last_chance(runner const *r, message const *m)
{
  return pass_is_past(r, m) && !pass_was_tried(r, m);
}

static void was_in_vain(runner *r, uint32_t waits)
{
  waiting_at(&r->schedule.w, waits)->flags |= WAITING_VAIN;
}

void delivery_in_vain(runner *r, destination *d)
{
  for (ring *i = d->entries.next; i != &d->entries; i = i->next)
    was_in_vain(r, ring_of(entry, queue, i)->m->waits);
  for (uint32_t n = d->parked; n != WAITING_NONE;) {
    n = waiting_at(&r->schedule.w, n)->next;
    if (n == d->parked)
      break;
    was_in_vain(r, n);
  }
}

static void fail_entry(runner *r, entry *x, enum stage stage, result const *why)
{
  pass_by by = {.relays = x->d->kind == DESTINATION_REMOTE};
  for (uint32_t k = x->first; k != PLAN_NONE;) {
    uint32_t next = x->m->rcpt[k].next;
    pass_conclude(r, x->m, k, stage, why, &by);
    k = next;
  }
  entry_free(x);
}

void delivery_fail(runner *r, destination *d, enum stage stage, result const *why)
{
  while (!ring_empty(&d->entries))
    fail_entry(r, ring_of(entry, queue, d->entries.next), stage, why);
}

static void park_all(runner *r, destination *d)
{
  enum lane_name which = lane_of(d->kind);
  result why;
  lane_reason(which, &why);
  for (ring *i = d->entries.next; i != &d->entries; i = i->next)
    ring_of(entry, queue, i)->m->park = r->lanes[which].parked;
  delivery_fail(r, d, STAGE_PARKED, &why);
}

/* In words for mailq and reports, which are read later: since when it is dead, and what it said last. */
static void dead_reason(runner const *r, destination const *d, result *why)
{
  char since[DATE_ASCTIME];
  date_mailq(since, (time_t)(runner_wall() - (d->failing ? r->now - d->failing : 0)));
  result_set(why, RESULT_TEMPORARY, d->last ? d->last->status : STATUS_NO_ANSWER,
             "%s has not answered since %s, and is asked again by one message at a time; the last reason: %s",
             d->name, since, d->last ? d->last->text : "none is known");
}

/* Nothing asks for those that are past their time: they get the last reason alone. */
static void last_reason(destination const *d, result *why)
{
  if (d->last)
    *why = *d->last;
  else
    result_set(why, RESULT_TEMPORARY, STATUS_NO_ANSWER, "%s does not answer", d->name);
}

/* Dead: nothing is tried, for the reason that killed it. */
static void bury(runner *r, destination *d)
{
  uint32_t left = window_left(&d->w, r->now);
  result why, last;
  dead_reason(r, d, &why);
  last_reason(d, &last);
  for (ring *i = d->entries.next, *next; i != &d->entries; i = next) {
    entry *x = ring_of(entry, queue, i);
    next = i->next;
    if (is_last_chance(r, x->m))
      continue;
    if (x->m->dead < left)
      x->m->dead = left;
    fail_entry(r, x, STAGE_UNTRIED, pass_is_past(r, x->m) ? &last : &why);
  }
  if (d->parked != WAITING_NONE && !d->messages) /* else they would only be parked again */
    schedule_unpark(&r->schedule, d->parked);
}

/* ---- jobs */

/* How many recipients the next job takes. */
static uint32_t job_size(destination const *d)
{
  entry const *x = ring_of(entry, queue, d->entries.next);
  envelope const *e = &x->m->e;
  size_t text = 0;
  uint32_t n = 0;
  if (d->kind != DESTINATION_REMOTE)
    return 1;
  for (uint32_t k = x->first; k != PLAN_NONE && n < JOB_RCPT_MAX; k = x->m->rcpt[k].next, n++) {
    envelope_rcpt const *p = message_rcpt(x->m, k);
    text += strlen(envelope_string(e, p->address)) + strlen(envelope_string(e, p->original)) +
            strlen(envelope_string(e, p->orcpt)) + 24;
    if (n && text > JOB_TEXT_MAX)
      break;
  }
  return n;
}

/* Seconds until an agent that has not answered is given up. A remote worker keeps its own, shorter times for
   each step; this is for one that hangs. A process that is behind with others has as much more. */
static uint32_t job_seconds(runner const *r, channel const *c, message const *m)
{
  control const *s = &r->set.c;
  uint64_t t = control_number(s, CONTROL_TIMEOUTCOMMAND) + 15;
  if (c->of->kind == DESTINATION_REMOTE)
    t = 20 * control_number(s, CONTROL_TIMEOUTCONNECT) + 10 * control_number(s, CONTROL_TIMEOUTREMOTE) +
        control_number(s, CONTROL_TIMEOUTDONE) + m->s.length / 1000;
  t *= 1 + c->n;
  return t > 1000000 ? 1000000 : (uint32_t)t;
}

/* One job from d to c. 0: not now. */
static int give(runner *r, destination *d, channel *c)
{
  message *m;
  uint32_t first;
  uint32_t n = destination_take(d, job_size(d), &m, &first);
  given lost = {.m = m, .first = first, .n = n};
  result why;
  if (channel_give(c, m, first, n, job_seconds(r, c, m)))
    return 1;
  result_set(&why, RESULT_TEMPORARY, STATUS_SYSTEM, "no job could be made of it: %s", strerror(errno));
  results_all(r, d, &lost, STAGE_SOON, &why);
  return 0;
}

static void call_parked(runner *r, destination *d)
{
  uint32_t n;
  if (d->parked == WAITING_NONE || d->messages >= 2 * DELIVERY_BURST || d->called == r->delivery.turn)
    return;
  d->called = r->delivery.turn;
  for (unsigned int k = 0; k < DELIVERY_BURST; k++)
    if ((n = waiting_first(&r->schedule.w, d->parked)) != WAITING_NONE)
      schedule_refresh(&r->schedule, n);
}

static void feed(runner *r, destination *d)
{
  if (lane_away(r, lane_of(d->kind))) {
    park_all(r, d);
    return;
  }
  if (d->kind == DESTINATION_REMOTE && window_left(&d->w, r->now))
    bury(r, d);
  while (d->messages) {
    channel *c = room_channel(r, d);
    if (!c || !give(r, d, c))
      break;
  }
  call_parked(r, d);
  if (d->called_in) { /* it needs the room no more */
    d->called_in = 0;
    delivery_room(r, side_of(d->kind));
  }
}

void delivery_act(runner *r)
{
  r->delivery.turn++;
  for (unsigned int i = 0; i < SIDE_N; i++) {
    ring now;
    ring *first;
    ring_init(&now);
    while ((first = ring_take(&r->delivery.side[i].ready)))
      ring_append(&now, first);
    while ((first = ring_take(&now)))
      if (!r->draining)
        feed(r, ring_of(destination, ready, first));
  }
  delivery_admit(r);
}

void delivery_all_now(runner *r)
{
  schedule_unpark(&r->schedule, r->delivery.side[SIDE_REMOTE].parked);
  for (ring *i = r->destinations.all.next; i != &r->destinations.all; i = i->next) {
    destination *d = ring_of(destination, all, i);
    if (d->kind == DESTINATION_REMOTE && d->w.start)
      window_forget(&d->w);
    if (d->parked != WAITING_NONE)
      schedule_unpark(&r->schedule, d->parked);
    delivery_ready(r, d);
  }
}
