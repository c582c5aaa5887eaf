/* syncer - see syncer.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include "send/syncer.h"

/* ---- the process */

static int flush(int fd)
{
#ifdef __linux__
  return syncfs(fd) < 0 ? errno : 0;
#else
  (void)fd;
  sync();
  return 0;
#endif
}

/* Keeps nothing of what the runner has open: no lock of a message, no door. */
static void serve(int fd)
{
  char c;
  if (fd && (dup2(fd, 0) < 0 || close(fd) < 0))
    _exit(111);
  closefrom(3);
  (void)signal(SIGTERM, SIG_DFL);
  int queue = open("queue", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  while (read(0, &c, 1) == 1) {
    int error = queue < 0 ? EIO : flush(queue);
    if (write(0, &error, sizeof error) != sizeof error)
      break;
  }
  _exit(0);
}

/* ---- the runner's side */

static void end_flush(syncer *s, int error)
{
  if (error) {
    s->failed_after = s->done;
    s->failed = s->begun;
    s->error = error;
  }
  s->done = s->begun;
}

static void lose(syncer *s, int error)
{
  watch_remove(s->watch, &s->w);
  if (s->fd >= 0)
    fd_close(s->fd);
  s->fd = -1;
  s->begun = s->asked;
  end_flush(s, error);
}

static void begin_flush(syncer *s)
{
  if (s->begun != s->done || s->asked == s->done)
    return;
  s->begun = s->asked;
  if (write(s->fd, "s", 1) != 1)
    lose(s, errno);
}

static void heard(void *data, unsigned int got)
{
  syncer *s = data;
  int error;
  ssize_t r = read(s->fd, &error, sizeof error);
  (void)got;
  if (r < 0 && (errno == EAGAIN || errno == EINTR))
    return;
  if (r != sizeof error) {
    lose(s, r < 0 ? errno : EPIPE);
    return;
  }
  end_flush(s, error);
  begin_flush(s);
}

static int start(syncer *s)
{
  int p[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p) < 0)
    return 0;
  pid_t pid = fork();
  if (!pid)
    serve(p[1]);
  int e = errno;
  fd_close(p[1]);
  if (pid < 0 || ndelay_on(p[0]) < 0 || !watch_add(s->watch, &s->w, p[0], WATCH_READ, &heard, s)) {
    fd_close(p[0]);
    return (errno = pid < 0 ? e : errno, 0);
  }
  s->fd = p[0];
  return 1;
}

void syncer_init(syncer *s, watch *w)
{
  *s = (syncer){.fd = -1, .w = WATCHED_ZERO, .watch = w};
}

void syncer_stop(syncer *s)
{
  if (s->fd >= 0)
    lose(s, ECANCELED);
}

uint64_t syncer_ask(syncer *s)
{
  uint64_t ticket = ++s->asked;
  if (s->fd < 0 && !start(s)) {
    lose(s, errno);
    return ticket;
  }
  begin_flush(s);
  return ticket;
}

enum syncer_state syncer_is(syncer const *s, uint64_t ticket)
{
  if (ticket > s->done)
    return SYNCER_WAITS;
  return ticket > s->failed_after && ticket <= s->failed ? SYNCER_FAILED : SYNCER_DONE;
}
