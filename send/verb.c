/* verb - what stands in the file is changed and synced first, then what the runner does about it. A message
   that is being delivered is changed at once in its file; what its agents do is waited for. */
#include <errno.h>
#include <string.h>
#include "lib/log.h"
#include "send/intake.h"
#include "send/pass.h"
#include "send/verb.h"

char const *const verb_names[VERB_N] = {"hold", "release", "retry", "delete", "bounce"};

static char const in_hand[] = "as soon as the delivery in hand is over";

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

/* On the disk, no recipient is left: whatever happens now, nobody gets it any more. */
static int forsake(message *m)
{
  for (uint32_t k = 0; k < m->n; k++)
    if (m->s.state.rcpt[k] != STORE_DONE)
      store_mark(&m->s, k, STORE_FAILED);
  return store_save(&m->s, 1);
}

static enum verb_done on_active(runner *r, enum verb what, message *m, result *why)
{
  switch (what) {
  case VERB_HOLD:
  case VERB_RELEASE:
    store_set(&m->s, m->s.state.attempts, m->s.state.next, what == VERB_HOLD);
    if (!store_save(&m->s, 1))
      return failed(why);
    return done(why, what == VERB_HOLD ? "on hold, as soon as the delivery in hand is over"
                                       : "is being delivered");
  case VERB_RETRY: return done(why, "is being delivered");
  case VERB_DELETE:
    if (!forsake(m))
      return failed(why);
    m->deleted = 1;
    break;
  default:
    if (m->reporting) {
      result_set(why, RESULT_TEMPORARY, STATUS_NONE, "a report about it is on its way; say it again");
      return VERB_FINISHED;
    }
    m->bouncing = 1;
  }
  pass_withdraw(r, m);
  pass_changed(r, m);
  if (what == VERB_BOUNCE)
    return VERB_WAITS;
  result_set(why, RESULT_OK, STATUS_NONE, "deleted, %s", in_hand);
  return VERB_FINISHED;
}

static enum verb_done on_waiting(runner *r, enum verb what, message *m, result *why)
{
  uint32_t n = m->waits;
  switch (what) {
  case VERB_HOLD:
  case VERB_RELEASE:
    store_set(&m->s, m->s.state.attempts, what == VERB_HOLD ? m->s.state.next : 0, what == VERB_HOLD);
    if (!store_save(&m->s, 1)) {
      (void)failed(why);
      intake_close(m);
      schedule_look(&r->schedule, n, r->now);
      return VERB_FINISHED;
    }
    intake_close(m);
    if (what == VERB_HOLD)
      schedule_hold(&r->schedule, n);
    else
      schedule_refresh(&r->schedule, n);
    return done(why, what == VERB_HOLD ? "on hold" : "released");
  case VERB_RETRY:
    if (m->s.state.hold) {
      intake_close(m);
      schedule_hold(&r->schedule, n);
      result_set(why, RESULT_PERMANENT, STATUS_NONE, "it is on hold: release it");
      return VERB_FINISHED;
    }
    intake_close(m);
    schedule_refresh(&r->schedule, n);
    return done(why, "is tried now");
  case VERB_DELETE:
    if (!forsake(m)) {
      (void)failed(why);
      intake_close(m);
      schedule_look(&r->schedule, n, r->now);
      return VERB_FINISHED;
    }
    m->deleted = 1;
    break;
  default: m->bouncing = 1;
  }
  store_set(&m->s, m->s.state.attempts, m->s.state.next, 0);
  intake_begin(r, m);
  return what == VERB_BOUNCE ? VERB_WAITS : done(why, "deleted");
}

static int may(message const *m, uid_t uid, int admin)
{
  return admin || m->s.uid == (uint64_t)uid;
}

enum verb_done verb_do(runner *r, enum verb what, uint32_t n, uid_t uid, int admin, result *why)
{
  waiting_entry *x = waiting_at(&r->schedule.w, n);
  message *m;
  if (x->place == WAITING_ACTIVE) {
    m = r->active[x->other];
    if (!may(m, uid, admin))
      return VERB_FOREIGN;
    said(m, what, uid);
    return on_active(r, what, m, why);
  }
  if (what == VERB_RETRY && admin &&
      x->place == WAITING_TIMED) { /* "all" may be very many: none is opened for it */
    schedule_refresh(&r->schedule, n);
    return done(why, "is tried now");
  }
  if (r->schedule.active >= r->schedule.active_max + INTAKE_SPARE) {
    result_set(why, RESULT_TEMPORARY, STATUS_SYSTEM_FULL,
               "too many messages are being delivered; say it again later");
    return VERB_FINISHED;
  }
  switch (intake_open(r, n, x->flags & WAITING_CHECK ? STORE_SCAN : STORE_TOLD, &m)) {
  case INTAKE_GONE:
    result_set(why, RESULT_PERMANENT, STATUS_NONE, "there is no such message any more");
    return VERB_FINISHED;
  case INTAKE_LATER:
    result_set(why, RESULT_TEMPORARY, STATUS_SYSTEM, "it can't be opened now");
    return VERB_FINISHED;
  case INTAKE_OPENED: break;
  }
  if (may(m, uid, admin)) {
    said(m, what, uid);
    return on_waiting(r, what, m, why);
  }
  intake_close(m);
  return VERB_FOREIGN;
}
