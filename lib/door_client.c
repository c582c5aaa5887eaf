/* door_client - the part of a door's work that waits: knocking, and a question with its answer. For programs
   that have nothing else to do meanwhile; each wait ends at its deadline. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <skalibs/djbunix.h>
#include <skalibs/iopause.h>
#include "lib/door.h"

#define PAUSE_MAX 64 /* milliseconds between two knocks at a door with a full backlog */

int door_peer(int fd, uid_t *uid)
{
  struct ucred c;
  socklen_t len = sizeof c;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &len) < 0)
    return 0;
  *uid = c.uid;
  return 1;
}

/* A full backlog is no reason to give up: the service is there. */
static int knock(int fd, struct sockaddr_un const *to, tain const *deadline)
{
  int pause = 1;
  while (connect(fd, (struct sockaddr const *)to, sizeof *to) < 0) {
    if (errno == EINTR)
      continue;
    if (errno != EAGAIN)
      return 0;
    tain_now_g();
    if (!tain_future(deadline))
      return (errno = EAGAIN, 0);
    (void)poll(0, 0, pause);
    pause = pause < PAUSE_MAX ? 2 * pause : PAUSE_MAX;
  }
  return 1;
}

int door_knock(door *d, char const *name, enum door_descriptors fds, tain const *deadline)
{
  struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "run/"};
  size_t len = strlen(name);
  int fd;
  d->fd = -1;
  if (len >= sizeof to.sun_path - 4)
    return (errno = ENAMETOOLONG, 0);
  memcpy(to.sun_path + 4, name, len);
  fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return 0;
  if (!knock(fd, &to, deadline)) {
    fd_close(fd);
    return 0;
  }
  door_start(d, fd, fds);
  return 1;
}

/* Waits until something can be done. 0: errno, ETIMEDOUT at the deadline. */
static int await(door *d, short events, tain const *deadline)
{
  iopause_fd x = {.fd = d->fd, .events = events};
  for (;;) {
    int r = iopause_g(&x, 1, deadline);
    if (r > 0)
      return 1;
    if (!r)
      return (errno = ETIMEDOUT, 0);
    if (errno != EINTR)
      return 0;
  }
}

int door_send(door *d, tain const *deadline)
{
  while (!door_flush(d))
    if (errno != EAGAIN || !await(d, IOPAUSE_WRITE, deadline))
      return 0;
  return 1;
}

int door_wait(door *d, frame *f, tain const *deadline)
{
  for (;;) {
    switch (door_get(d, f)) {
    case DOOR_FRAME: return 1;
    case DOOR_CLOSED: return (errno = EPIPE, 0);
    case DOOR_BROKEN: return 0;
    case DOOR_NOTHING: break;
    }
    if (!await(d, IOPAUSE_READ, deadline))
      return 0;
  }
}

int door_ask(door *d, unsigned char type, char const *s, size_t len, frame *f, tain const *deadline)
{
  if (!door_put(d, type, s, len) || !door_send(d, deadline))
    return 0;
  /* The answer takes the other side a while: a read before the wait would come back empty. */
  return (door_has_frame(d) || await(d, IOPAUSE_READ, deadline)) && door_wait(d, f, deadline);
}
