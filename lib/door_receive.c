/* door_receive - the other half of a door: one recvmsg for what comes.

   skalibs' own unixmessage_receive takes memory for whatever length a header announces before anyone can look
   at it, and does not see that the kernel dropped a descriptor (MSG_CTRUNC); so a receiver of its type is
   filled here. Nothing here waits but door_await. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <skalibs/cbuffer.h>
#include <skalibs/djbunix.h>
#include <skalibs/uint16.h>
#include <skalibs/uint32.h>
#include "lib/door.h"

/* Keeps the descriptors of one recvmsg until their frame is complete. */
static int keep_fds(unixmessage_receiver *r, struct msghdr *m)
{
  struct cmsghdr *c = m->msg_controllen ? CMSG_FIRSTHDR(m) : 0;
  if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
    size_t len = c->cmsg_len - CMSG_LEN(0);
    size_t i = cbuffer_put(&r->auxb, (char *)CMSG_DATA(c), len);
    if (i < len) {
      for (i = 0; i + sizeof(int) <= len; i += sizeof(int)) {
        int fd;
        memcpy(&fd, CMSG_DATA(c) + i, sizeof fd);
        fd_close(fd);
      }
      return (errno = ENOBUFS, 0);
    }
  }
  return !(m->msg_flags & MSG_CTRUNC) || (errno = r->fds_ok & 2 ? EMFILE : EPROTO, 0);
}

/* One read: into the frame that is being received, then into the ring. >0: some bytes; 0: end; -1: errno. A
   receiver that refuses descriptors gives the kernel no room for them: they are dropped without being opened
   here. */
static ssize_t fill(unixmessage_receiver *r, int flags)
{
  union {
    struct cmsghdr align;
    char s[CMSG_SPACE(sizeof(int))];
  } control;
  struct iovec v[3];
  struct msghdr m = {.msg_iov = v, .msg_iovlen = 3};
  size_t rest = r->mainlen - r->maindata.len;
  ssize_t n;
  if (r->fds_ok & 2) {
    m.msg_control = &control;
    m.msg_controllen = sizeof control;
  }
  v[0] = (struct iovec){.iov_base = r->maindata.s + r->maindata.len, .iov_len = rest};
  cbuffer_wpeek(&r->mainb, v + 1);
  do
    n = recvmsg(r->fd, &m, flags | MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR && flags & MSG_DONTWAIT);
  if (n <= 0)
    return n;
  if (!keep_fds(r, &m))
    return -1;
  rest = (size_t)n < rest ? (size_t)n : rest;
  r->maindata.len += rest;
  cbuffer_wseek(&r->mainb, (size_t)n - rest);
  return n;
}

/* Reads the header in the ring. 0: errno. No memory is taken before the length has been judged. */
static int begin_frame(unixmessage_receiver *r)
{
  char head[DOOR_HEAD];
  uint32_t len;
  uint16_t nfds;
  cbuffer_get(&r->mainb, head, DOOR_HEAD);
  uint32_unpack_big(head, &len);
  uint16_unpack_big(head + 4, &nfds);
  if (len < DOOR_FRAME_MIN || len > DOOR_MAX || nfds > (r->fds_ok & 2 ? 1 : 0))
    return (errno = EPROTO, 0);
  if (!stralloc_ready(&r->maindata, len))
    return 0;
  r->maindata.len = 0;
  r->mainlen = len;
  r->auxlen = nfds;
  return 1;
}

static int end_frame(unixmessage_receiver *r, frame *f)
{
  f->fd = -1;
  if (r->auxlen && cbuffer_get(&r->auxb, (char *)&f->fd, sizeof(int)) < sizeof(int))
    return (errno = EPROTO, 0);
  r->auxlen = 0;
  if (r->maindata.s[0] != DOOR_VERSION || (cbuffer_isempty(&r->mainb) && !cbuffer_isempty(&r->auxb))) {
    if (f->fd >= 0)
      fd_close(f->fd);
    return (errno = EPROTO, 0);
  }
  f->type = (unsigned char)r->maindata.s[1];
  f->s = r->maindata.s + DOOR_FRAME_MIN;
  f->len = r->maindata.len - DOOR_FRAME_MIN;
  return 1;
}

static enum door_got got_nothing(unixmessage_receiver const *r, ssize_t n)
{
  if (n < 0)
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? DOOR_NOTHING : DOOR_BROKEN;
  if (r->maindata.len == r->mainlen && cbuffer_isempty(&r->mainb))
    return DOOR_CLOSED;
  return (errno = EPROTO, DOOR_BROKEN);
}

static enum door_got receive(door *d, frame *f, int flags)
{
  unixmessage_receiver *r = &d->in;
  int between = r->maindata.len == r->mainlen;
  for (;;) {
    if (between && cbuffer_len(&r->mainb) >= DOOR_HEAD) {
      if (!begin_frame(r))
        return DOOR_BROKEN;
      between = 0;
    }
    if (!between) {
      r->maindata.len +=
          cbuffer_get(&r->mainb, r->maindata.s + r->maindata.len, r->mainlen - r->maindata.len);
      if (r->maindata.len == r->mainlen)
        return end_frame(r, f) ? DOOR_FRAME : DOOR_BROKEN;
    }
    ssize_t n = fill(r, flags);
    if (n <= 0)
      return got_nothing(r, n);
    if (!between && r->maindata.len == r->mainlen)
      return end_frame(r, f) ? DOOR_FRAME : DOOR_BROKEN;
  }
}

enum door_got door_get(door *d, frame *f)
{
  return receive(d, f, MSG_DONTWAIT);
}

enum door_got door_await(door *d, frame *f)
{
  return receive(d, f, 0);
}

size_t door_readahead(door *d, char *s, size_t max)
{
  return cbuffer_get(&d->in.mainb, s, max);
}
