/* mbox_append - one message at the end of a mailbox, in as few writes as there are buffers of it, with ">" before each line
   that begins with "From " (the kind of mbox that is called mboxo). */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "lib/log.h"
#include "local/failure.h"
#include "local/mbox.h"

#define SPANS 64u

typedef struct out_s out;
struct out_s {
  int fd;
  unsigned int n;
  struct iovec v[SPANS];
  uint64_t written;
  int at_start;         /* of a line */
  unsigned int matched; /* octets of "From " seen at the start of a line and held back */
};

static int flush(out *o)
{
  uint64_t len = 0;
  for (unsigned int i = 0; i < o->n; i++)
    len += o->v[i].iov_len;
  if (!copy_writev(o->fd, o->v, o->n))
    return 0;
  o->written += len;
  o->n = 0;
  return 1;
}

static int put(out *o, char const *s, size_t len)
{
  if (!len)
    return 1;
  if (o->n && (char *)o->v[o->n - 1].iov_base + o->v[o->n - 1].iov_len == s) {
    o->v[o->n - 1].iov_len += len;
    return 1;
  }
  if (o->n == SPANS && !flush(o))
    return 0;
  o->v[o->n++] = (struct iovec){.iov_base = (char *)s, .iov_len = len};
  return 1;
}

static char const quoted[] = ">From ";
#define FROM (quoted + 1)
#define FROM_LEN 5u

/* A line that begins with "From " gets a ">": its first octets are held back until that is decided, since a
   span may end in the middle of them. */
static int put_quoted(out *o, char const *s, size_t len)
{
  while (len) {
    char const *nl;
    size_t n;
    if (o->at_start && *s == FROM[o->matched]) {
      s++, len--;
      if (++o->matched < FROM_LEN)
        continue;
      o->at_start = 0;
      o->matched = 0;
      if (!put(o, quoted, FROM_LEN + 1))
        return 0;
      continue;
    }
    if (!put(o, FROM, o->matched))
      return 0;
    o->matched = 0;
    nl = memchr(s, '\n', len);
    n = nl ? (size_t)(nl - s) + 1 : len;
    o->at_start = !!nl;
    if (!put(o, s, n))
      return 0;
    s += n;
    len -= n;
  }
  return 1;
}

static int put_body(out *o, copy *m)
{
  uint64_t at = 0;
  char const *s;
  ssize_t r;
  while ((r = copy_next(m, &at, &s)) > 0) {
    if (!put_quoted(o, s, (size_t)r) || (at < m->length && !flush(o)))
      return 0;
  }
  if (r < 0)
    return 0;
  if (o->matched || !o->at_start) /* the message does not end with its last line's end */
    return put(o, FROM, o->matched) && put(o, "\n\n", 2) && flush(o);
  return put(o, "\n", 1) && flush(o);
}

/* What a writer that was killed left, or a program that ends no line, must not swallow our From_ line. */
static char const *missing_end(mbox const *b)
{
  char s[2] = "\n\n";
  if (!b->end || pread(b->fd, s, 2, b->end - 2 < 0 ? 0 : b->end - 2) < 1)
    return "";
  return b->end == 1 ? (*s == '\n' ? "" : "\n\n") : s[1] != '\n' ? "\n\n" : s[0] != '\n' ? "\n" : "";
}

int mbox_append(mbox *b, copy *m, result *r)
{
  char from[HEADERS_FROM_];
  char top[HEADERS_TOP];
  out o = {.fd = b->fd, .at_start = 1};
  char const *end = missing_end(b);
  if (put(&o, end, strlen(end)) && put(&o, from, headers_from_(from, m->sender)) &&
      put(&o, top, copy_top(m, top)) && put_body(&o, m)) {
    b->end += (off_t)o.written;
    return 1;
  }
  failure_set(r, errno, "write to", b->path);
  if (ftruncate(b->fd, b->end) < 0)
    log_warn("cut half a message off", b->path);
  return 0;
}
