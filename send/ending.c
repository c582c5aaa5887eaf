/* ending - from the results of a pass to what becomes of the message. No recipient is marked as failed before the report about
   it is committed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "lib/log.h"
#include "send/bounce.h"
#include "send/ending.h"
#include "send/late.h"
#include "send/pass.h"
#include "send/retry.h"
#include "send/verbs.h"

uint32_t ending_pause(uint64_t seconds)
{
  return seconds > RETRY_PAUSE_MAX ? RETRY_PAUSE_MAX : (uint32_t)seconds;
}

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
    pass_tell(m, k, "failed", &why, 0);
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

/* Without its file gone it would be delivered again after the next start: that is tried until it works. */
static void remove_message(runner *r, message *m)
{
  uint32_t waits = m->waits;
  char text[sizeof m->id];
  memcpy(text, m->id, sizeof text);
  leave_table(r, m);
  if (!m->told)
    log_event(m->id, "removed", (char *)0);
  if (!m->deleted)
    log_flush(); /* as in ending_save; who deleted it said so before */
  if (store_remove(&m->s))
    schedule_forget(&r->schedule, waits);
  else {
    log_warn("remove", text);
    waiting_at(&r->schedule.w, waits)->flags |= WAITING_OVER;
    schedule_look(&r->schedule, waits, r->now + ENDING_PAUSE);
  }
  message_free(m);
  verbs_message_over(r, text, 1);
}

/* Its hosts are dead, and it was not tried: it is opened again when one may be back, and less often the older it is. */
static uint32_t dead_pause(message const *m)
{
  uint32_t pause = retry_pause(retry_age(m->arrival, runner_wall()), UINT32_MAX);
  if (pause > WINDOW_PAUSE_MAX)
    pause = WINDOW_PAUSE_MAX;
  return pause > m->dead ? pause : m->dead;
}

/* When it is tried again: seconds. The store learns of attempts and of the time. */
static uint32_t next_pause(runner *r, message *m, outcome const *o)
{
  waiting_entry *x = waiting_at(&r->schedule.w, m->waits);
  uint32_t attempts = m->s.state.attempts;
  uint32_t pause;
  if (m->telling) /* it was not tried */
    return m->s.state.next > runner_wall() ? ending_pause(m->s.state.next - runner_wall()) : 0;
  if ((o->soon || m->unreported) && x->losses < RETRY_LOSSES_MAX)
    pause = retry_soon(++x->losses);
  else {
    x->losses = 0;
    attempts += o->later || o->soon || m->unreported;
    pause = retry_pause(retry_age(m->arrival, runner_wall()), attempts);
    if (!o->later && m->dead)
      pause = dead_pause(m);
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

int ending_save(message *m)
{
  if (!m->s.state.dirty)
    return 1;
  log_flush(); /* what is marked as done is not done again: what the log says of it must not be lost */
  if (store_save(&m->s, 0))
    return 1;
  if (!m->warned)
    log_warn("mark", m->id);
  m->warned = 1;
  return 0;
}

/* A message that forgets whom it was delivered to is delivered twice: it stays open until its marks are written. */
static int is_kept(runner *r, message *m)
{
  if (ending_save(m) || m->left == m->n)
    return 0;
  m->unsaved = 1;
  m->save = r->now + ENDING_PAUSE;
  ring_append(&r->unsaved, &m->turn);
  return 1;
}

/* It waits: for a time, for a verb, for a door or a destination, or (while draining) for the successor, who is to find it
   as it was. */
static void put_back(runner *r, message *m)
{
  uint32_t waits = m->waits, park = m->park, pause, notice;
  char text[sizeof m->id];
  outcome o;
  count(m, &o);
  enum follows follows = what_follows(r, m, &o);
  if (!m->unsaved) {
    if (follows == FOLLOWS_TIME || (follows == FOLLOWS_HOLD && o.later))
      m->pause = next_pause(r, m, &o);
    note(m);
  }
  if (is_kept(r, m))
    return;
  pause = m->pause;
  notice = late_pause(r, m, pause);
  memcpy(text, m->id, sizeof text);
  leave_table(r, m);
  message_free(m);
  switch (follows) {
  case FOLLOWS_HOLD: schedule_hold(&r->schedule, waits); break;
  case FOLLOWS_PARK: schedule_park(&r->schedule, waits, park); break;
  case FOLLOWS_TIME:
  case FOLLOWS_NEW:
    if (notice < pause)
      schedule_look(&r->schedule, waits, r->now + notice);
    else
      schedule_defer(&r->schedule, waits, r->now + pause);
  }
  verbs_message_over(r, text, 0);
}

void ending_second(runner *r)
{
  for (ring *i = r->unsaved.next, *next; i != &r->unsaved; i = next) {
    message *m = ring_of(message, turn, i);
    next = i->next;
    if (m->deleted || m->bouncing) { /* a verb came meanwhile */
      ring_leave(&m->turn);
      m->unsaved = 0;
      ending_begin(r, m);
    } else if (m->save <= r->now || r->draining)
      put_back(r, m);
  }
}

/* What the report said of recipient k is said, if it was taken. 1: it matters that it is. */
static int settle(message *m, uint32_t k, int taken)
{
  plan *p = m->rcpt + k;
  if (p->stage == STAGE_FAILED) {
    if (taken) {
      p->stage = STAGE_DONE;
      m->left--;
    }
    store_mark(&m->s, k, taken ? STORE_FAILED : STORE_OWED_FAILED);
    return 1;
  }
  if (p->stage == STAGE_DONE && p->report != REPORT_NONE) {
    if (taken) {
      p->report = REPORT_NONE;
      message_mark_done(m, k);
    }
    return 1;
  }
  if (p->report == REPORT_DELAYED && taken)
    store_told(&m->s);
  p->report = REPORT_NONE;
  return 0;
}

void ending_reported(runner *r, message *m)
{
  int taken = !m->unreported, owing = 0;
  m->reporting = 0;
  for (uint32_t k = 0; k < m->n; k++)
    owing += settle(m, k, taken);
  m->unreported = !taken && owing;
  if (m->deleted || (!m->left && !m->unreported))
    remove_message(r, m);
  else
    put_back(r, m);
}

void ending_begin(runner *r, message *m)
{
  if (m->injections || m->reporting)
    return;
  if (m->deleted) {
    ending_reported(r, m);
    return;
  }
  if (m->bouncing)
    fail_rest(m);
  else if (!r->draining)
    (void)late_plan(r, m);
  m->reporting = 1;
  if (!bounce_start(r, m))
    ending_reported(r, m);
}
