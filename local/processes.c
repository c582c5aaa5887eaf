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

int processes_fork(processes *p, agent_start const *s, int gone, uint64_t *number)
{
  int fds[2];
  pid_t pid;
  if (p->n >= p->max)
    return (errno = EAGAIN, -1);
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    return -1;
  pid = fork();
  if (!pid)
    agent_run(s, fds[1], gone);
  int e = errno;
  fd_close(fds[1]);
  if (pid < 0) {
    fd_close(fds[0]);
    return (errno = e, -1);
  }
  *number = ++p->last;
  p->s[p->n++] = (process){.number = *number, .pid = pid};
  return fds[0];
}

static void end(pid_t pid)
{
  /* the group, which is not there yet if it was forked a moment ago */
  if (kill(-pid, SIGKILL) < 0)
    (void)kill(pid, SIGKILL);
}

void processes_kill(processes const *p, uint64_t number)
{
  for (unsigned int i = 0; i < p->n; i++)
    if (p->s[i].number == number)
      end(p->s[i].pid);
}

static void forget(processes *p, pid_t pid)
{
  for (unsigned int i = 0; i < p->n; i++)
    if (p->s[i].pid == pid) {
      p->s[i] = p->s[--p->n];
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
    forget(p, info.si_pid);
  }
}
