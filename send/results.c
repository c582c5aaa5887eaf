/* results - from answers to the ends of recipients, and to what is remembered of a destination. */
#include <stdlib.h>
#include <string.h>
#include "lib/log.h"
#include "send/delivery.h"
#include "send/pass.h"
#include "send/results.h"
#include "send/turn.h"

void results_all(runner *r, destination *d, given const *g, enum stage stage, result const *why)
{
  int relays = d->kind == DESTINATION_REMOTE;
  pass_by by = {.relays = relays, .user = relays ? 0 : d->name};
  for (uint32_t k = g->first, i = 0; i < g->n; i++) {
    uint32_t next = g->m->rcpt[k].next;
    pass_conclude(r, g->m, k, stage, why, &by);
    k = next;
  }
}

static enum stage stage_of(result const *r)
{
  return r->class == RESULT_OK ? STAGE_DONE : r->class == RESULT_PERMANENT ? STAGE_FAILED : STAGE_LATER;
}

/* Nobody was reached: that says something about the destination, not about the recipients. */
static int is_no_connection(result const *r)
{
  return r->class == RESULT_TEMPORARY &&
         (r->status == STATUS_NO_ANSWER || r->status == STATUS_BAD_CONNECTION || r->status == STATUS_DNS ||
          r->status == STATUS_NETWORK);
}

/* What is known of a host that does not answer stands in the log when it dies, each time it stays dead, and when it is
   back. */
static void tell_dead(runner const *r, destination const *d)
{
  log_entry l;
  log_begin(&l, 0, "warning");
  log_add(&l, "destination", d->name);
  log_add(&l, "problem", "it does not answer: only one message at a time tries it");
  log_add_number(&l, "since", runner_wall() - (r->now - d->failing));
  log_add_number(&l, "pause", d->w.pause);
  log_add(&l, "reason", d->last ? d->last->text : "");
  log_end(&l);
}

static void reached(runner *r, destination *d)
{
  int doubtful = turn_is_doubtful(d);
  if (d->w.dead)
    log_event(0, "warning", "destination", d->name, "problem", "over", (char *)0);
  d->failing = 0;
  window_success(&d->w, r->now, delivery_most(r, d));
  if (doubtful)
    delivery_believe(r, d);
}

static void not_reached(runner *r, destination *d, result const *why)
{
  if (!d->failing)
    d->failing = r->now;
  if (!d->last)
    d->last = malloc(sizeof *d->last);
  if (d->last)
    *d->last = *why;
  if (window_failure(&d->w, r->now))
    tell_dead(r, d);
  if (d->w.dead)
    delivery_in_vain(r, d);
}

static void learn(channel *c, given const *g, job_done const *done)
{
  destination *d = c->of;
  uint64_t took = runner_microseconds(c->r) - g->begun;
  if (d->kind != DESTINATION_REMOTE)
    return;
  took = took < UINT32_MAX / 8 ? took : UINT32_MAX / 8;
  d->pace = 1 + (d->pace ? (uint32_t)((7 * (uint64_t)d->pace + took) / 8) : (uint32_t)took);
  for (size_t i = 0; i < done->n; i++)
    if (!is_no_connection(done->results + i)) {
      reached(c->r, d);
      return;
    }
  not_reached(c->r, d, done->results);
}

/* The user has no .forward, or it names his mailbox too. */
static void to_mailbox(runner *r, given const *g, job_done const *done)
{
  plan *p = g->m->rcpt + g->first;
  p->only |= done->only;
  p->fails = done->n > 0;
  if (p->fails)
    message_reason(g->m, g->first, done->results);
  delivery_add(r, g->m, g->first, DESTINATION_MAILBOX, envelope_string(&g->m->e, p->name));
}

/* His mailbox has it now: what failed beside it is his end. */
static result const *failure_beside(message const *m, uint32_t k)
{
  static result r;
  if (!message_why(m, k, &r))
    result_set(&r, RESULT_PERMANENT, STATUS_SYSTEM, "something that the .forward names has failed");
  return &r;
}

static void conclude(channel *c, given const *g, job_done const *done)
{
  enum destination_kind kind = c->of->kind;
  int relays = kind == DESTINATION_REMOTE;
  pass_by by = {.dsn = done->dsn,
                .relays = relays,
                .remote = relays && done->remote[0] ? done->remote : 0,
                .user = relays ? 0 : c->of->name};
  uint32_t k = g->first;
  for (uint32_t i = 0; i < g->n; i++) {
    uint32_t next = g->m->rcpt[k].next;
    result const *why = done->results + i;
    if (kind == DESTINATION_MAILBOX && g->m->rcpt[k].fails && why->class == RESULT_OK)
      why = failure_beside(g->m, k);
    pass_conclude(c->r, g->m, k, stage_of(why), why, &by);
    k = next;
  }
}

int results_done(channel *c, job_done const *done)
{
  given g;
  unsigned int i = 0;
  while (i < c->n && c->job[i].number != done->number)
    i++;
  if (i == c->n || (done->to_mailbox ? c->of->kind != DESTINATION_PLAIN : done->n != c->job[i].n))
    return 0;
  g = c->job[i];
  channel_taken(c, c->job + i);
  if (channel_rest(c)) /* whoever starves comes before its own user */
    delivery_room(c->r, SIDE_LOCAL);
  delivery_ready(c->r, c->of);
  if (done->to_mailbox)
    to_mailbox(c->r, &g, done);
  else {
    learn(c, &g, done);
    conclude(c, &g, done);
  }
  if (c->of->kind == DESTINATION_REMOTE && !c->n && !c->of->messages) /* it makes room for who has none */
    delivery_room(c->r, SIDE_REMOTE);
  return 1;
}

/* Whether the process became the user. If it did not, its jobs have that as their result. */
static int take_hello(channel *c, frame const *f)
{
  result why;
  if (c->of->kind == DESTINATION_REMOTE || !job_take_hello(f, &why))
    return 0;
  if (why.class == RESULT_OK)
    return !c->greeted++;
  while (c->n) {
    given g = c->job[0];
    channel_taken(c, c->job);
    results_all(c->r, c->of, &g, stage_of(&why), &why);
  }
  return c->refused = 1;
}

int results_take(channel *c, frame const *f)
{
  static job_done done;
  return f->type == JOB_DONE ? job_take_done(&done, f) && results_done(c, &done)
                             : f->type == JOB_HELLO && take_hello(c, f);
}
