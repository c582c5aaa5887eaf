/* worker - one connection of the runner. See worker.h for what it promises. */
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include "lib/door.h"
#include "lib/job.h"
#include "lib/log.h"
#include "lib/pool.h"
#include "lib/privileges.h"
#include "remote/attempt.h"
#include "remote/worker.h"

#define ANSWER_SECONDS 60 /* in which the runner takes an answer */
#define LOOK_MS 5000      /* between two looks at whether this worker is still wanted */

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

static int left_of(tain const *idle)
{
  tain left;
  int ms;
  if (!tain_future(idle))
    return 0;
  tain_sub(&left, idle, &STAMP);
  ms = tain_to_millisecs(&left);
  return ms < 0 || ms > LOOK_MS ? LOOK_MS : ms + 1;
}

/* Waits for the next job, or for a signal: skalibs' iopause would begin again after one, and a worker that is to leave
   would go on for as long as nobody speaks. The kept connection ends when it is idle for too long, or when its host says
   or does anything: nothing was asked. */
static void rest(tain const *idle)
{
  struct pollfd x[2] = {{.fd = runner.fd, .events = POLLIN}, {.fd = work.k.c.s.fd, .events = POLLIN}};
  int kept = connection_is_open(&work.k);
  int r = poll(x, kept ? 2 : 1, kept ? left_of(idle) : LOOK_MS);
  tain_now_g();
  if (kept && ((r > 0 && x[1].revents) || (r == 0 && !tain_future(idle))))
    connection_close(&work.k);
}

/* 1: the runner closed; 0: something was odd. */
static int serve(void)
{
  int leaving = 0;
  tain idle = STAMP;
  for (;;) {
    frame f;
    switch (door_get(&runner, &f)) {
    case DOOR_FRAME:
      if (!do_job(&f))
        return 0;
      tain_now_g();
      tain_addsec_g(&idle, CONNECTION_IDLE);
      continue;
    case DOOR_CLOSED: return 1;
    case DOOR_BROKEN:
      if (errno == ECONNRESET || errno == EPIPE)
        return 1;
      log_warn("understand", "the runner");
      return 0;
    case DOOR_NOTHING: break;
    }
    if (leaving)
      return 1;
    if (pool_draining(0) || pool_outdated()) {
      /* What the runner has written is read and done; its next write fails, and it knows that this job was
       * not begun. */
      leaving = 1;
      (void)shutdown(runner.fd, SHUT_RD);
      continue;
    }
    rest(&idle);
  }
}

int worker_serve(void *data, unsigned int slot, int fd)
{
  settings const *s = data;
  uid_t uid;
  int ok = 1;
  (void)slot;
  if (!door_peer(fd, &uid) || uid != s->ids.uid[TERNS])
    return log_event(0, "warning", "what", "somebody else than the runner knocked", (char *)0), 0;
  door_init(&runner, fd, DOOR_ACCEPT_FDS);
  work.door = fd;
  tain_now_g();
  ok = serve();
  work.door = -1;
  connection_close(&work.k);
  door_close(&runner);
  return ok;
}
