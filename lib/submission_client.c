/* submission_client - how a program hands a message to door `queue`, waiting where it must.

   Nothing is written before SUBMISSION_PENDING bytes are there or the message ends, so a small one is one
   write. When the door answers early and closes, writing fails; the answer lies in the socket all the same
   and is read then. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <skalibs/iopause.h>
#include "lib/submission.h"

int submission_open(submission *s, envelope const *e, tain const *deadline)
{
  s->pending = stralloc_zero;
  s->open = 0;
  s->broken = 0;
  s->lost = 0;
  s->d.fd = -1;
  if (!door_knock(&s->d, "queue", DOOR_REFUSE_FDS, deadline))
    return 0;
  if (submission_pack(&s->pending, e))
    return 1;
  submission_abort(s);
  return 0;
}

void submission_abort(submission *s)
{
  int e = errno;
  door_close(&s->d);
  stralloc_free(&s->pending);
  errno = e;
}

static int await(int fd, short events, tain const *deadline)
{
  iopause_fd x = {.fd = fd, .events = events};
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

/* Writes all of v (n entries, which are used up). 0: errno, kept in s->broken. */
static int push(submission *s, struct iovec *v, size_t n, tain const *deadline)
{
  struct msghdr m = {.msg_iov = v, .msg_iovlen = n};
  while (m.msg_iovlen) {
    ssize_t r = sendmsg(s->d.fd, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (r < 0 && (errno == EINTR || (errno == EAGAIN && await(s->d.fd, IOPAUSE_WRITE, deadline))))
      continue;
    if (r < 0) {
      s->broken = errno;
      return 0;
    }
    for (; m.msg_iovlen && (size_t)r >= m.msg_iov->iov_len; m.msg_iov++, m.msg_iovlen--)
      r -= (ssize_t)m.msg_iov->iov_len;
    if (m.msg_iovlen) {
      m.msg_iov->iov_base = (char *)m.msg_iov->iov_base + r;
      m.msg_iov->iov_len -= (size_t)r;
    }
  }
  return 1;
}

/* Adds to the last chunk in pending, or opens one: many small pieces make one chunk. */
static int keep(submission *s, char const *octets, size_t len)
{
  if (!stralloc_readyplus(&s->pending, len + 4))
    return 0;
  if (!s->open) {
    s->pending.len += 4;
    s->open = s->pending.len;
  }
  stralloc_catb(&s->pending, octets, len);
  submission_chunk(s->pending.s + s->open - 4, s->pending.len - s->open);
  return 1;
}

/* Writes what is pending and one more chunk that is not copied. */
static int push_chunk(submission *s, char const *octets, size_t len, tain const *deadline)
{
  char head[4];
  struct iovec v[3] = {{.iov_base = s->pending.s, .iov_len = s->pending.len},
                       {.iov_base = head, .iov_len = sizeof head},
                       {.iov_base = (char *)octets, .iov_len = len}};
  submission_chunk(head, len);
  s->pending.len = 0;
  s->open = 0;
  return push(s, v, 3, deadline);
}

int submission_body(submission *s, char const *octets, size_t len, tain const *deadline)
{
  if (s->broken)
    return (errno = s->broken, 0);
  while (len) {
    size_t n = len < SUBMISSION_CHUNK ? len : SUBMISSION_CHUNK;
    if (s->pending.len + n + 4 <= SUBMISSION_PENDING ? !keep(s, octets, n)
                                                     : !push_chunk(s, octets, n, deadline))
      return 0;
    octets += n;
    len -= n;
  }
  return 1;
}

static int push_end(submission *s, tain const *deadline)
{
  char end[4];
  struct iovec v[2] = {{.iov_base = s->pending.s, .iov_len = s->pending.len},
                       {.iov_base = end, .iov_len = sizeof end}};
  submission_chunk(end, 0);
  return push(s, v, 2, deadline);
}

int submission_end(submission *s, result *r, char id_text[ID_LEN + 1], tain const *deadline)
{
  frame f;
  int accepted = 0;
  *id_text = 0;
  if (!s->broken)
    (void)push_end(s, deadline);
  /* The answer takes the other side a while: a read before the wait would come back empty. */
  if (s->broken != ETIMEDOUT && await(s->d.fd, IOPAUSE_READ, deadline) && door_wait(&s->d, &f, deadline))
    accepted = submission_answer(&f, r, id_text);
  else {
    int e = s->broken ? s->broken : errno;
    s->lost = e == EPIPE || e == ECONNRESET;
    result_set(r, RESULT_TEMPORARY, STATUS_NOT_ACCEPTING, "the mail queue does not answer: %s", strerror(e));
  }
  submission_abort(s);
  return accepted;
}
