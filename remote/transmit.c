/* transmit - a message's body as DATA wants it. See transmit.h for what it promises. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "remote/transmit.h"

/* A span within one line, its first octet not a dot to be doubled. */
static char *put_span(char *out, char const *in, size_t len)
{
  char *cr;
  memcpy(out, in, len);
  for (cr = memchr(out, '\r', len); cr; cr = memchr(cr, '\r', len - (size_t)(cr - out)))
    *cr = ' ';
  return out + len;
}

static char *put_start(transmit_state *t, char const **in, char const *end, char *out)
{
  if (*in < end && !**in) {
    *out++ = ' ';
    ++*in;
    t->inside = 1;
  }
  if (!t->inside && *in < end && **in == '.')
    *out++ = '.';
  return out;
}

size_t transmit_convert(transmit_state *t, char const *in, size_t len, char *out)
{
  char *o = out;
  char const *end = in + len;
  if (!len)
    return 0;
  if (t->cr && *in != '\n') {
    *o++ = ' ';
    t->inside = 1;
  }
  t->cr = end[-1] == '\r';
  if (t->cr)
    end--;
  while (in < end) {
    char const *lf;
    if (!t->inside)
      o = put_start(t, &in, end, o);
    lf = memchr(in, '\n', (size_t)(end - in));
    if (!lf) {
      t->inside = t->inside || in < end;
      o = put_span(o, in, (size_t)(end - in));
      break;
    }
    o = put_span(o, in, (size_t)(lf - in) - (lf > in && lf[-1] == '\r'));
    *o++ = '\r';
    *o++ = '\n';
    t->inside = 0;
    in = lf + 1;
  }
  return (size_t)(o - out);
}

size_t transmit_finish(transmit_state *t, char *out)
{
  char *o = out;
  if (t->cr)
    *o++ = ' ';
  if (t->cr || t->inside) {
    *o++ = '\r';
    *o++ = '\n';
  }
  memcpy(o, ".\r\n", 3);
  return (size_t)(o - out) + 3;
}

/* Exactly len octets from the file's place `at`. 0: errno. */
static int read_piece(int fd, char *s, size_t len, uint64_t at)
{
  while (len) {
    ssize_t r = pread(fd, s, len, (off_t)at);
    if (!r)
      return (errno = EIO, 0);
    if (r < 0) {
      if (errno == EINTR)
        continue;
      return 0;
    }
    s += r;
    at += (size_t)r;
    len -= (size_t)r;
  }
  return 1;
}

/* Line ends that will grow by an octet. */
static size_t count_growth(char const *s, size_t len)
{
  size_t n = 0, i;
  for (i = 0; i < len; i++)
    n += s[i] == '\n';
  return n;
}

int body_open(body *b, int fd, uint64_t offset, uint64_t length)
{
  size_t lines;
  b->fd = fd;
  b->offset = offset;
  b->length = length;
  b->have = length < TRANSMIT_PIECE ? (size_t)length : TRANSMIT_PIECE;
  if (length > INT64_MAX / 4 || offset > INT64_MAX / 4)
    return (errno = EIO, 0);
  if (!read_piece(fd, b->first, b->have, offset))
    return 0;
  lines = count_growth(b->first, b->have);
  b->estimate = length + lines;
  if (length > b->have)
    b->estimate = length + length / TRANSMIT_PIECE * (lines + 1) + lines;
  else if (length && b->first[b->have - 1] != '\n')
    b->estimate += 2;
  return 1;
}

int body_header_is_8bit(body const *b)
{
  size_t i;
  for (i = 0; i < b->have; i++) {
    if ((unsigned char)b->first[i] > 127)
      return 1;
    if (b->first[i] == '\n' && i + 1 < b->have && (b->first[i + 1] == '\n' || b->first[i + 1] == '\r'))
      return 0;
  }
  return 0;
}

static int send_piece(stream *s, char const *octets, size_t len, unsigned int seconds, tain const *all)
{
  tain deadline;
  tain_addsec_g(&deadline, (int)seconds);
  return stream_send(s, octets, len, tain_less(&deadline, all) ? &deadline : all);
}

enum body_sent body_send(body *b, stream *s, unsigned int seconds)
{
  transmit_state t = TRANSMIT_START;
  uint64_t at = 0;
  tain all;
  tain_now_g();
  tain_addsec_g(&all, (int)(seconds + b->length / TRANSMIT_RATE));
  do {
    size_t n = b->length - at < TRANSMIT_PIECE ? (size_t)(b->length - at) : TRANSMIT_PIECE;
    char const *piece = at ? b->more : b->first;
    size_t out;
    if (at && !read_piece(b->fd, b->more, n, b->offset + at))
      return BODY_UNREAD;
    out = transmit_convert(&t, piece, n, b->out);
    at += n;
    if (at == b->length) {
      out += transmit_finish(&t, b->out + out);
      if (!stream_may_commit(s))
        return BODY_LOST;
    }
    if (!send_piece(s, b->out, out, seconds, &all))
      return at == b->length ? BODY_UNSURE : BODY_LOST;
    tain_now_g();
  } while (at < b->length);
  return BODY_SENT;
}
