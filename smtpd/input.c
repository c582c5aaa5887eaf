/* input - a read(2) bounded by the socket's own timeout is the whole cost of a wait; poll is asked only for a
   line that is half there, so that a client that sends an octet now and then gains nothing, and while the
   service drains. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <skalibs/iopause.h>
#include "lib/pool.h"
#include "smtpd/crowd.h"
#include "smtpd/input.h"

void input_prepare(int listener, unsigned int timeout)
{
  struct timeval const limit = {.tv_sec = (time_t)timeout};
  int on = 1;
  (void)setsockopt(listener, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  /* Replies go out in one write a batch; two batches in a row must not wait for a delayed ACK. */
  (void)setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void input_init(input *in, int fd, unsigned int timeout)
{
  struct timeval const limit = {.tv_sec = (time_t)timeout};
  in->fd = fd;
  in->timeout = timeout;
  in->skipping = 0;
  in->base = in->head = in->tail = 0;
  in->timed = setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) ==
              0; /* not the listener's: accept would end */
}

enum input_line input_line(input *in, char **s, size_t *len)
{
  size_t have = in->tail - in->head;
  char *start = in->s + in->head;
  char *end = have ? memchr(start, '\n', have) : 0;
  if (!end) {
    if (in->skipping || have > INPUT_LINE_MAX) {
      in->skipping = 1;
      in->head = in->tail = in->base;
    }
    return INPUT_LINE_NONE;
  }
  in->head += (size_t)(end - start) + 1;
  if (in->skipping || end - start >= (ptrdiff_t)INPUT_LINE_MAX) {
    in->skipping = 0;
    return INPUT_LINE_TOOLONG;
  }
  int bare = end == start || end[-1] != '\r';
  if (!bare)
    end--;
  *end = 0;
  *s = start;
  *len = (size_t)(end - start);
  return bare || memchr(start, '\r', *len) ? INPUT_LINE_BARE : INPUT_LINE_ONE;
}

/* Waits for an octet until the deadline or the end of draining, whichever is first. */
static enum input_got await(input const *in, tain const *deadline, int draining, tain const *drained)
{
  iopause_fd x = {.fd = in->fd, .events = IOPAUSE_READ};
  int first = draining && (!deadline || tain_less(drained, deadline));
  int r = iopause_g(&x, 1, first ? drained : deadline);
  if (r)
    return INPUT_MORE; /* also EINTR: the read will tell */
  return first ? INPUT_DRAINED : INPUT_TIMEOUT;
}

static enum input_got fill(input *in, tain const *deadline)
{
  for (;;) {
    tain drained = TAIN_INFINITE;
    tain limit;
    int draining = pool_draining(&drained);
    if (crowd_is_asked_to_go())
      return INPUT_CROWDED;
    if ((draining || !in->timed) && !deadline) {
      tain_addsec_g(&limit, (int)in->timeout);
      deadline = &limit;
    }
    if (deadline) {
      enum input_got got = await(in, deadline, draining, &drained);
      if (got != INPUT_MORE)
        return got;
    }
    ssize_t r = read(in->fd, in->s + in->tail, INPUT_SIZE - in->tail);
    tain_now_g();
    if (r > 0) {
      in->tail += (size_t)r;
      return INPUT_MORE;
    }
    if (!r)
      return INPUT_CLOSED;
    if (errno == EINTR)
      continue;
    return errno == EAGAIN || errno == EWOULDBLOCK ? INPUT_TIMEOUT : INPUT_CLOSED;
  }
}

enum input_got input_read(input *in, tain const *deadline)
{
  if (in->head == in->tail)
    in->head = in->tail = in->base;
  if (in->tail == INPUT_SIZE) {
    memmove(in->s + in->base, in->s + in->head, in->tail - in->head);
    in->tail -= in->head - in->base;
    in->head = in->base;
  }
  return fill(in, deadline);
}

enum input_got input_listen(input const *in, unsigned int ms)
{
  iopause_fd x = {.fd = in->fd, .events = IOPAUSE_READ};
  tain deadline;
  tain_now_g();
  if (!tain_from_millisecs(&deadline, (int)ms))
    return INPUT_TIMEOUT;
  tain_add_g(&deadline, &deadline);
  for (;;) {
    int r;
    if (pool_draining(0) || crowd_is_asked_to_go())
      return INPUT_TIMEOUT;
    r = iopause_g(&x, 1, &deadline);
    if (r > 0)
      return INPUT_MORE;
    if (!r)
      return INPUT_TIMEOUT;
  }
}

enum input_got input_read_behind(input *in, size_t keep)
{
  /* One octet of room: the decoder may hold one back and give it later (smtpd/data.h). */
  in->head = in->tail = keep + 1;
  return fill(in, 0);
}
