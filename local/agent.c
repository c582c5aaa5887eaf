/* agent - the channel and the batch. */
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include <skalibs/iopause.h>
#include <skalibs/selfpipe.h>
#include <skalibs/tai.h>
#include "lib/door.h"
#include "lib/exits.h"
#include "lib/job.h"
#include "local/agent.h"
#include "local/become.h"
#include "local/deliver.h"

static door channel = {.fd = -1};
static job jobs[JOB_BATCH];
static delivery deliveries[JOB_BATCH];
static int is_broken; /* the runner takes no more answers */

static void flush_some(void)
{
  if (!is_broken && !door_flush(&channel) && errno != EAGAIN)
    is_broken = 1;
}

static void flush_all(void)
{
  tain deadline;
  tain_now_g();
  tain_addsec_g(&deadline, (int)AGENT_ANSWER);
  if (!is_broken && !door_send(&channel, &deadline))
    is_broken = 1;
}

/* ---- jobs of one recipient: all of them at once */

static result const *failure_of(result const *r)
{
  return r->class == RESULT_PERMANENT ? r : 0;
}

static void tell(delivery const *d, int more)
{
  if (!(d->to_mailbox ? job_put_to_mailbox(&channel, d->j->number, d->only, failure_of(&d->r))
                      : job_put_relayed(&channel, d->j->number, &d->r, 1, 0, d->passed_on)))
    is_broken = 1;
  if (!more)
    flush_some();
}

static void begin(delivery *d, job const *j, size_t i)
{
  d->j = j;
  d->done = 0;
  d->to_mailbox = d->only = 0;
  d->passed_on = 0;
  copy_init(&d->m, j, i);
}

static void work_on_singles(self *me, size_t n)
{
  size_t used = 0;
  for (size_t i = 0; i < n; i++)
    if (envelope_count(&jobs[i].e) == 1)
      begin(deliveries + used++, jobs + i, 0);
  if (used)
    deliver(me, deliveries, used, &tell);
}

/* ---- a job of several recipients: alone, since it has one answer */

static void tell_later(delivery const *d, int more)
{
  (void)d;
  (void)more;
}

/* Recipients of one name go one way, so it is all of them that go to the mailbox, or those that failed are
 * tried again. */
static void work_on_several(self *me, job const *j)
{
  static result results[JOB_RCPT_MAX];
  size_t n = envelope_count(&j->e);
  size_t to_mailbox = 0;
  int only = 0;
  static result failure;
  failure = (result)RESULT_ZERO;
  for (size_t from = 0; from < n; from += DELIVER_MAX) {
    size_t some = n - from < DELIVER_MAX ? n - from : DELIVER_MAX;
    for (size_t i = 0; i < some; i++)
      begin(deliveries + i, j, from + i);
    deliver(me, deliveries, some, &tell_later);
    for (size_t i = 0; i < some; i++) {
      results[from + i] = deliveries[i].r;
      if (!deliveries[i].to_mailbox)
        continue;
      to_mailbox++;
      only |= deliveries[i].only;
      if (failure_of(&deliveries[i].r))
        failure = deliveries[i].r;
      result_set(results + from + i, RESULT_TEMPORARY, STATUS_MAILBOX,
                 "waits for another recipient of the same name");
    }
  }
  if (!(to_mailbox == n ? job_put_to_mailbox(&channel, j->number, only, failure_of(&failure))
                        : job_put_done(&channel, j->number, results, n, 0)))
    is_broken = 1;
}

static void work(self *me, size_t n)
{
  work_on_singles(me, n);
  for (size_t i = 0; i < n; i++)
    if (envelope_count(&jobs[i].e) > 1)
      work_on_several(me, jobs + i);
  for (size_t i = 0; i < n; i++)
    job_free(jobs + i);
  flush_all();
}

/* ---- the channel */

/* Takes what waits, JOB_BATCH at most. *is_end: nothing will come any more. */
static size_t take(int *is_end)
{
  size_t n = 0;
  frame f;
  while (n < JOB_BATCH) {
    enum door_got got = door_get(&channel, &f);
    if (got == DOOR_NOTHING)
      break;
    if (got != DOOR_FRAME || !job_take(jobs + n, &f)) {
      if (got == DOOR_FRAME && f.fd >= 0)
        fd_close(f.fd);
      *is_end = 1;
      break;
    }
    n++;
  }
  return n;
}

/* 1: there may be something to take; 0: nothing came for a while, or we are to leave. */
static int await(void)
{
  iopause_fd x[2] = {{.fd = SELF_CHANNEL, .events = IOPAUSE_READ}, {.fd = SELF_GONE, .events = 0}};
  tain deadline;
  if (door_has_frame(&channel))
    return 1;
  tain_now_g();
  tain_addsec_g(&deadline, (int)AGENT_IDLE);
  for (;;) {
    int r = iopause_g(x, 2, &deadline);
    if (r < 0 && errno == EINTR)
      continue;
    return r > 0 && !x[1].revents;
  }
}

void agent_work(self *me)
{
  int is_end = 0;
  int is_leaving = 0;
  for (size_t i = 0; i < JOB_BATCH; i++)
    jobs[i].fd = -1;
  if (channel.fd < 0) {
    door_init(&channel, SELF_CHANNEL, DOOR_ACCEPT_FDS);
    is_broken = 0;
  }
  while (!is_end && !is_broken) {
    if (!is_leaving && !await()) {
      is_leaving = 1;
      (void)shutdown(SELF_CHANNEL, SHUT_RD);
    }
    size_t n = take(&is_end);
    if (n)
      work(me, n);
    else if (is_leaving)
      is_end = 1;
  }
  door_close(&channel);
}

/* ---- the start */

/* After this the process has 0 and 1 (/dev/null, as the root door has them), 2 (the log), SELF_CHANNEL and SELF_GONE, and no
 * other descriptor. Each system call here is paid for by each user of a message to many. */
static int leave_the_door(int ch, int gone)
{
  selfpipe_finish();
  (void)setsid();
  if (gone == SELF_CHANNEL)
    gone = fcntl(gone, F_DUPFD_CLOEXEC, SELF_GONE + 1);
  if (gone < 0 || (ch != SELF_CHANNEL && dup3(ch, SELF_CHANNEL, O_CLOEXEC) < 0) ||
      (gone != SELF_GONE && dup3(gone, SELF_GONE, O_CLOEXEC) < 0))
    return 0;
  if (close_range(SELF_GONE + 1, ~0u, 0) < 0)
    for (int fd = SELF_GONE + 1; fd < 1024; fd++)
      (void)close(fd);
  return 1;
}

void agent_run(agent_start const *s, int ch, int gone)
{
  static self me;
  result r = RESULT_ZERO;
  int ok;
  if (!leave_the_door(ch, gone))
    _exit(EXITS_TEMPORARY);
  ok = become(&me, s, &r);
  (void)fcntl(SELF_CHANNEL, F_SETFL, O_RDWR | O_NONBLOCK); /* this end alone */
  door_start(&channel, SELF_CHANNEL, DOOR_ACCEPT_FDS);
  if (!job_put_hello(&channel, &r))
    _exit(EXITS_TEMPORARY);
  flush_all();
  if (ok)
    agent_work(&me);
  _exit(EXITS_OK);
}
