/* verb - what stands in the file is changed first, then what the runner does about it. A message that is being delivered is
   changed at once in its file; what its agents do is waited for. */
#include <errno.h>
#include <string.h>
#include "lib/log.h"
#include "send/delivery.h"
#include "send/intake.h"
#include "send/pass.h"
#include "send/verb.h"

char const *const verb_names[VERB_N] = {"hold", "release", "retry", "delete", "bounce"};

static void said(message const *m, enum verb what, uid_t uid)
{
  static char const *const events[VERB_N] = {"held", "released", "retried", "deleted", "returned"};
  log_entry l;
  log_begin(&l, m->id, events[what]);
  log_add_number(&l, "uid", uid);
  log_end(&l);
}

static enum verb_done failed(result *why)
{
  result_set(why, RESULT_TEMPORARY, STATUS_SYSTEM, "the message can't be marked: %s", strerror(errno));
  return VERB_FINISHED;
}

static enum verb_done done(result *why, char const *text)
{
  result_set(why, RESULT_OK, STATUS_NONE, "%s", text);
  return VERB_FINISHED;
}

static enum verb_done written(verb_caller const *by, result *why, char const *text)
{
  (void)done(why, text);
  return by->sync ? VERB_FINISHED : VERB_WRITTEN;
}

static int set_hold(message *m, verb_caller const *by, int hold, uint64_t next)
{
  store_set(&m->s, m->s.state.attempts, next, hold);
  if (!store_save(&m->s, by->sync))
    return 0;
  said(m, hold ? VERB_HOLD : VERB_RELEASE, by->uid);
  return 1;
}

/* On the disk, no recipient is left: whatever happens now, nobody gets it any more. */
static int forsake(message *m, verb_caller const *by)
{
  for (uint32_t k = 0; k < m->n; k++)
    if (m->s.state.rcpt[k] != STORE_DONE)
      store_mark(&m->s, k, STORE_FAILED);
  if (!store_save(&m->s, by->sync))
    return 0;
  said(m, VERB_DELETE, by->uid);
  return 1;
}

/* ---- one that is being delivered */

static enum verb_done hold_active(message *m, verb_caller const *by, int hold, result *why)
{
  if (!m->s.state.hold == !hold)
    return done(why,
                hold ? "is on hold already, as soon as the delivery in hand is over" : "is being delivered");
  if (!set_hold(m, by, hold, m->s.state.next))
    return failed(why);
  return written(by, why, hold ? "on hold, as soon as the delivery in hand is over" : "is being delivered");
}

static enum verb_done delete_active(runner *r, message *m, verb_caller const *by, result *why)
{
  if (!forsake(m, by))
    return failed(why);
  m->deleted = 1;
  pass_withdraw(r, m);
  pass_changed(r, m);
  return written(by, why, "deleted, as soon as the delivery in hand is over");
}

static enum verb_done bounce_active(runner *r, message *m, verb_caller const *by, result *why)
{
  if (m->reporting) {
    result_set(why, RESULT_TEMPORARY, STATUS_NONE, "a report about it is on its way; say it again");
    return VERB_FINISHED;
  }
  said(m, VERB_BOUNCE, by->uid);
  m->bouncing = 1;
  pass_withdraw(r, m);
  pass_changed(r, m);
  return VERB_WAITS;
}

static enum verb_done on_active(runner *r, enum verb what, message *m, verb_caller const *by, result *why)
{
  switch (what) {
  case VERB_HOLD:
  case VERB_RELEASE: return hold_active(m, by, what == VERB_HOLD, why);
  case VERB_RETRY: return done(why, "is being delivered");
  case VERB_DELETE: return delete_active(r, m, by, why);
  default: return bounce_active(r, m, by, why);
  }
}

/* ---- one that waits: its file is open here, and closed before its entry moves */

static enum verb_done could_not_mark(runner *r, message *m, result *why)
{
  uint32_t n = m->waits;
  (void)failed(why);
  intake_close(m);
  schedule_look(&r->schedule, n, r->now);
  return VERB_FINISHED;
}

static enum verb_done hold_waiting(runner *r, message *m, verb_caller const *by, result *why)
{
  uint32_t n = m->waits;
  int was = m->s.state.hold;
  if (!was && !set_hold(m, by, 1, m->s.state.next))
    return could_not_mark(r, m, why);
  intake_close(m);
  schedule_hold(&r->schedule, n);
  return was ? done(why, "is on hold already") : written(by, why, "on hold");
}

static enum verb_done release_waiting(runner *r, message *m, verb_caller const *by, result *why)
{
  uint32_t n = m->waits;
  if (!m->s.state.hold) {
    intake_close(m);
    if (waiting_at(&r->schedule.w, n)->place == WAITING_HELD)
      schedule_refresh(&r->schedule, n);
    (void)done(why, "was not on hold");
    return by->all ? VERB_PASSED : VERB_FINISHED;
  }
  if (!set_hold(m, by, 0, 0))
    return could_not_mark(r, m, why);
  intake_close(m);
  schedule_refresh(&r->schedule, n);
  return written(by, why, "released");
}

/* What is remembered of the hosts that it waits for would keep it from being tried. */
static void forget_deaths(runner *r, message const *m)
{
  for (uint32_t k = 0; k < m->n; k++) {
    where w;
    destination *d;
    if (m->rcpt[k].stage != STAGE_TODO || classify(&r->set, message_address(m, k), &w) != PLACE_REMOTE)
      continue;
    d = delivery_host(r, &w);
    if (d)
      window_forget(&d->w);
  }
}

static enum verb_done retry_waiting(runner *r, message *m, verb_caller const *by, result *why)
{
  uint32_t n = m->waits;
  int hold = m->s.state.hold;
  if (!hold) {
    said(m, VERB_RETRY, by->uid);
    if (by->admin)
      forget_deaths(r, m);
  }
  intake_close(m);
  if (hold) {
    schedule_hold(&r->schedule, n);
    result_set(why, RESULT_PERMANENT, STATUS_NONE, "it is on hold: release it");
    return by->all ? VERB_PASSED : VERB_FINISHED;
  }
  schedule_refresh(&r->schedule, n);
  return done(why, "is tried now");
}

static enum verb_done end_waiting(runner *r, enum verb what, message *m, verb_caller const *by, result *why)
{
  if (what == VERB_DELETE && !forsake(m, by))
    return could_not_mark(r, m, why);
  if (what == VERB_BOUNCE)
    said(m, what, by->uid);
  m->deleted = what == VERB_DELETE;
  m->bouncing = what == VERB_BOUNCE;
  store_set(&m->s, m->s.state.attempts, m->s.state.next, 0);
  intake_begin(r, m);
  return what == VERB_BOUNCE ? VERB_WAITS : written(by, why, "deleted");
}

static enum verb_done on_waiting(runner *r, enum verb what, message *m, verb_caller const *by, result *why)
{
  switch (what) {
  case VERB_HOLD: return hold_waiting(r, m, by, why);
  case VERB_RELEASE: return release_waiting(r, m, by, why);
  case VERB_RETRY: return retry_waiting(r, m, by, why);
  default: return end_waiting(r, what, m, by, why);
  }
}

/* ---- which of them it is */

static int may(message const *m, verb_caller const *by)
{
  return by->admin || m->s.uid == (uint64_t)by->uid;
}

/* A verb that ends a message begins a pass, which needs a place among the open ones. */
static int is_full(runner const *r, enum verb what)
{
  return (what == VERB_DELETE || what == VERB_BOUNCE) &&
         r->schedule.active >= r->schedule.active_max + INTAKE_SPARE;
}

static enum verb_done open_waiting(runner *r, enum verb what, uint32_t n, verb_caller const *by, result *why)
{
  message *m;
  enum store_check check = waiting_at(&r->schedule.w, n)->flags & WAITING_CHECK ? STORE_SCAN : STORE_TOLD;
  switch (intake_open(r, n, check, &m)) {
  case INTAKE_GONE:
    result_set(why, RESULT_PERMANENT, STATUS_NONE, "there is no such message any more");
    return VERB_FINISHED;
  case INTAKE_LATER:
    result_set(why, RESULT_TEMPORARY, STATUS_SYSTEM, "it can't be opened now");
    return VERB_FINISHED;
  case INTAKE_OPENED: break;
  }
  if (may(m, by))
    return on_waiting(r, what, m, by, why);
  intake_close(m);
  return VERB_FOREIGN;
}

enum verb_done verb_do(runner *r, enum verb what, uint32_t n, verb_caller const *by, result *why)
{
  waiting_entry *x = waiting_at(&r->schedule.w, n);
  if (what == VERB_RETRY && by->all && x->place == WAITING_HELD)
    return VERB_PASSED;
  if (x->place == WAITING_ACTIVE) {
    message *m = r->active[x->other];
    return may(m, by) ? on_active(r, what, m, by, why) : VERB_FOREIGN;
  }
  if (what == VERB_RETRY && by->admin && by->all && x->place == WAITING_TIMED) {
    schedule_refresh(&r->schedule, n); /* there may be very many: none is opened for it */
    return done(why, "is tried now");
  }
  return is_full(r, what) ? VERB_FULL : open_waiting(r, what, n, by, why);
}
