/* pass - from results to marks, which are written once a turn, and not at all when the whole message is done by then. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "lib/log.h"
#include "send/classify.h"
#include "send/delivery.h"
#include "send/ending.h"
#include "send/pass.h"
#include "send/retry.h"
#include "send/resolving.h"

uint64_t runner_wall(void)
{
  return (uint64_t)time(0);
}

void pass_changed(runner *r, message *m)
{
  if (!ring_linked(&m->turn))
    ring_append(&r->changed, &m->turn);
}

/* ---- how it begins */

/* None of them is to be tried. */
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
  if (m->telling)
    message_recall(m);
  if (m->bouncing || m->deleted || m->telling)
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

void pass_tell(message *m, uint32_t k, char const *what, result const *why, pass_by const *by)
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

int pass_is_past(runner const *r, message const *m)
{
  return retry_age(m->arrival, runner_wall()) >= control_number(&r->set.c, CONTROL_QUEUELIFETIME);
}

int pass_was_tried(runner const *r, message const *m)
{
  return m->s.state.attempts || waiting_at(&r->schedule.w, m->waits)->flags & WAITING_VAIN;
}

/* Who was tried, or whose destination is dead although he was tried before, expires; so does whom agents die of. */
static int is_over(runner const *r, message const *m, enum stage stage)
{
  int tried = stage == STAGE_LATER || (stage == STAGE_UNTRIED && pass_was_tried(r, m)) ||
              (stage == STAGE_SOON && waiting_at(&r->schedule.w, m->waits)->losses >= RETRY_LOSSES_MAX);
  return tried && !r->draining && pass_is_past(r, m);
}

void pass_conclude(runner *r, message *m, uint32_t k, enum stage stage, result const *why, pass_by const *by)
{
  plan *p = m->rcpt + k;
  int expanding = p->stage == STAGE_EXPANDING;
  result over;
  if (why && is_over(r, m, stage)) { /* RFC 3463: X.4.7 */
    result_set(&over, RESULT_PERMANENT, STATUS_EXPIRED,
               "given up, as it could not be delivered in time; the last reason: %s", why->text);
    why = &over;
    stage = STAGE_FAILED;
  }
  p->stage = (unsigned char)stage;
  m->open--;
  if (stage != STAGE_DONE)
    p->report = REPORT_NONE;
  if (stage == STAGE_DONE) {
    m->left--;
    if (!expanding && message_rcpt(m, k)->notify & NOTIFY_SUCCESS && !(by && by->dsn))
      p->report = by && by->relays ? REPORT_RELAYED : REPORT_DELIVERED;
    message_mark_done(m, k);
    if (p->report)
      keep_reason(m, k, why, by);
  } else {
    if (why)
      keep_reason(m, k, why, by);
    if (stage != STAGE_FAILED && (why || p->only))
      store_mark(&m->s, k, p->only ? STORE_MAILBOX : STORE_DEFERRED);
  }
  if (why || stage == STAGE_DONE)
    pass_tell(m, k, event(stage, expanding, by), why, by);
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

/* ---- the end of a turn */

void pass_act(runner *r)
{
  for (ring *i; (i = ring_take(&r->changed));) {
    message *m = ring_of(message, turn, i);
    if (!m->open)
      ending_begin(r, m);
    else if (m->s.state.dirty && m->left < m->n)
      (void)ending_save(m);
  }
}
