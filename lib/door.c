/* door - the beginning and the end of a door, and sending: one sendmsg for what is queued.

   Storage and wire format are those of skalibs' unixmessage. Sending is done here, because skalibs 2.13 sends
   a whole message again after a short write. Nothing here waits. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <skalibs/disize.h>
#include <skalibs/djbunix.h>
#include <skalibs/genalloc.h>
#include <skalibs/uint16.h>
#include <skalibs/uint32.h>
#include "lib/door.h"

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

static int put(door *d, unsigned char type, char const *s, size_t len, int *fds, unsigned int nfds)
{
  char start[DOOR_FRAME_MIN] = {DOOR_VERSION, (char)type};
  struct iovec v[2] = {{.iov_base = start, .iov_len = sizeof start}, {.iov_base = (char *)s, .iov_len = len}};
  unixmessagev m = {.v = v, .vlen = len ? 2 : 1, .fds = fds, .nfds = nfds};
  if (len > DOOR_MAX - DOOR_FRAME_MIN)
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
static unsigned int lay_out(unixmessage_sender const *b, size_t i, size_t skip, char head[DOOR_HEAD],
                            struct iovec *v)
{
  disize from = place(b, i);
  disize to = place(b, i + 1);
  size_t len = to.left - from.left;
  unsigned int n = 0;
  uint32_pack_big(head, (uint32_t)len);
  uint16_pack_big(head + 4, (uint16_t)(to.right - from.right));
  if (skip < DOOR_HEAD)
    v[n++] = (struct iovec){.iov_base = head + skip, .iov_len = DOOR_HEAD - skip};
  skip = skip < DOOR_HEAD ? 0 : skip - DOOR_HEAD;
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
  char heads[BATCH][DOOR_HEAD];
  struct iovec v[2 * BATCH];
  struct msghdr m = {.msg_iov = v};
  disize from = place(b, b->head);
  disize to = place(b, b->head + 1);
  size_t whole = DOOR_HEAD + to.left - from.left;
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
    size_t left = b->shorty ? b->shorty : DOOR_HEAD + place(b, b->head + 1).left - place(b, b->head).left;
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
