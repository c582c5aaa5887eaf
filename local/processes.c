/* processes - each child leads a process group (agent: setsid), in which the programs that it runs stay: a
   kill of the group reaches all of them, as root, whatever they became. A child is looked at before it is
   reaped, so that its group's number can't have become another's. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include "lib/door.h"
#include "lib/job.h"
#include "lib/log.h"
#include "local/failure.h"
#include "local/processes.h"

int processes_resize(processes *p, unsigned int max)
{
  process *s;
  if (max < p->n)
    max = p->n;
  s = realloc(p->s, max * sizeof *s);
  if (!s)
    return 0;
  p->s = s;
  p->max = max;
  return 1;
}

static process *find(processes *p, uint64_t number)
{
  for (unsigned int i = p->n; i; i--) /* the newest first: it is mostly one of those */
    if (p->s[i - 1].number == number)
      return p->s + i - 1;
  return 0;
}

static void forget(processes *p, process *x)
{
  if (!x->pid) {
    fd_close(x->channel);
    p->looked_up--;
  }
  *x = p->s[--p->n];
}

int processes_begin(processes *p, uint64_t *number)
{
  int fds[2];
  if (p->n >= p->max)
    return (errno = EAGAIN, -1);
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
    return -1;
  *number = ++p->last;
  p->s[p->n++] = (process){.number = *number, .channel = fds[1]};
  p->looked_up++;
  return fds[0];
}

void processes_refuse(processes *p, uint64_t number, result const *r)
{
  static door d;
  process *x = find(p, number);
  if (!x || x->pid)
    return;
  door_start(&d, x->channel, DOOR_REFUSE_FDS);
  if (job_put_hello(&d, r))
    (void)door_flush(&d); /* nothing stands in its way yet */
  door_free(&d);
  forget(p, x);
}

void processes_fork(processes *p, uint64_t number, agent_start const *s, int gone)
{
  process *x = find(p, number);
  pid_t pid;
  if (!x || x->pid)
    return;
  pid = fork();
  if (!pid)
    agent_run(s, x->channel, gone);
  if (pid < 0) {
    result r;
    log_warn("make a process for", s->name);
    failure_set(&r, errno, "make a process for", s->name);
    processes_refuse(p, number, &r);
    return;
  }
  fd_close(x->channel);
  x->pid = pid;
  p->looked_up--;
}

static void end(pid_t pid)
{
  /* the group, which is not there yet if it was forked a moment ago */
  if (kill(-pid, SIGKILL) < 0)
    (void)kill(pid, SIGKILL);
}

void processes_kill(processes *p, uint64_t number)
{
  process *x = find(p, number);
  if (x && x->pid)
    end(x->pid);
  else if (x)
    forget(p, x);
}

static void forget_pid(processes *p, pid_t pid)
{
  for (unsigned int i = 0; i < p->n; i++)
    if (p->s[i].pid == pid) {
      forget(p, p->s + i);
      return;
    }
}

void processes_reap(processes *p)
{
  siginfo_t info;
  for (;;) {
    info.si_pid = 0;
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || !info.si_pid)
      return;
    if (info.si_code != CLD_EXITED || info.si_status)
      end(info.si_pid);
    (void)waitpid(info.si_pid, 0, 0);
    forget_pid(p, info.si_pid);
  }
}
