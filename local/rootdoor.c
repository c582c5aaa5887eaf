/* rootdoor - one poll, three kinds of descriptors: signals, the listener, connections. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include <skalibs/iopause.h>
#include <skalibs/tai.h>
#include "lib/job.h"
#include "lib/log.h"
#include "lib/service.h"
#include "local/failure.h"
#include "local/rootdoor.h"

#define ANSWER_SECONDS 1 /* for the last answers on a connection */

int rootdoor_settings(control *c, identities const *ids, stralloc *problem)
{
  static enum control_name const names[] = {CONTROL_ME,
                                            CONTROL_LOCALS,
                                            CONTROL_USERS,
                                            CONTROL_MAILBOX,
                                            CONTROL_RECIPIENTDELIMITER,
                                            CONTROL_CONCURRENCYLOCAL,
                                            CONTROL_TIMEOUTDRAIN};
  return control_read(c, names, sizeof names / sizeof *names, ids->root, problem);
}

static int resize(rootdoor *d)
{
  unsigned int busy = (unsigned int)control_number(d->c, CONTROL_CONCURRENCYLOCAL);
  return processes_resize(&d->p, 2 * (busy + PROCESS_IDLE_MAX(busy)) + ROOTDOOR_SPARE);
}

/* What each child needs is made once: 0 and 1 are /dev/null, and a broken pipe or a limit on files is an error, no death. */
static int prepare_children(void)
{
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  int ok = null >= 0 && dup2(null, 0) == 0 && dup2(null, 1) == 1;
  if (null > 1)
    fd_close(null);
  (void)signal(SIGPIPE, SIG_IGN);
  (void)signal(SIGXFSZ, SIG_IGN);
  return ok;
}

int rootdoor_init(rootdoor *d, identities const *ids, control *c)
{
  d->ids = ids;
  d->c = c;
  for (unsigned int i = 0; i < ROOTDOOR_CONNECTIONS; i++)
    d->connections[i].fd = -1;
  return prepare_children() && resize(d) && pipecoe(d->gone) >= 0;
}

/* ---- one connection */

static int give_process(rootdoor *d, door *x, frame const *f)
{
  char name[PROCESS_NAME_MAX];
  agent_start s = {.name = name, .ids = d->ids, .c = d->c};
  uint64_t number;
  result r;
  int channel;
  if (!process_take_ask(f, &s.kind, name))
    return 0;
  channel = processes_fork(&d->p, &s, d->gone[0], &number);
  if (channel >= 0)
    return process_put_channel(x, number, channel);
  log_warn("make a process for", name);
  failure_set(&r, errno, "make a process for", name);
  return process_put_refused(x, &r);
}

static int answer(rootdoor *d, door *x, frame const *f)
{
  uint64_t number;
  if (f->type == PROCESS_ASK)
    return give_process(d, x, f);
  if (f->type != PROCESS_KILL || !process_take_kill(f, &number))
    return 0;
  processes_kill(&d->p, number);
  return 1;
}

/* Takes all that waits. Whoever says what makes no sense is disconnected. */
static void serve(rootdoor *d, door *x)
{
  frame f;
  enum door_got got;
  tain deadline;
  tain_now_g();
  tain_addsec_g(&deadline, ANSWER_SECONDS);
  while ((got = door_get(x, &f)) == DOOR_FRAME)
    if (!answer(d, x, &f)) {
      got = DOOR_BROKEN;
      errno = EPROTO;
      break;
    }
  if (got == DOOR_BROKEN)
    log_warn("understand", "the runner");
  if (got == DOOR_CLOSED) /* it, or we in draining, ended the questions: not the answers */
    (void)door_send(x, &deadline);
  else if (door_wants_flush(x) && !door_flush(x) && errno != EAGAIN)
    got = DOOR_BROKEN;
  if (got != DOOR_NOTHING)
    door_close(x);
}

static void welcome(rootdoor *d)
{
  uid_t uid;
  int fd = accept4(d->listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0)
    return;
  if (door_peer(fd, &uid) && identity_may_knock(d->ids, uid, KNOCK_NAMED, 1u << TERNS))
    for (unsigned int i = 0; i < ROOTDOOR_CONNECTIONS; i++)
      if (d->connections[i].fd < 0) {
        door_init(d->connections + i, fd, DOOR_REFUSE_FDS);
        return;
      }
  fd_close(fd);
}

/* ---- signals */

/* Children have the old settings: they are told to leave as if we were gone. */
static void reload(rootdoor *d)
{
  stralloc problem = STRALLOC_ZERO;
  int fresh[2];
  if (!rootdoor_settings(d->c, d->ids, &problem))
    service_keep(&problem);
  else if (!resize(d) || pipecoe(fresh) < 0)
    log_warn("apply", "the new settings");
  else {
    fd_close(d->gone[0]);
    fd_close(d->gone[1]);
    d->gone[0] = fresh[0];
    d->gone[1] = fresh[1];
  }
  stralloc_free(&problem);
}

/* 0: it is time to go. */
static int heed(rootdoor *d)
{
  for (;;) {
    switch (service_signal_get()) {
    case SERVICE_NONE: return 1;
    case SERVICE_DRAIN: return 0;
    case SERVICE_RELOAD: reload(d); break;
    case SERVICE_CHILD: processes_reap(&d->p); break;
    case SERVICE_NOW: break;
    }
  }
}

/* What was asked before we stop is answered; the next write of the runner fails, and it asks our successor.
 */
static void drain(rootdoor *d)
{
  fd_close(d->listener);
  for (unsigned int i = 0; i < ROOTDOOR_CONNECTIONS; i++) {
    door *x = d->connections + i;
    if (x->fd < 0)
      continue;
    (void)shutdown(x->fd, SHUT_RD);
    serve(d, x);
  }
}

void rootdoor_run(rootdoor *d)
{
  iopause_fd x[2 + ROOTDOOR_CONNECTIONS];
  door *whose[2 + ROOTDOOR_CONNECTIONS];
  for (;;) {
    unsigned int n = 2;
    x[0] = (iopause_fd){.fd = d->signals, .events = IOPAUSE_READ};
    x[1] = (iopause_fd){.fd = d->listener, .events = IOPAUSE_READ};
    for (unsigned int i = 0; i < ROOTDOOR_CONNECTIONS; i++)
      if (d->connections[i].fd >= 0) {
        whose[n] = d->connections + i;
        x[n] = (iopause_fd){.fd = whose[n]->fd,
                            .events = IOPAUSE_READ | (door_wants_flush(whose[n]) ? IOPAUSE_WRITE : 0)};
        n++;
      }
    if (iopause_g(x, n, &tain_infinite) < 0 && errno != EINTR)
      _exit(111);
    if (x[0].revents && !heed(d))
      break;
    for (unsigned int i = 2; i < n; i++)
      if (x[i].revents)
        serve(d, whose[i]);
    if (x[1].revents)
      welcome(d);
  }
  drain(d);
}
