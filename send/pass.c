/* pass - from results to marks. No mark is made for a recipient that failed before its report is committed;
   marks for those that are done are written once a turn, and not at all when the whole message is done by
   then. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "lib/log.h"
#include "send/bounce.h"
#include "send/classify.h"
#include "send/delivery.h"
#include "send/pass.h"
#include "send/resolving.h"
#include "send/retry.h"
#include "send/verbs.h"

uint64_t runner_wall(void)
{
  return (uint64_t)time(0);
}

uint32_t pass_pause(uint64_t seconds)
{
  return seconds > RETRY_PAUSE_MAX ? RETRY_PAUSE_MAX : (uint32_t)seconds;
}

void pass_changed(runner *r, message *m)
{
  if (!ring_linked(&m->turn))
    ring_append(&r->changed, &m->turn);
}

/* ---- how it begins */

/* A verb wants none of them tried. */
static void give_all_up(message *m)
{
  for (uint32_t k = 0; k < m->n; k++)
    if (m->rcpt[k].stage == STAGE_TODO)
      m->rcpt[k].stage = STAGE_UNTRIED;
  m->open = 0;
}

void pass_begin(runner *r, message *m)
{
  uint32_t *asked = 0;
  uint32_t n = 0;
  int all = classify_asks_all(&r->set);
  where w;
  if (m->bouncing || m->deleted)
    give_all_up(m);
  for (uint32_t k = 0; k < m->n; k++) {
    if (m->rcpt[k].stage != STAGE_TODO)
      continue;
    if (!all && !message_rcpt(m, k)->final && classify(&r->set, message_address(m, k), &w) == PLACE_REMOTE) {
      delivery_add_remote(r, m, k);
      continue;
    }
    if (!asked && !(asked = malloc((m->n - k) * sizeof *asked))) {
      delivery_no_memory(r, m, k);
      continue;
    }
    asked[n++] = k;
  }
  if (n)
    resolving_ask(r, m, asked, n);
  if (!m->open)
    pass_changed(r, m);
}

/* ---- each recipient's end */

static char const *event(enum stage stage, int expanding, pass_by const *by)
{
  if (stage == STAGE_FAILED)
    return "failed";
  if (stage != STAGE_DONE)
    return "deferred";
  return expanding ? "expanded" : by && by->relays ? "relayed" : "delivered";
}

static void tell(message *m, uint32_t k, char const *what, result const *why, pass_by const *by)
{
  envelope_rcpt const *p = message_rcpt(m, k);
  char code[12];
  log_entry l;
  log_begin(&l, m->id, what);
  log_add(&l, "to", message_address(m, k));
  if (p->original)
    log_add(&l, "original", envelope_string(&m->e, p->original));
  if (by && by->user)
    log_add(&l, "user", by->user);
  if (by && by->remote)
    log_add(&l, "remote", by->remote);
  if (why) {
    log_add(&l, "status", result_code(why, code));
    log_add(&l, "reason", why->text);
  }
  log_add_number(&l, "left", m->left);
  log_end(&l);
  m->told = !m->left;
}

/* For notes and reports. All recipients of a job name the same host: it is kept once. */
static void keep_reason(message *m, uint32_t k, result const *why, pass_by const *by)
{
  char const *remote = by && by->remote ? by->remote : "";
  if (why)
    message_reason(m, k, why);
  if (strcmp(envelope_string(&m->e, m->last_remote), remote))
    (void)envelope_set(&m->e, &m->last_remote, remote, strlen(remote));
  m->rcpt[k].remote = m->last_remote;
}

void pass_conclude(runner *r, message *m, uint32_t k, enum stage stage, result const *why, pass_by const *by)
{
  plan *p = m->rcpt + k;
  int expanding = p->stage == STAGE_EXPANDING;
  p->stage = (unsigned char)stage;
  m->open--;
  if (stage == STAGE_DONE) {
    m->left--;
    store_mark(&m->s, k, STORE_DONE);
    if (!expanding && message_rcpt(m, k)->notify & NOTIFY_SUCCESS && !(by && by->dsn))
      p->report = by && by->relays ? REPORT_RELAYED : REPORT_DELIVERED;
    if (p->report)
      keep_reason(m, k, why, by);
  } else if (why) {
    keep_reason(m, k, why, by);
    if (stage != STAGE_FAILED)
      store_mark(&m->s, k, STORE_DEFERRED);
  }
  if (why || stage == STAGE_DONE)
    tell(m, k, event(stage, expanding, by), why, by);
  pass_changed(r, m);
}

void pass_withdraw(runner *r, message *m)
{
  for (ring *i = m->entries.next, *next; i != &m->entries; i = next) {
    entry *x = ring_of(entry, message, i);
    uint32_t k = x->first;
    next = i->next;
    while (k != PLAN_NONE) {
      uint32_t after = m->rcpt[k].next;
      pass_conclude(r, m, k, STAGE_UNTRIED, 0, 0);
      k = after;
    }
    entry_free(x);
  }
}

/* ---- its end */

typedef struct outcome_s outcome;
struct outcome_s {
  uint32_t later, soon, untried, parked;
};

static void count(message const *m, outcome *o)
{
  *o = (outcome){.later = 0};
  for (uint32_t k = 0; k < m->n; k++)
    switch (m->rcpt[k].stage) {
    case STAGE_LATER: o->later++; break;
    case STAGE_SOON: o->soon++; break;
    case STAGE_UNTRIED: o->untried++; break;
    case STAGE_PARKED: o->parked++; break;
    default: break;
    }
}

/* RFC 3463: 4.4.7. Only who has been tried expires; a destination's remembered death counts for messages that
   were tried before. */
static void expire(runner *r, message *m)
{
  uint64_t age = retry_age(m->arrival, runner_wall());
  if (age < control_number(&r->set.c, CONTROL_QUEUELIFETIME))
    return;
  for (uint32_t k = 0; k < m->n; k++) {
    unsigned char stage = m->rcpt[k].stage;
    result last = RESULT_ZERO, why;
    if (stage != STAGE_LATER && (stage != STAGE_UNTRIED || !m->s.state.attempts))
      continue;
    if (!message_why(m, k, &last))
      result_set(&last, RESULT_TEMPORARY, STATUS_NONE, "its destination did not answer");
    result_set(&why, RESULT_PERMANENT, STATUS_EXPIRED, "could not be delivered in time; the last reason: %s",
               last.text);
    m->rcpt[k].stage = STAGE_FAILED;
    message_reason(m, k, &why);
    tell(m, k, "failed", &why, 0);
  }
}

/* A verb said so: whatever is left fails. */
static void fail_rest(message *m)
{
  result why;
  result_set(&why, RESULT_PERMANENT, STATUS_NOT_AUTHORIZED, "the mail system's administrator took it back");
  for (uint32_t k = 0; k < m->n; k++) {
    unsigned char stage = m->rcpt[k].stage;
    if (stage == STAGE_DONE || stage == STAGE_FAILED || STAGE_OPEN(stage))
      continue;
    m->rcpt[k].stage = STAGE_FAILED;
    message_reason(m, k, &why);
    tell(m, k, "failed", &why, 0);
  }
}

/* Why each recipient that is left waits, for mailq. */
static void note(message *m)
{
  uint32_t *list = malloc((m->left ? m->left : 1) * sizeof *list);
  result *why = malloc((m->left ? m->left : 1) * sizeof *why);
  size_t n = 0;
  for (uint32_t k = 0; list && why && k < m->n && n < m->left; k++)
    if (m->rcpt[k].stage != STAGE_DONE && message_why(m, k, why + n))
      list[n++] = k;
  if (n)
    (void)store_note(&m->s, list, why, n, (time_t)runner_wall());
  free(list);
  free(why);
}

static void leave_table(runner *r, message *m)
{
  r->active[m->number] = 0;
  schedule_deactivate(&r->schedule, m->waits, m->n);
}

static void remove_message(runner *r, message *m)
{
  uint32_t waits = m->waits;
  char text[sizeof m->id];
  memcpy(text, m->id, sizeof text);
  leave_table(r, m);
  if (!m->told)
    log_event(m->id, "removed", (char *)0);
  if (!store_remove(&m->s)) {
    log_warn("remove", m->id);
    message_free(m);
    schedule_look(&r->schedule, waits, r->now + RETRY_FIRST);
  } else {
    message_free(m);
    schedule_forget(&r->schedule, waits);
  }
  verbs_message_over(r, text, 1);
}

/* When it is tried again: seconds. The store learns of attempts and of the time. */
static uint32_t next_pause(runner *r, message *m, outcome const *o)
{
  waiting_entry *x = waiting_at(&r->schedule.w, m->waits);
  uint32_t attempts = m->s.state.attempts;
  uint32_t pause;
  if ((o->soon || m->unreported) && x->losses < RETRY_LOSSES_MAX)
    pause = retry_soon(++x->losses);
  else {
    x->losses = 0;
    attempts += o->later || o->soon || m->unreported;
    pause = retry_pause(retry_age(m->arrival, runner_wall()), attempts);
    if (!o->later && m->dead > pause)
      pause = m->dead;
  }
  store_set(&m->s, attempts, pause ? runner_wall() + pause : 0, m->s.state.hold);
  return pause;
}

enum follows { FOLLOWS_TIME, FOLLOWS_HOLD, FOLLOWS_PARK, FOLLOWS_NEW };

static enum follows what_follows(runner const *r, message const *m, outcome const *o)
{
  if (m->s.state.hold)
    return FOLLOWS_HOLD;
  if (o->later || o->soon)
    return FOLLOWS_TIME;
  if (m->park != WAITING_NONE && (o->parked || m->unreported))
    return FOLLOWS_PARK;
  return r->draining ? FOLLOWS_NEW : FOLLOWS_TIME;
}

/* It waits: for a time, for a verb, for a door or a destination, or (while draining) for the successor, who
   is to find it as it was. */
static void put_back(runner *r, message *m)
{
  uint32_t waits = m->waits, park = m->park, pause = 0;
  char text[sizeof m->id];
  outcome o;
  count(m, &o);
  enum follows follows = what_follows(r, m, &o);
  if (follows == FOLLOWS_TIME || (follows == FOLLOWS_HOLD && o.later))
    pause = next_pause(r, m, &o);
  note(m);
  if (m->s.state.dirty && !store_save(&m->s, 0))
    log_warn("mark", m->id);
  memcpy(text, m->id, sizeof text);
  leave_table(r, m);
  message_free(m);
  switch (follows) {
  case FOLLOWS_HOLD: schedule_hold(&r->schedule, waits); break;
  case FOLLOWS_PARK: schedule_park(&r->schedule, waits, park); break;
  case FOLLOWS_TIME:
  case FOLLOWS_NEW: schedule_defer(&r->schedule, waits, r->now + pause); break;
  }
  verbs_message_over(r, text, 0);
}

void pass_end(runner *r, message *m)
{
  m->reporting = 0;
  for (uint32_t k = 0; k < m->n && !m->unreported; k++) {
    m->rcpt[k].report = REPORT_NONE;
    if (m->rcpt[k].stage != STAGE_FAILED)
      continue;
    m->rcpt[k].stage = STAGE_DONE;
    m->left--;
    store_mark(&m->s, k, STORE_FAILED);
  }
  if (m->deleted || !m->left)
    remove_message(r, m);
  else
    put_back(r, m);
}

static void over(runner *r, message *m)
{
  if (m->injections || m->reporting)
    return;
  if (m->deleted) {
    pass_end(r, m);
    return;
  }
  if (m->bouncing)
    fail_rest(m);
  else if (!r->draining)
    expire(r, m);
  m->reporting = 1;
  if (!bounce_start(r, m))
    pass_end(r, m);
}

void pass_act(runner *r)
{
  for (ring *i; (i = ring_take(&r->changed));) {
    message *m = ring_of(message, turn, i);
    if (!m->open)
      over(r, m);
    else if (m->s.state.dirty && m->left < m->n && !store_save(&m->s, 0))
      log_warn("mark", m->id);
  }
}
