/* tern-send - the runner: decides when each recipient of each message is tried, and by whom.

   Starts as root (else the owner) for the FIFO of notices and door `send`; then it is terns, of group ternq
   alone. It may read and change the queue, and knock at the doors alias, local, remote and queue. It never
   waits for any of them. */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include "lib/exits.h"
#include "lib/listener.h"
#include "lib/log.h"
#include "lib/privileges.h"
#include "lib/service.h"
#include "queue/notice.h"
#include "send/intake.h"
#include "send/runner.h"

static runner all;

static void signals(void *data, unsigned int got)
{
  int *draining = data;
  (void)got;
  for (;;)
    switch (service_signal_get()) {
    case SERVICE_RELOAD: runner_reload(&all); break;
    case SERVICE_NOW: runner_all_now(&all); break;
    case SERVICE_DRAIN: *draining = 1; break;
    case SERVICE_CHILD: wait_reap(); break;
    case SERVICE_NONE: return;
    }
}

static void open_doors(runner *r, int *notices, int *send_door)
{
  *notices = notice_open(r->ids.uid[TERNS], r->ids.gid[TERNQ]);
  if (*notices < 0)
    service_fail("make", "run/notice");
  *send_door = listener_door("send", r->ids.owner, r->ids.owner_gid, 0666);
  if (*send_door < 0)
    service_fail("make", "run/send");
  listener_finish(0);
}

static void become_runner(runner *r)
{
  if (!privileges_drop(r->ids.uid[TERNS], r->ids.gid[TERNQ], 0, 0, PRIVILEGES_KEEP_ROOT_FOLDER))
    service_fail("become", "terns");
}

static void read_settings(runner *r)
{
  stralloc problem = STRALLOC_ZERO;
  tzset();
  if (!settings_read(&r->set, &r->ids, &problem))
    service_refuse(&problem);
  stralloc_free(&problem);
}

/* Signals are watched for by the process that asked: the child asks anew. */
static void hand_over(watched *w, int fd, int *draining)
{
  watch_remove(&all.watch, w);
  log_flush();
  (void)service_hand_over();
  if (!watch_add(&all.watch, w, fd, WATCH_READ, &signals, draining))
    log_warn("watch", "the signals");
}

int main(int argc, char const *const *argv)
{
  static watched w;
  int notices, send_door, fd, draining = 0;
  (void)argv;
  service_start("tern-send", argc, &all.ids);
  open_doors(&all, &notices, &send_door);
  become_runner(&all);
  read_settings(&all);
  fd = service_signals();
  if (fd < 0 || !runner_init(&all, send_door, WATCH_BEST) || !intake_init(&all, notices) ||
      !watch_add(&all.watch, &w, fd, WATCH_READ, &signals, &draining))
    service_fail("start", "the runner");
  service_ready();
  log_gather();
  while (!all.draining || !runner_drained(&all)) {
    if (!runner_turn(&all)) {
      log_flush();
      service_fail("wait", "for the doors");
    }
    if (draining && !all.draining) {
      runner_drain(&all);
      hand_over(&w, fd, &draining);
    }
  }
  log_flush();
  return EXITS_OK;
}
