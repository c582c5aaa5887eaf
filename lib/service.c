/* service - the first and the last steps of every daemon. It exits for its caller only in the functions whose
   names say so, and in service_start, before anything else has happened. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include <skalibs/selfpipe.h>
#include <skalibs/strerr.h>
#include "conf.h"
#include "lib/exits.h"
#include "lib/identity.h"
#include "lib/listener.h"
#include "lib/log.h"
#include "lib/service.h"
#include "lib/text.h"

#define NOTIFY_FD 3 /* the notification-fd of every service's folder */

static int notify_fd = -1;

/* Looked at before anything is opened: later the number could be a pipe of our own. */
static void remember_notify(void)
{
  struct stat st;
  if (fstat(NOTIFY_FD, &st) < 0 || !S_ISFIFO(st.st_mode))
    return;
  notify_fd = NOTIFY_FD;
  (void)coe(notify_fd);
}

void service_refuse(stralloc const *problem)
{
  strerr_dief(EXITS_SETTING, problem->len ? problem->s : "out of memory");
}

void service_keep(stralloc const *problem)
{
  log_event(0, "warning", "problem", problem->len ? problem->s : "out of memory", "kept", "the old settings",
            (char *)0);
}

void service_fail(char const *verb, char const *object)
{
  strerr_diefusys(EXITS_TEMPORARY, verb, " ", object);
}

void service_start(char const *name, int argc, identities *ids)
{
  stralloc problem = STRALLOC_ZERO;
  char const *home = getenv("TERN_HOME");
  PROG = name;
  remember_notify();
  if (!fd_sanitize())
    _exit(EXITS_TEMPORARY);
  if (argc > 1)
    strerr_dief(EXITS_USAGE, "no arguments are wanted; the settings are files in HOME/control");
  if (!home || !*home)
    home = CONF_HOME;
  (void)signal(SIGPIPE, SIG_IGN);
  (void)umask(077);
  if (chdir(home) < 0)
    service_fail("change into", home);
  if (!tain_now_set_stopwatch_g())
    service_fail("read", "the clock");
  log_init();
  listener_inherit();
  if (!identities_load(ids, &problem))
    service_refuse(&problem);
  stralloc_free(&problem);
}

void service_ready(void)
{
  text_release();
  if (notify_fd < 0)
    return;
  if (write(notify_fd, "\n", 1) < 0)
    log_warn("tell", "readiness");
  fd_close(notify_fd);
  notify_fd = -1;
}

int service_signals(void)
{
  static int const signals[] = {SIGHUP, SIGALRM, SIGTERM, SIGINT, SIGCHLD};
  int fd = selfpipe_init();
  size_t i = 0;
  if (fd < 0)
    return -1;
  (void)signal(SIGCHLD, SIG_DFL); /* inherited as ignored it would lose children */
  for (; i < sizeof signals / sizeof *signals; i++) {
    if (!selfpipe_trap(signals[i]))
      return -1;
    /* The run script ignores some of them; a child that unblocks them is to find the default. */
    if (signals[i] != SIGCHLD)
      (void)signal(signals[i], SIG_DFL);
  }
  return fd;
}

enum service_signal service_signal_get(void)
{
  for (;;) {
    switch (selfpipe_read()) {
    case SIGHUP: return SERVICE_RELOAD;
    case SIGALRM: return SERVICE_NOW;
    case SIGTERM:
    case SIGINT: return SERVICE_DRAIN;
    case SIGCHLD: return SERVICE_CHILD;
    case 0:
    case -1: return SERVICE_NONE;
    default: break; /* not one of ours: the next */
    }
  }
}

int service_hand_over(void)
{
  pid_t pid = fork();
  if (pid < 0)
    return 0;
  if (pid)
    _exit(EXITS_OK);
  /* The log's pipe stays: what is finished here belongs in the log, and s6-log then ends with the last
   * drainer. */
  if (notify_fd >= 0) {
    fd_close(notify_fd);
    notify_fd = -1;
  }
  return 1;
}
