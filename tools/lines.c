/* lines - see lines.h. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <skalibs/allreadwrite.h>
#include "tools/lines.h"

int lines_ready(lines const *l)
{
  return memchr(l->s + l->start, '\n', l->end - l->start) != 0;
}

static int give(lines *l, line *one, size_t len, int ends)
{
  one->s = l->s + l->start;
  one->len = len;
  one->begins = !l->inside;
  one->ends = ends;
  l->start += len + (size_t)ends;
  l->inside = !ends;
  if (ends && len && one->s[len - 1] == '\r')
    one->len--;
  return 1;
}

static int fill(lines *l)
{
  struct pollfd x = {.fd = l->fd, .events = POLLIN};
  int r;
  memmove(l->s, l->s + l->start, l->end - l->start);
  l->end -= l->start;
  l->start = 0;
  do
    r = poll(&x, 1, l->timeout * 1000);
  while (r == -1 && errno == EINTR);
  if (!r)
    return (errno = ETIMEDOUT, -1);
  ssize_t n = r > 0 ? fd_read(l->fd, l->s + l->end, LINES_SIZE - l->end) : -1;
  if (n > 0)
    l->end += (size_t)n;
  return n > 0 ? 1 : (int)n;
}

int lines_next(lines *l, line *one)
{
  for (;;) {
    size_t have = l->end - l->start;
    char const *lf = memchr(l->s + l->start, '\n', have);
    if (lf)
      return give(l, one, (size_t)(lf - l->s) - l->start, 1);
    if (have == LINES_SIZE) /* its last octet may be the CR of a line's end */
      return give(l, one, have - 1, 0);
    int r = fill(l);
    if (r <= 0)
      return r || !have ? r : give(l, one, have, 0);
  }
}
