/* door - frames over the Unix sockets in run/: one sendmsg for what is queued, one recvmsg for what comes.

   Storage and wire format are those of skalibs' unixmessage. Sending and receiving are done here, because
   skalibs 2.13 takes memory for whatever length a header announces before anyone can look at it, sends a
   whole message again after a short write, and does not see that the kernel dropped a descriptor
   (MSG_CTRUNC). Nothing here waits. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <skalibs/cbuffer.h>
#include <skalibs/disize.h>
#include <skalibs/djbunix.h>
#include <skalibs/genalloc.h>
#include <skalibs/uint16.h>
#include <skalibs/uint32.h>
#include "lib/door.h"

#define HEAD 6u       /* bytes before a frame: its length (4), its number of descriptors (2) */
#define FRAME_MIN 2u  /* version and type */
#define BATCH 16u     /* frames in one sendmsg */
#define COMPACT 4096u /* bytes sent already that are worth a memmove */

void door_start(door *d, int fd, enum door_descriptors fds)
{
  d->fd = fd;
  unixmessage_sender_init(&d->out, fd);
  (void)unixmessage_receiver_init(&d->in, fd, d->mainbuf, sizeof d->mainbuf, d->auxbuf, sizeof d->auxbuf);
  if (fds == DOOR_REFUSE_FDS)
    unixmessage_receiver_refuse_fds(&d->in);
}

void door_init(door *d, int fd, enum door_descriptors fds)
{
  int on = 1;
  (void)ioctl(fd, FIONBIO, &on);
  (void)ioctl(fd, FIOCLEX);
  door_start(d, fd, fds);
}

void door_free(door *d)
{
  if (d->fd < 0)
    return;
  unixmessage_sender_free(&d->out);
  unixmessage_receiver_free(&d->in);
  d->fd = -1;
}

void door_close(door *d)
{
  int fd = d->fd;
  door_free(d);
  if (fd >= 0)
    fd_close(fd);
}

/* ---- sending */

static int put(door *d, unsigned char type, char const *s, size_t len, int *fds, unsigned int nfds)
{
  char start[FRAME_MIN] = {DOOR_VERSION, (char)type};
  struct iovec v[2] = {{.iov_base = start, .iov_len = sizeof start}, {.iov_base = (char *)s, .iov_len = len}};
  unixmessagev m = {.v = v, .vlen = len ? 2 : 1, .fds = fds, .nfds = nfds};
  if (len > DOOR_MAX - FRAME_MIN)
    return (errno = EMSGSIZE, 0);
  return unixmessage_putv_and_close(&d->out, &m, unixmessage_bits_closeall);
}

int door_put(door *d, unsigned char type, char const *s, size_t len)
{
  return put(d, type, s, len, 0, 0);
}

int door_put_fd(door *d, unsigned char type, char const *s, size_t len, int fd)
{
  return put(d, type, s, len, &fd, 1);
}

/* Where frame i of the sender begins (left: bytes, right: descriptors); i may be the number of frames. */
static disize place(unixmessage_sender const *b, size_t i)
{
  disize end = {.left = b->data.len, .right = genalloc_len(int, &b->fds)};
  return i < genalloc_len(disize, &b->offsets) ? genalloc_s(disize, &b->offsets)[i] : end;
}

/* A frame's header and bytes, without the first `skip` of them. */
static unsigned int lay_out(unixmessage_sender const *b, size_t i, size_t skip, char head[HEAD],
                            struct iovec *v)
{
  disize from = place(b, i);
  disize to = place(b, i + 1);
  size_t len = to.left - from.left;
  unsigned int n = 0;
  uint32_pack_big(head, (uint32_t)len);
  uint16_pack_big(head + 4, (uint16_t)(to.right - from.right));
  if (skip < HEAD)
    v[n++] = (struct iovec){.iov_base = head + skip, .iov_len = HEAD - skip};
  skip = skip < HEAD ? 0 : skip - HEAD;
  v[n++] = (struct iovec){.iov_base = b->data.s + from.left + skip, .iov_len = len - skip};
  return n;
}

/* The frame at the head with its descriptor, if its first byte is still to be sent, and those after it that
   have none: the kernel ties descriptors to the first byte of a sendmsg. */
static ssize_t send_batch(unixmessage_sender *b)
{
  union {
    struct cmsghdr align;
    char s[CMSG_SPACE(sizeof(int))];
  } control;
  char heads[BATCH][HEAD];
  struct iovec v[2 * BATCH];
  struct msghdr m = {.msg_iov = v};
  disize from = place(b, b->head);
  disize to = place(b, b->head + 1);
  size_t whole = HEAD + to.left - from.left;
  size_t i = b->head + 1;
  ssize_t r;
  m.msg_iovlen = lay_out(b, b->head, b->shorty ? whole - b->shorty : 0, heads[0], v);
  for (; i < b->head + BATCH && i < genalloc_len(disize, &b->offsets); i++) {
    if (place(b, i).right != place(b, i + 1).right)
      break;
    m.msg_iovlen += lay_out(b, i, 0, heads[i - b->head], v + m.msg_iovlen);
  }
  if (from.right != to.right && !b->shorty) {
    int fd = genalloc_s(int, &b->fds)[from.right];
    struct cmsghdr *c = &control.align;
    memset(&control, 0, sizeof control);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    fd = fd < 0 ? -(fd + 1) : fd;
    memcpy(CMSG_DATA(c), &fd, sizeof fd);
    m.msg_control = &control;
    m.msg_controllen = sizeof control;
  }
  do
    r = sendmsg(b->fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
  while (r < 0 && errno == EINTR);
  return r;
}

/* The descriptor of the frame at the head is on its way: close it, and make sure that nobody does so again.
 */
static void close_sent(unixmessage_sender *b)
{
  size_t i = place(b, b->head).right;
  for (; i < place(b, b->head + 1).right; i++) {
    int *fd = genalloc_s(int, &b->fds) + i;
    if (*fd < 0)
      fd_close(-(*fd + 1));
    *fd = 0;
  }
}

static void advance(unixmessage_sender *b, size_t sent)
{
  while (sent) {
    size_t left = b->shorty ? b->shorty : HEAD + place(b, b->head + 1).left - place(b, b->head).left;
    if (!b->shorty)
      close_sent(b);
    b->shorty = sent < left ? left - sent : 0;
    if (b->shorty)
      return;
    b->head++;
    sent -= left;
  }
}

/* Forgets what has been sent: a door that is never quite empty must not grow for ever. */
static void compact(unixmessage_sender *b)
{
  size_t n = genalloc_len(disize, &b->offsets);
  size_t i = b->head;
  disize gone = place(b, b->head);
  disize *o = genalloc_s(disize, &b->offsets);
  int *fds = genalloc_s(int, &b->fds);
  if (i < n && (gone.left < COMPACT || gone.left < b->data.len / 2))
    return;
  for (; i < n; i++)
    o[i - b->head] = (disize){.left = o[i].left - gone.left, .right = o[i].right - gone.right};
  b->data.len -= gone.left;
  if (b->data.len)
    memmove(b->data.s, b->data.s + gone.left, b->data.len);
  n = genalloc_len(int, &b->fds) - gone.right;
  if (n)
    memmove(fds, fds + gone.right, n * sizeof(int));
  genalloc_setlen(int, &b->fds, n);
  genalloc_setlen(disize, &b->offsets, genalloc_len(disize, &b->offsets) - b->head);
  b->head = 0;
}

int door_flush(door *d)
{
  unixmessage_sender *b = &d->out;
  int ok = 1;
  int e = 0;
  while (ok && b->head < genalloc_len(disize, &b->offsets)) {
    ssize_t r = send_batch(b);
    if (r > 0)
      advance(b, (size_t)r);
    else {
      e = errno == EWOULDBLOCK ? EAGAIN : errno;
      ok = 0;
    }
  }
  compact(b);
  errno = e;
  return ok;
}

/* ---- receiving */

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
static ssize_t fill(unixmessage_receiver *r)
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
    n = recvmsg(r->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (n < 0 && errno == EINTR);
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
  char head[HEAD];
  uint32_t len;
  uint16_t nfds;
  cbuffer_get(&r->mainb, head, HEAD);
  uint32_unpack_big(head, &len);
  uint16_unpack_big(head + 4, &nfds);
  if (len < FRAME_MIN || len > DOOR_MAX || nfds > (r->fds_ok & 2 ? 1 : 0))
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
  f->s = r->maindata.s + FRAME_MIN;
  f->len = r->maindata.len - FRAME_MIN;
  return 1;
}

static enum door_got got_nothing(unixmessage_receiver const *r, ssize_t n)
{
  if (n < 0)
    return errno == EAGAIN || errno == EWOULDBLOCK ? DOOR_NOTHING : DOOR_BROKEN;
  if (r->maindata.len == r->mainlen && cbuffer_isempty(&r->mainb))
    return DOOR_CLOSED;
  return (errno = EPROTO, DOOR_BROKEN);
}

enum door_got door_get(door *d, frame *f)
{
  unixmessage_receiver *r = &d->in;
  int between = r->maindata.len == r->mainlen;
  for (;;) {
    if (between && cbuffer_len(&r->mainb) >= HEAD) {
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
    ssize_t n = fill(r);
    if (n <= 0)
      return got_nothing(r, n);
    if (!between && r->maindata.len == r->mainlen)
      return end_frame(r, f) ? DOOR_FRAME : DOOR_BROKEN;
  }
}

size_t door_readahead(door *d, char *s, size_t max)
{
  return cbuffer_get(&d->in.mainb, s, max);
}
