/* stream - the connection to another host. See stream.h for what it promises. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "remote/stream.h"
#include "lib/pool.h"

int stream_init(stream *s, int fd, int door)
{
  struct timeval const slice = {.tv_sec = STREAM_SLICE};
  int one = 1;
  int flags = fcntl(fd, F_GETFL);
  s->fd = fd;
  s->door = door;
  s->pos = s->len = 0;
  s->look = STAMP;
  if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
    return 0;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &slice, sizeof slice) == 0 &&
         setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &slice, sizeof slice) == 0;
}

void stream_close(stream *s)
{
  if (s->fd >= 0)
    close(s->fd);
  s->fd = -1;
  s->pos = s->len = 0;
}

/* POLLHUP means that the peer closed for good; our own shutdown(SHUT_RD) of a draining door does not raise
 * it. */
int stream_abandoned(stream const *s)
{
  struct pollfd p = {.fd = s->door, .events = 0};
  return s->door >= 0 && poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR)) != 0;
}

void stream_trust(stream *s)
{
  tain_from_millisecs(&s->look, STREAM_TRUST);
  tain_add_g(&s->look, &s->look);
}

int stream_is_quiet(stream const *s)
{
  struct pollfd p = {.fd = s->fd, .events = POLLIN};
  return poll(&p, 1, 0) == 0;
}

int stream_may_commit(stream const *s)
{
  struct pollfd p[2] = {{.fd = s->fd, .events = POLLIN}, {.fd = s->door, .events = 0}};
  if (tain_future(&s->look) || poll(p, 2, 0) <= 0)
    return 1;
  if (p[1].revents & (POLLHUP | POLLERR))
    return (errno = ECANCELED, 0);
  return !p[0].revents || (errno = EPROTO, 0);
}

/* After a slice without progress, or a signal: is there still a reason to wait? 0: errno. */
static int patience(stream const *s, tain const *deadline)
{
  tain drain = *deadline;
  tain_now_g();
  if (!tain_future(deadline) || (pool_draining(&drain) && !tain_future(&drain)))
    return (errno = ETIMEDOUT, 0);
  if (stream_abandoned(s))
    return (errno = ECANCELED, 0);
  return 1;
}

static int is_pause(int e)
{
  return e == EAGAIN || e == EWOULDBLOCK || e == EINTR;
}

int stream_send(stream *s, char const *octets, size_t len, tain const *deadline)
{
  while (len) {
    ssize_t r = send(s->fd, octets, len, MSG_NOSIGNAL);
    if (r < 0 && !is_pause(errno))
      return 0;
    if (r > 0) {
      octets += r;
      len -= (size_t)r;
    }
    if (len && !patience(s, deadline))
      return 0;
  }
  return 1;
}

int stream_fill(stream *s, tain const *deadline)
{
  if (s->pos) {
    memmove(s->in, s->in + s->pos, s->len - s->pos);
    s->len -= s->pos;
    s->pos = 0;
  }
  if (s->len == STREAM_BUFFER)
    return (errno = ENOBUFS, 0);
  for (;;) {
    ssize_t r = recv(s->fd, s->in + s->len, STREAM_BUFFER - s->len, 0);
    if (r > 0) {
      s->len += (size_t)r;
      return 1;
    }
    if (!r)
      return (errno = EPIPE, 0);
    if (!is_pause(errno) || !patience(s, deadline))
      return 0;
  }
}

int stream_line(stream *s, char **line, size_t *len, tain const *deadline)
{
  size_t seen = 0;
  char *end;
  for (;;) {
    end = memchr(s->in + s->pos + seen, '\n', s->len - s->pos - seen);
    if (end)
      break;
    seen = s->len - s->pos;
    tain_now_g(); /* one who sends an octet a second never lets a slice end */
    if (!tain_future(deadline))
      return (errno = ETIMEDOUT, 0);
    if (!stream_fill(s, deadline))
      return 0;
  }
  *line = s->in + s->pos;
  *len = (size_t)(end - *line);
  s->pos += *len + 1;
  if (*len && (*line)[*len - 1] == '\r')
    --*len;
  return 1;
}

char const *stream_problem(int e)
{
  switch (e) {
  case ETIMEDOUT: return "it did not answer in time";
  case EPIPE:
  case ECONNRESET: return "it closed the connection";
  case ENOBUFS: return "it sent a line that is too long";
  case EPROTO: return "it sent what is not SMTP";
  case ECANCELED: return "the runner went away";
  default: return strerror(e);
  }
}
