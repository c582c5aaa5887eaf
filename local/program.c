/* program - one child at a time, fed and listened to by poll; its end is what SIGCHLD says, not that its
   output ends: what it left running may hold that. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include <skalibs/selfpipe.h>
#include <skalibs/tai.h>
#include "local/environment.h"
#include "local/failure.h"
#include "local/program.h"

typedef struct running_s running;
struct running_s {
  pid_t pid;
  int in; /* to its standard input; -1: closed */
  int out;
  int signals;
  char head[HEADERS_FROM_ + HEADERS_TOP]; /* what goes before the body */
  char const *s;                          /* what is to be written next */
  size_t len;
  uint64_t at; /* where the body's next octets are */
  uint64_t printed;
  char line[RESULT_TEXT]; /* the first line that is not empty */
  size_t linelen;
  int has_line;
};

/* ---- in the child */

static void default_signals(void)
{
  sigset_t none;
  for (int i = 1; i < NSIG; i++)
    (void)signal(i, SIG_DFL);
  sigemptyset(&none);
  (void)sigprocmask(SIG_SETMASK, &none, 0);
}

static void close_from(unsigned int first)
{
  struct rlimit l;
  if (!close_range(first, ~0u, 0))
    return;
  if (getrlimit(RLIMIT_NOFILE, &l) < 0 || l.rlim_cur > 65536)
    l.rlim_cur = 65536;
  for (unsigned int i = first; i < l.rlim_cur; i++)
    (void)close((int)i);
}

static void become_program(int home, char const *command, char *const *environment, int in, int out)
    __attribute__((noreturn));
static void become_program(int home, char const *command, char *const *environment, int in, int out)
{
  char *const argv[] = {"sh", "-c", (char *)command, 0};
  if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
    _exit(75);
  if (home >= 0 ? fchdir(home) < 0 : chdir("/") < 0) {
    static char const text[] = "unable to change into the home\n";
    (void)!write(2, text, sizeof text - 1);
    _exit(75);
  }
  close_from(3);
  (void)umask(077);
  default_signals();
  execve("/bin/sh", argv, environment);
  _exit(75);
}

/* ---- in the parent */

static int children_signal(void)
{
  static int fd = -1;
  if (fd >= 0)
    return fd;
  fd = selfpipe_init();
  if (fd >= 0 && !selfpipe_trap(SIGCHLD)) {
    selfpipe_finish();
    fd = -1;
  }
  return fd;
}

static int start(running *x, self const *me, char const *command, copy const *m, qmail const *q)
{
  stralloc sa = STRALLOC_ZERO;
  char *environment[ENVIRONMENT_MAX + 1];
  unsigned int n = 0;
  int in[2], out[2];
  char *p;
  if (!program_environment(me, m, q, &sa, &n)) {
    stralloc_free(&sa);
    return (errno = ENOMEM, 0);
  }
  p = sa.s;
  for (unsigned int i = 0; i < n; i++, p += strlen(p) + 1)
    environment[i] = p;
  environment[n] = 0;
  x->pid = -1;
  if (pipecoe(in) < 0)
    goto none;
  if (pipecoe(out) < 0) {
    fd_close(in[0]);
    fd_close(in[1]);
    goto none;
  }
  x->pid = fork();
  if (!x->pid)
    become_program(me->home, command, environment, in[0], out[1]);
  fd_close(in[0]);
  fd_close(out[1]);
  x->in = in[1];
  x->out = out[0];
  if (x->pid < 0 || ndelay_on(x->in) < 0 || ndelay_on(x->out) < 0) {
    fd_close(x->in);
    fd_close(x->out);
  }
none:
  stralloc_free(&sa);
  return x->pid > 0;
}

static void close_in(running *x)
{
  if (x->in >= 0)
    fd_close(x->in);
  x->in = -1;
}

/* Writes as much as the pipe takes. Only an error of our own disk is one: a program need not read all. 0:
 * errno. */
static int feed(running *x, copy *m)
{
  for (;;) {
    ssize_t r;
    if (!x->len) {
      r = copy_next(m, &x->at, &x->s);
      if (r < 0)
        return 0;
      if (!r) {
        close_in(x);
        return 1;
      }
      x->len = (size_t)r;
    }
    r = write(x->in, x->s, x->len);
    if (r < 0) {
      if (errno == EINTR)
        continue;
      if (errno != EAGAIN)
        close_in(x);
      return 1;
    }
    x->s += r;
    x->len -= (size_t)r;
  }
}

static void keep_line(running *x, char const *s, size_t len)
{
  for (; len && !x->has_line; s++, len--) {
    if (*s == '\n' && x->linelen)
      x->has_line = 1;
    else if (*s != '\n' && x->linelen < sizeof x->line - 1)
      x->line[x->linelen++] = *s;
  }
}

static void listen_to(running *x)
{
  char s[4096];
  while (x->out >= 0) {
    ssize_t r = read(x->out, s, sizeof s);
    if (r < 0 && errno == EINTR)
      continue;
    if (r < 0 && errno == EAGAIN)
      return;
    if (r > 0) {
      keep_line(x, s, (size_t)r);
      x->printed += (uint64_t)r;
    }
    if (r <= 0 || x->printed > PROGRAM_OUTPUT_MAX) {
      fd_close(x->out);
      x->out = -1;
    }
  }
}

/* Ends this process and all that it runs; the runner sees the channel close and tries again later. */
static void end_all(void) __attribute__((noreturn));
static void end_all(void)
{
  if (getpgrp() == getpid())
    (void)kill(0, SIGKILL);
  _exit(111);
}

/* 1: it ended; 0: go on waiting. */
static int wait_a_while(running *x, tain const *deadline, int *wstat)
{
  struct pollfd p[4] = {{.fd = x->signals, .events = POLLIN},
                        {.fd = x->out, .events = POLLIN},
                        {.fd = x->in, .events = POLLOUT},
                        {.fd = deadline ? -1 : SELF_GONE}};
  int left = -1;
  if (deadline) {
    tain t;
    tain_now_g();
    if (!tain_future(deadline))
      end_all();
    tain_sub(&t, deadline, &STAMP);
    left = tain_to_millisecs(&t);
    left = left < 0 || left > 1000 ? 1000 : left + 1;
  }
  if (poll(p, 4, left) > 0 && p[0].revents)
    while (selfpipe_read() > 0)
      ;
  return waitpid(x->pid, wstat, WNOHANG) == x->pid;
}

/* The log's pipe must not be held by what goes on after s6 was told to stop. */
static void leave_log(void)
{
  int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (fd < 0)
    return;
  (void)dup2(fd, 2);
  fd_close(fd);
}

static int attend(running *x, self const *me, copy *m)
{
  tain deadline;
  int leaving = 0;
  int wstat;
  do {
    if (x->in >= 0 && !feed(x, m))
      end_all(); /* our own disk fails: it must not take half a message for a whole one */
    listen_to(x);
    if (!leaving && self_is_leaving()) {
      leaving = 1;
      leave_log();
      tain_now_g();
      tain_addsec_g(&deadline, (int)control_number(me->c, CONTROL_TIMEOUTDRAIN));
    }
  } while (!wait_a_while(x, leaving ? &deadline : 0, &wstat));
  listen_to(x);
  return wstat;
}

int program_run(self const *me, char const *command, copy *m, qmail const *q, result *r)
{
  running x = {.at = 0};
  int wstat;
  x.s = x.head;
  if (!q) {
    x.len = headers_from_(x.head, m->sender);
    x.len += copy_top(m, x.head + x.len);
  }
  x.signals = children_signal();
  if (x.signals < 0 || !start(&x, me, command, m, q)) {
    failure_set(r, errno, "run", command);
    return 1;
  }
  wstat = attend(&x, me, m);
  close_in(&x);
  if (x.out >= 0)
    fd_close(x.out);
  x.line[x.linelen] = 0;
  if (q)
    return program_judge_qmail(wstat, x.line, r);
  program_judge(wstat, x.line, r);
  return 1;
}
