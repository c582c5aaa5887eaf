/* porter - connects to Unix sockets for the workers. See porter.h for what it promises.

   The channel is one pair of sockets for all workers: a question is one packet, the path and a socket for the answer,
   which is the worker's alone. The porter never waits for one of them. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include <skalibs/iopause.h>
#include "lib/control.h"
#include "lib/exits.h"
#include "lib/log.h"
#include "lib/privileges.h"
#include "lib/pool.h"
#include "lib/text.h"
#include "remote/porter.h"

#define BUSY_MS 100 /* until a server whose queue is full is asked again */

union rights { /* one descriptor */
  struct cmsghdr align;
  char s[CMSG_SPACE(sizeof(int))];
};

/* One packet, and a descriptor with it (-1: none). 0: errno. */
static int put(int to, void const *s, size_t len, int fd)
{
  struct iovec v = {.iov_base = (void *)s, .iov_len = len};
  union rights r;
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
  if (fd >= 0) {
    memset(&r, 0, sizeof r);
    r.align.cmsg_level = SOL_SOCKET;
    r.align.cmsg_type = SCM_RIGHTS;
    r.align.cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(&r.align), &fd, sizeof fd);
    m.msg_control = &r;
    m.msg_controllen = sizeof r;
  }
  return sendmsg(to, &m, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)len;
}

/* The same the other way; *fd is -1 if none came. Gives the octets, 0 for an end, -1: errno. */
static ssize_t get(int from, void *s, size_t max, int *fd, int flags)
{
  struct iovec v = {.iov_base = s, .iov_len = max};
  union rights r;
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &r, .msg_controllen = sizeof r};
  struct cmsghdr *c;
  ssize_t n;
  *fd = -1;
  n = recvmsg(from, &m, MSG_CMSG_CLOEXEC | flags);
  if (n < 0)
    return n;
  c = CMSG_FIRSTHDR(&m);
  if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof *fd))
    memcpy(fd, CMSG_DATA(c), sizeof *fd);
  return n;
}

/* ---- the porter */

static int is_named(control const *c, char const *path)
{
  char const *p;
  for (p = control_line(c, CONTROL_SMTPROUTES); *p; p = control_next(p)) {
    char const *target = strchr(p, ':') + 1; /* the table has judged it */
    if (!strncmp(target, CONTROL_LMTP, strlen(CONTROL_LMTP)) && !strcmp(target + strlen(CONTROL_LMTP), path))
      return 1;
  }
  return 0;
}

/* What is not known is looked for once more: the runner may have read new settings. Broken ones change nothing. */
static int may_knock(control *c, int root, char const *path)
{
  static enum control_name const names[] = {CONTROL_SMTPROUTES};
  stralloc problem = STRALLOC_ZERO;
  if (is_named(c, path))
    return 1;
  (void)control_read(c, names, 1, root, &problem);
  stralloc_free(&problem);
  return is_named(c, path);
}

/* A socket that is connected, -1: errno. A server's queue that is full is EAGAIN. */
static int knock(char const *path)
{
  struct sockaddr_un a = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return -1;
  memcpy(a.sun_path, path, strlen(path) + 1);
  if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
    return fd;
  fd_close(fd);
  return -1;
}

static void answer(control *c, int root, char const *path, int to)
{
  int fd = -1, e = EPERM;
  if (may_knock(c, root, path)) {
    fd = knock(path);
    e = fd < 0 ? errno : 0;
  }
  (void)put(to, &e, sizeof e, fd);
  if (fd >= 0)
    fd_close(fd);
}

static void serve(int channel, int root)
{
  static control c = CONTROL_ZERO;
  for (;;) {
    char path[CONTROL_SOCKET_MAX + 1];
    int to;
    ssize_t n = get(channel, path, CONTROL_SOCKET_MAX, &to, 0);
    if (n < 0 && errno != EINTR)
      log_warn("read", "what a worker asks");
    if (!n && to < 0) { /* an end, or an empty packet */
      struct pollfd p = {.fd = channel};
      if (poll(&p, 1, 0) == 1 && p.revents & POLLHUP)
        return;
    }
    path[n > 0 ? n : 0] = 0;
    if (to < 0)
      continue;
    answer(&c, root, path, to);
    fd_close(to);
  }
}

/* Nothing is left but the channel, which is descriptor 0, and the log. */
static void be_porter(identities const *ids, int channel)
{
  static int const signals[] = {SIGTERM, SIGINT, SIGHUP, SIGALRM, SIGUSR1, SIGPIPE};
  static char const *const folders[] = {"control"};
  size_t i;
  for (i = 0; i < sizeof signals / sizeof *signals; i++)
    (void)signal(signals[i], SIG_IGN);
  if (dup2(channel, 0) < 0 || dup2(2, 1) < 0)
    _exit(EXITS_TEMPORARY);
  closefrom(3);
  if (!privileges_drop(ids->uid[TERNR], ids->gid[TERNR], 0, 0, PRIVILEGES_KEEP_ROOT_FOLDER) ||
      !privileges_readonly(folders, 1, 0) || !privileges_jail(JAIL_NO_PROCESS, 0)) {
    log_warn("give up", "what connecting to sockets does not need");
    _exit(EXITS_TEMPORARY);
  }
  text_release();
  serve(0, ids->root);
  _exit(EXITS_OK);
}

int porter_start(identities const *ids, pid_t *pid)
{
  int p[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, p) < 0)
    return -1;
  *pid = fork();
  if (!*pid)
    be_porter(ids, p[1]);
  fd_close(p[1]);
  if (*pid > 0)
    return p[0];
  fd_close(p[0]);
  return -1;
}

/* ---- a worker */

/* Waits for the answer, or only until the deadline. 0: errno. */
static int await(int fd, int door, tain const *deadline)
{
  iopause_fd x[2] = {{.fd = fd, .events = IOPAUSE_READ}, {.fd = door, .events = 0}};
  for (;;) {
    int r = iopause_g(x, door >= 0 ? 2 : 1, deadline);
    if (r < 0 && errno != EINTR)
      return 0;
    if (!r)
      return (errno = ETIMEDOUT, 0);
    if (r > 0 && x[0].revents)
      return 1;
    if (r > 0)
      return (errno = ECANCELED, 0);
  }
}

static int ask(int porter, char const *path, int door, tain const *deadline)
{
  int p[2], fd = -1, e;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, p) < 0)
    return -1;
  e = put(porter, path, strlen(path), p[1]) ? 0 : errno == ECONNRESET ? EPIPE : errno;
  fd_close(p[1]);
  if (!e && !await(p[0], door, deadline))
    e = errno;
  if (!e && get(p[0], &e, sizeof e, &fd, MSG_DONTWAIT) != (ssize_t)sizeof e)
    e = EPIPE;
  fd_close(p[0]);
  if (!e && fd < 0) /* it could not be received: too many are open */
    e = EMFILE;
  return errno = e, fd;
}

int porter_connect(int porter, char const *path, int door, tain const *deadline)
{
  for (;;) {
    tain until;
    int fd = ask(porter, path, door, deadline);
    if (fd >= 0 || errno != EAGAIN)
      return fd;
    tain_from_millisecs(&until, BUSY_MS);
    tain_add_g(&until, &until);
    pool_draining(&until);
    if (!tain_less(&until, deadline) || !tain_future(&until))
      return (errno = ETIMEDOUT, -1);
    if (!await(-1, door, &until) && errno != ETIMEDOUT)
      return -1;
  }
}
