/* worker - one connection of the runner. See worker.h for what it promises. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include "lib/door.h"
#include "lib/job.h"
#include "lib/log.h"
#include "lib/pool.h"
#include "lib/privileges.h"
#include "remote/attempt.h"
#include "remote/worker.h"

#define ANSWER_SECONDS 60 /* in which the runner takes an answer */
#define LOOK 1 /* second between two looks at whether this worker is still wanted, and its host still there */

static attempt work; /* large, and touched only as far as messages are */
static door runner;

int worker_enter(void *data, unsigned int slot)
{
  settings *s = data;
  (void)slot;
  if (!self_interfaces(&s->self))
    return log_warn("list", "the machine's addresses"), 0;
  if (!privileges_readonly(0, 0, 0) ||
      !privileges_jail(s->sources ? JAIL_NO_FILES_BUT_BIND : JAIL_NO_FILES, 0))
    return log_warn("give up", "files and processes"), 0;
  attempt_init(&work, s);
  return 1;
}

/* Nobody hears the answer: the log gets it, for after the final dot it is what happened. */
static void log_orphan(job const *j)
{
  size_t i;
  for (i = 0; i < envelope_count(&j->e); i++) {
    result const *r = work.results + i;
    char code[12];
    log_event(j->id, r->class == RESULT_OK ? "relayed" : "deferred", "to",
              envelope_string(&j->e, envelope_rcpts(&j->e)[i].address), "remote", work.k.remote, "status",
              result_code(r, code), "reply", r->text, "note", "the runner is gone", (char *)0);
  }
}

/* One job and its answer. 0: the runner is gone, or talks nonsense. */
static int do_job(frame *f)
{
  static job j = JOB_ZERO;
  tain deadline;
  int ok;
  if (!job_take(&j, f)) {
    log_warn("understand", "a job");
    return 0;
  }
  attempt_run(&work, &j);
  tain_now_g();
  tain_addsec_g(&deadline, ANSWER_SECONDS);
  ok = job_put_relayed(&runner, j.number, work.results, envelope_count(&j.e), work.k.remote,
                       (work.k.c.offers & SMTP_DSN) != 0) &&
       door_send(&runner, &deadline);
  if (!ok)
    log_orphan(&j);
  job_free(&j);
  return ok;
}

static int has_passed(tain const *since, int ms)
{
  tain end;
  tain_from_millisecs(&end, ms);
  tain_add(&end, &end, since);
  tain_now_g();
  return !tain_future(&end);
}

/* What the kept connection's host said since the last job is no answer to anything. A look costs a system call; where
   one job follows the other there is nothing to see yet. */
static void look_at_host(tain const *last)
{
  if (connection_is_open(&work.k) && has_passed(last, STREAM_TRUST) && !stream_is_quiet(&work.k.c.s))
    connection_close(&work.k);
}

/* Idle for long enough, or the host hung up: the connection goes. */
static void rest(tain const *last)
{
  if (connection_is_open(&work.k) &&
      (has_passed(last, CONNECTION_IDLE * 1000) || !stream_is_quiet(&work.k.c.s)))
    connection_close(&work.k);
}

/* 1: the runner closed; 0: something was odd. */
static int serve(void)
{
  int leaving = 0;
  tain last = STAMP;
  for (;;) {
    frame f;
    switch (door_await(&runner, &f)) {
    case DOOR_FRAME:
      look_at_host(&last);
      if (!do_job(&f))
        return 0;
      tain_now_g();
      last = STAMP;
      break;
    case DOOR_CLOSED: return 1;
    case DOOR_BROKEN:
      if (errno == ECONNRESET || errno == EPIPE)
        return 1;
      log_warn("understand", "the runner");
      return 0;
    case DOOR_NOTHING:
      if (leaving)
        return 1;
      rest(&last);
      break;
    }
    if (!leaving && (pool_draining(0) || pool_outdated())) {
      /* What the runner has written is read and done; its next write fails, and it knows that this job was
       * not begun. */
      leaving = 1;
      (void)shutdown(runner.fd, SHUT_RD);
    }
  }
}

int worker_serve(void *data, unsigned int slot, int fd)
{
  static struct timeval const look = {.tv_sec = LOOK};
  settings const *s = data;
  uid_t uid;
  int ok = 1;
  (void)slot;
  if (!door_peer(fd, &uid) || uid != s->ids.uid[TERNS])
    return log_event(0, "warning", "what", "somebody else than the runner knocked", (char *)0), 0;
  if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &look, sizeof look) < 0)
    return log_warn("bound", "the wait for jobs"), 0;
  door_start(&runner, fd, DOOR_ACCEPT_FDS); /* blocking, as the pool made it */
  work.door = fd;
  tain_now_g();
  ok = serve();
  work.door = -1;
  connection_close(&work.k);
  door_close(&runner);
  return ok;
}
