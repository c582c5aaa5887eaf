/* submission - the bytes of door `queue`: packed for clients, taken apart for tern-queue. What a client
   claims is bounded before it is believed: the length of a chunk, the size and the number of the envelope's
   frames. */
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <skalibs/iopause.h>
#include <skalibs/uint16.h>
#include <skalibs/uint32.h>
#include "lib/submission.h"

#define FRAME_HEAD 8u  /* of a raw frame: unixmessage's length and number of descriptors, version, type */
#define FRAME_START 2u /* of these, what counts for the frame's length */

int submission_pack(stralloc *out, envelope const *e)
{
  size_t n = envelope_count(e), at = 0;
  do {
    size_t begin = out->len, next = n;
    if (!stralloc_readyplus(out, FRAME_HEAD))
      return 0;
    out->len += FRAME_HEAD;
    if (!envelope_pack(e, out, at, DOOR_MAX - FRAME_START, &next))
      return 0;
    if (out->len - begin > FRAME_HEAD - FRAME_START + DOOR_MAX)
      return (errno = EMSGSIZE, 0);
    char *head = out->s + begin;
    uint32_pack_big(head, (uint32_t)(out->len - begin - FRAME_HEAD + FRAME_START));
    uint16_pack_big(head + 4, 0);
    head[6] = DOOR_VERSION;
    head[7] = next < n ? SUBMISSION_MORE : SUBMISSION_LAST;
    at = next;
  } while (at < n);
  return 1;
}

void submission_chunk(char head[4], size_t len)
{
  uint32_pack_big(head, (uint32_t)len);
}

int submission_answer(frame const *f, result *r, char id_text[ID_LEN + 1])
{
  record_reader in = RECORD_READER(f->s, f->len);
  enum record_found found;
  record one;
  id i;
  int results = 0, ids = 0, wrong = f->type != SUBMISSION_ANSWER;
  while (!wrong && (found = record_next(&in, &one)) != RECORD_END)
    if (found == RECORD_BROKEN)
      wrong = 1;
    else if (one.type == SUBMISSION_RESULT)
      wrong = !result_unpack(r, one.s, one.len) || results++;
    else if (one.type == SUBMISSION_ID)
      wrong = !id_scan(&i, one.s, one.len) || ids++;
    else
      wrong = one.type & RECORD_MUST;
  if (wrong || !results || (r->class == RESULT_OK && !ids)) {
    result_set(r, RESULT_TEMPORARY, STATUS_PROTOCOL, "the mail queue's answer makes no sense");
    return 0;
  }
  if (ids)
    id_fmt(id_text, &i);
  return r->class == RESULT_OK;
}

int submission_take_envelope(door *d, envelope *e, tain const *deadline)
{
  frame f;
  for (unsigned int n = 0; n < SUBMISSION_FRAMES_MAX; n++) {
    if (!door_wait(d, &f, deadline))
      return -1;
    if (f.type != SUBMISSION_MORE && f.type != SUBMISSION_LAST)
      return (errno = EPROTO, -1);
    if (e->text.len + f.len > SUBMISSION_ENVELOPE_MAX)
      return ENVELOPE_TOOMANY;
    enum envelope_unpacked unpacked = envelope_unpack(e, f.s, f.len);
    if (unpacked != ENVELOPE_OK || f.type == SUBMISSION_LAST)
      return unpacked;
  }
  return ENVELOPE_BROKEN;
}

/* A head is complete: what it says. 0: EPROTO. */
static int begin_chunk(submission_stream *in)
{
  uint32_t len;
  uint32_unpack_big(in->head, &len);
  in->have = 0;
  if (len > SUBMISSION_CHUNK)
    return (errno = EPROTO, 0);
  in->left = len;
  in->ended = !len;
  return 1;
}

/* What the door's receiver read ahead, as far as it goes. -1: EPROTO. */
static ssize_t take_ahead(submission_stream *in, char *s, size_t max)
{
  size_t got = 0;
  while (!in->ended) {
    size_t n;
    if (in->left) {
      n = door_readahead(in->d, s + got, in->left < max - got ? in->left : max - got);
      in->left -= n;
      got += n;
    } else {
      n = door_readahead(in->d, in->head + in->have, sizeof in->head - in->have);
      in->have += (unsigned int)n;
      if (in->have == sizeof in->head && !begin_chunk(in))
        return -1;
    }
    if (!n)
      break;
  }
  return (ssize_t)got;
}

/* One read: the rest of the chunk and the head of the next. Octets of the body, or -1: errno. */
static ssize_t take_socket(submission_stream *in, char *s, size_t max)
{
  size_t want = in->left < max ? in->left : max;
  struct iovec v[2] = {{.iov_base = s, .iov_len = want},
                       {.iov_base = in->head + in->have, .iov_len = sizeof in->head - in->have}};
  struct msghdr m = {.msg_iov = v, .msg_iovlen = in->left > max ? 1 : 2};
  ssize_t r = recvmsg(in->d->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (r < 0)
    return -1;
  if (!r)
    return (errno = EPIPE, -1);
  if (m.msg_flags & MSG_CTRUNC) /* descriptors, which nobody asked for: the kernel dropped them */
    return (errno = EPROTO, -1);
  size_t body = (size_t)r < want ? (size_t)r : want;
  in->left -= body;
  in->have += (unsigned int)((size_t)r - body);
  if (in->have == sizeof in->head && !begin_chunk(in))
    return -1;
  return (ssize_t)body;
}

ssize_t submission_read(submission_stream *in, char *s, size_t max, tain const *deadline)
{
  ssize_t ahead = take_ahead(in, s, max);
  if (ahead < 0)
    return -1;
  size_t got = (size_t)ahead;
  while (!in->ended && got < max) {
    ssize_t r = take_socket(in, s + got, max - got);
    if (r >= 0) {
      got += (size_t)r;
      continue;
    }
    if (errno != EAGAIN && errno != EWOULDBLOCK)
      return -1;
    if (got)
      break;
    iopause_fd x = {.fd = in->d->fd, .events = IOPAUSE_READ};
    int ready = iopause_g(&x, 1, deadline);
    if (ready < 0)
      return -1;
    if (!ready)
      return (errno = ETIMEDOUT, -1);
  }
  return (ssize_t)got;
}

int submission_reply(door *d, result const *r, char const *id_text, tain const *deadline)
{
  static stralloc packed = STRALLOC_ZERO;
  static stralloc out = STRALLOC_ZERO;
  packed.len = 0;
  out.len = 0;
  return result_pack(&packed, r) && record_put(&out, SUBMISSION_RESULT, packed.s, packed.len) &&
         (!id_text || record_puts(&out, SUBMISSION_ID, id_text)) &&
         door_put(d, SUBMISSION_ANSWER, out.s, out.len) && door_send(d, deadline);
}
