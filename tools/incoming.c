/* incoming - see incoming.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include "tools/incoming.h"

#define READ_SIZE 65536u

size_t incoming_field(char const *s, size_t len)
{
  size_t n = 0, colon;
  while (n < len && (unsigned char)s[n] > 32 && (unsigned char)s[n] < 127 && s[n] != ':')
    n++;
  for (colon = n; colon < len && (s[colon] == ' ' || s[colon] == '\t');)
    colon++; /* RFC 5322 section 4.5 knows white space here */
  return n && colon < len && s[colon] == ':' ? n : 0;
}

static int open_file(void)
{
  char const *folder = getenv("TMPDIR");
  char path[512];
  int fd;
  if (!folder || !*folder || strlen(folder) > sizeof path - 32)
    folder = "/tmp";
  fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
  if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
    return fd;
  strcpy(path, folder);
  strcat(path, "/sendmail.XXXXXX");
  fd = mkostemp(path, O_CLOEXEC);
  if (fd >= 0)
    unlink(path);
  return fd;
}

/* Empties the memory into the file. */
static int spill(incoming *in)
{
  if (in->fd == -1 && (in->fd = open_file()) == -1)
    return 0;
  if (allwrite(in->fd, in->body.s, in->body.len) < in->body.len)
    return 0;
  in->filed += in->body.len;
  in->body.len = 0;
  return 1;
}

static int has_eight(char const *s, size_t len)
{
  unsigned char all = 0;
  for (size_t i = 0; i < len; i++)
    all |= (unsigned char)s[i];
  return all > 127;
}

static enum incoming_took add(incoming *in, stralloc *to, char const *s, size_t len, int ends)
{
  in->size += len + (size_t)ends;
  if (in->max && in->size > in->max)
    return INCOMING_TOOBIG;
  if (to == &in->head && to->len + len + 1 > INCOMING_HEADER)
    return INCOMING_HEADING;
  if (to == &in->body && to->len && to->len + len + 1 > INCOMING_MEMORY && !spill(in))
    return INCOMING_NOFILE;
  if (!stralloc_readyplus(to, len + 1))
    return INCOMING_NOFILE;
  memcpy(to->s + to->len, s, len);
  to->len += len;
  if (ends)
    to->s[to->len++] = '\n';
  in->eight |= !in->eight && has_eight(s, len);
  in->open_line = !ends;
  return INCOMING_OK;
}

enum incoming_took incoming_line(incoming *in, char const *s, size_t len, int ends)
{
  if (in->open_line || in->in_body)
    return add(in, in->in_body ? &in->body : &in->head, s, len, ends);
  int folded = in->head.len && len && (*s == ' ' || *s == '\t');
  if (!folded && !incoming_field(s, len)) {
    in->in_body = 1;
    if (!len && ends) /* the empty line is written anew */
      return INCOMING_OK;
  }
  return add(in, in->in_body ? &in->body : &in->head, s, len, ends);
}

typedef struct reader_s reader;
struct reader_s {
  int dots;
  int ended; /* by a dot */
};

/* A line or a part of one that was read: what stands for something else than itself is told apart here. */
static enum incoming_took take(incoming *in, reader *r, char const *s, size_t len, int ends)
{
  int first = !in->begun, begins = !in->open_line;
  in->begun = 1;
  if (ends && len && s[len - 1] == '\r')
    len--;
  if (begins && ends && r->dots && len == 1 && *s == '.') {
    r->ended = 1;
    return INCOMING_OK;
  }
  if (first && ends && len >= 5 && !memcmp(s, "From ", 5))
    return INCOMING_OK;
  return incoming_line(in, s, len, ends);
}

/* All lines that are whole. *used: their octets. */
static enum incoming_took take_lines(incoming *in, reader *r, char const *s, size_t len, size_t *used)
{
  enum incoming_took took = INCOMING_OK;
  *used = 0;
  while (took == INCOMING_OK && !r->ended) {
    char const *lf = memchr(s + *used, '\n', len - *used);
    if (!lf)
      break;
    took = take(in, r, s + *used, (size_t)(lf - s) - *used, 1);
    *used = (size_t)(lf - s) + 1;
  }
  return took;
}

enum incoming_took incoming_read(incoming *in, int fd, int dots)
{
  static char buffer[READ_SIZE];
  reader r = {.dots = dots};
  size_t have = 0, used;
  enum incoming_took took = INCOMING_OK;
  while (took == INCOMING_OK && !r.ended) {
    ssize_t n = fd_read(fd, buffer + have, sizeof buffer - have);
    if (n < 0)
      return INCOMING_NOREAD;
    if (!n)
      break;
    have += (size_t)n;
    took = take_lines(in, &r, buffer, have, &used);
    have -= used;
    memmove(buffer, buffer + used, have);
    if (took == INCOMING_OK && have == sizeof buffer) { /* a long line; a CR may belong to its end */
      took = take(in, &r, buffer, have - 1, 0);
      buffer[0] = buffer[have - 1];
      have = 1;
    }
  }
  if (took == INCOMING_OK && !r.ended && (have || in->open_line))
    took = take(in, &r, buffer, have, 1);
  return took;
}

int incoming_body(incoming *in, int (*f)(void *data, char const *s, size_t len), void *data)
{
  static char buffer[READ_SIZE];
  if (in->fd >= 0 && lseek(in->fd, 0, SEEK_SET) == -1)
    return 0;
  for (uint64_t left = in->filed; left;) {
    size_t want = left < sizeof buffer ? (size_t)left : sizeof buffer;
    ssize_t n = fd_read(in->fd, buffer, want);
    if (n <= 0)
      return (errno = n ? errno : EIO, 0);
    if (!(*f)(data, buffer, (size_t)n))
      return 0;
    left -= (uint64_t)n;
  }
  return !in->body.len || (*f)(data, in->body.s, in->body.len);
}

void incoming_clear(incoming *in)
{
  if (in->fd >= 0)
    fd_close(in->fd);
  stralloc head = in->head, body = in->body;
  uint64_t max = in->max;
  head.len = body.len = 0;
  *in = (incoming){.head = head, .body = body, .fd = -1, .max = max};
}
