/* intake - from ids to open messages. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "lib/log.h"
#include "send/ending.h"
#include "send/intake.h"
#include "send/late.h"
#include "send/pass.h"
#include "send/resolving.h"

#define NOTICES 256u /* in a turn */
#define NAMES 64u    /* of a scan, in a turn */
#define OPENS 32u    /* in a turn */
#define BUSY_PAUSE 1u
#define ERROR_PAUSE 10u
#define FOREIGN_PAUSE 3600u
#define SCAN_PAUSE 5u

void intake_scan(runner *r)
{
  if (r->draining)
    return;
  if (r->intake.scanning)
    r->intake.again = 1;
  r->intake.scanning = 1;
}

static void arrive(runner *r, id const *i, enum schedule_source from)
{
  if (!schedule_arrive(&r->schedule, i, from))
    r->intake.due = r->now + SCAN_PAUSE;
}

static void notices(void *data, unsigned int got)
{
  runner *r = data;
  id i;
  (void)got;
  r->intake.more = 1;
  for (unsigned int k = 0; k < NOTICES; k++)
    switch (notice_get(&r->intake.notices, &i)) {
    case NOTICE_ID: arrive(r, &i, SCHEDULE_NOTICE); break;
    case NOTICE_SCAN: intake_scan(r); break;
    case NOTICE_ERROR: log_warn("read", "run/notice"); /* fall through */
    case NOTICE_NONE: r->intake.more = 0; return;
    }
}

int intake_init(runner *r, int fd_notice)
{
  r->intake.notices = (notice_reader){.fd = fd_notice};
  r->intake.scan = (store_scan)STORE_SCAN_ZERO;
  r->intake.scanning = 1;
  return watch_add(&r->watch, &r->intake.w, fd_notice, WATCH_READ, &notices, r);
}

void intake_stop(runner *r)
{
  watch_remove(&r->watch, &r->intake.w);
  if (r->intake.notices.fd >= 0)
    close(r->intake.notices.fd);
  r->intake.notices.fd = -1;
  if (r->intake.scanning)
    store_scan_end(&r->intake.scan);
  r->intake.scanning = r->intake.again = 0;
}

/* ---- the scan */

static void stray(char const *path)
{
  log_event(0, "warning", "file", path, "problem", "this is no message; it is left alone", (char *)0);
}

static void scan(runner *r)
{
  id i;
  for (unsigned int k = 0; k < NAMES && r->intake.scanning; k++) {
    int found = store_scan_next(&r->intake.scan, &i, &stray);
    if (found > 0) {
      arrive(r, &i, SCHEDULE_SCAN);
      continue;
    }
    if (found < 0) {
      log_warn("scan", "the queue");
      r->intake.due = r->now + SCAN_PAUSE;
    }
    store_scan_end(&r->intake.scan);
    r->intake.scan = (store_scan)STORE_SCAN_ZERO;
    r->intake.scanning = r->intake.again;
    r->intake.again = 0;
  }
}

/* ---- opening */

static void log_found(id const *i, char const *event, char const *what)
{
  char text[ID_LEN + 1];
  id_fmt(text, i);
  log_event(text, event, "problem", what, (char *)0);
}

/* What is to be done with a message that could not be opened. */
static enum intake_opened not_opened(runner *r, uint32_t n, id const *i, enum store_opened how,
                                     char const *why)
{
  char text[ID_LEN + 1];
  switch (how) {
  case STORE_DAMAGED: log_found(i, "damaged", why); return INTAKE_GONE;
  case STORE_UNDONE:
    log_found(i, "removed", "it was never acknowledged: a crash left it");
    return INTAKE_GONE;
  case STORE_BUSY: schedule_look(&r->schedule, n, r->now + BUSY_PAUSE); return INTAKE_LATER;
  case STORE_FOREIGN:
    log_found(i, "warning", why);
    schedule_look(&r->schedule, n, r->now + FOREIGN_PAUSE);
    return INTAKE_LATER;
  case STORE_ERROR:
    id_fmt(text, i);
    log_warn(*why ? "set aside the damaged message" : "open the message", text);
    schedule_look(&r->schedule, n, r->now + ERROR_PAUSE);
    return INTAKE_LATER;
  default: return INTAKE_GONE;
  }
}

enum intake_opened intake_open(runner *r, uint32_t n, enum store_check check, message **out)
{
  char why[STORE_WHY] = "";
  message *m = message_new(n);
  enum store_opened how;
  id i;
  waiting_id(&r->schedule.w, n, &i);
  if (!m) {
    schedule_look(&r->schedule, n, r->now + ERROR_PAUSE);
    return INTAKE_LATER;
  }
  how = store_open(&m->s, &i, &m->e, check, why);
  if (how == STORE_OPENED && message_plan(m)) {
    *out = m;
    return INTAKE_OPENED;
  }
  enum intake_opened opened = not_opened(r, n, &i, how == STORE_OPENED ? STORE_ERROR : how, why);
  message_free(m);
  if (opened == INTAKE_GONE)
    schedule_forget(&r->schedule, n);
  return opened;
}

void intake_close(message *m)
{
  message_free(m);
}

/* A place in the table of active messages, which has one for each that the schedule and the verbs may open.
 */
static uint32_t table_place(runner *r)
{
  uint32_t size = r->schedule.active_max + INTAKE_SPARE;
  while (r->active[r->active_top])
    r->active_top = (r->active_top + 1) % size;
  return r->active_top;
}

void intake_begin(runner *r, message *m)
{
  m->number = table_place(r);
  r->active[m->number] = m;
  schedule_activate(&r->schedule, m->waits, m->number, m->n);
  pass_begin(r, m);
}

/* It goes on waiting: for its time, or until its sender must be told that it is late. */
static void wait_on(runner *r, uint32_t n, message *m, uint32_t pause)
{
  uint32_t notice = late_pause(r, m, pause);
  intake_close(m);
  if (notice < pause)
    schedule_look(&r->schedule, n, r->now + notice);
  else
    schedule_defer(&r->schedule, n, r->now + pause);
}

/* Opens a message as far as it must be read now: the body of one that a scan found is checked before it is
   delivered the first time; not before, since a scan may find many that have long to wait. A `next` that is
   far away was written under another clock: no pause is longer than the longest. */
static enum intake_opened open_due(runner *r, uint32_t n, message **m)
{
  waiting_entry *x = waiting_at(&r->schedule.w, n);
  uint64_t wall = runner_wall();
  int look = !(x->flags & WAITING_DUE);
  enum store_check check = !(x->flags & WAITING_CHECK) ? STORE_TOLD : look ? STORE_SCAN : STORE_FIRST;
  enum intake_opened opened = intake_open(r, n, check, m);
  if (opened != INTAKE_OPENED)
    return opened;
  if (look && (*m)->s.state.next > wall && !((*m)->telling = late_is_due(r, *m))) {
    wait_on(r, n, *m, ending_pause((*m)->s.state.next - wall));
    return INTAKE_LATER;
  }
  if (check == STORE_SCAN && !(*m)->s.checked) {
    int telling = (*m)->telling;
    intake_close(*m);
    opened = intake_open(r, n, STORE_FIRST, m);
    if (opened == INTAKE_OPENED)
      (*m)->telling = telling;
  }
  return opened;
}

/* Its recipients are done, as this runner knows for certain: that is marked, and its file removed. */
static void finish_off(message *m)
{
  for (uint32_t k = 0; k < m->n; k++)
    store_mark(&m->s, k, STORE_DONE);
  (void)store_save(&m->s, 0);
  m->deleted = 1;
}

static void take_turn(runner *r, uint32_t n)
{
  message *m;
  if (open_due(r, n, &m) != INTAKE_OPENED)
    return;
  waiting_at(&r->schedule.w, n)->flags &= ~(unsigned)(WAITING_DUE | WAITING_CHECK);
  if (waiting_at(&r->schedule.w, n)->flags & WAITING_OVER)
    finish_off(m);
  if (m->s.state.hold && !m->deleted) {
    intake_close(m);
    schedule_hold(&r->schedule, n);
  } else
    intake_begin(r, m);
}

void intake_act(runner *r, tain *deadline)
{
  uint32_t wake;
  if (r->draining)
    return;
  if (r->intake.due && r->intake.due <= r->now) {
    r->intake.due = 0;
    intake_scan(r);
  }
  if (r->intake.more)
    notices(r, WATCH_READ);
  scan(r);
  for (unsigned int k = 0; k < OPENS; k++) {
    uint32_t n = schedule_pick(&r->schedule, r->now);
    if (n == WAITING_NONE)
      break;
    take_turn(r, n);
  }
  wake = schedule_wake(&r->schedule, r->now);
  if (r->intake.due && r->intake.due < wake)
    wake = r->intake.due;
  if (r->intake.more || r->intake.scanning || wake <= r->now)
    *deadline = STAMP;
  else if (wake != UINT32_MAX) {
    tain at;
    tain_addsec(&at, &r->begin, (int)(wake - 1));
    if (tain_less(&at, deadline))
      *deadline = at;
  }
}
