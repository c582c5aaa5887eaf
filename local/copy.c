/* copy - reading and copying. A message of up to COPY_BUFFER octets is read once and written once; of a
   larger one the header is read, and the rest goes from file to file in the kernel. */
#include <errno.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>
#include "local/copy.h"

static char octets[COPY_BUFFER];
static copy const *holder; /* whose octets are in octets */
static uint64_t begin;     /* which of its octets is the first */
static size_t have;

void copy_init(copy *m, job const *j, size_t i)
{
  envelope_rcpt const *to = envelope_rcpts(&j->e) + i;
  m->fd = j->fd;
  m->offset = j->offset;
  m->length = j->length;
  m->j = j;
  m->sender = envelope_string(&j->e, j->e.sender);
  m->recipient = envelope_string(&j->e, to->address);
  m->original = to->original ? envelope_string(&j->e, to->original) : m->recipient;
  m->loaded = 0;
  headers_init(&m->h, m->recipient);
  if (holder == m)
    holder = 0;
}

/* Makes the octets from `at` on be in octets. 0: errno. */
static int fill(copy *m, uint64_t at)
{
  uint64_t want = m->length - at < sizeof octets ? m->length - at : sizeof octets;
  ssize_t r;
  holder = 0;
  do
    r = pread(m->fd, octets, want, (off_t)(m->offset + at));
  while (r < 0 && errno == EINTR);
  if (r <= 0)
    return r < 0 ? 0 : (errno = EIO, 0);
  holder = m;
  begin = at;
  have = (size_t)r;
  return 1;
}

int copy_load(copy *m)
{
  if (m->loaded)
    return 1;
  while (!m->h.ended && m->h.at < m->length) {
    if (!fill(m, m->h.at))
      return 0;
    /* a read that ends within a line: take that line again with what follows it */
    while (!m->h.ended && m->h.at < begin + have) {
      size_t n = begin + have - m->h.at;
      if (!headers_scan(&m->h, octets + (m->h.at - begin), n))
        break;
      if (begin + have < m->length && !memchr(octets + (m->h.at - begin), '\n', begin + have - m->h.at))
        break;
    }
  }
  headers_finish(&m->h);
  m->loaded = 1;
  return 1;
}

/* Moves *at behind what is left out; gives where the octets that may be given end. */
static uint64_t range(copy const *m, uint64_t *at)
{
  for (unsigned int i = 0; i < m->h.nskip; i++) {
    if (*at < m->h.skip[i].from)
      return m->h.skip[i].from;
    if (*at < m->h.skip[i].to)
      *at = m->h.skip[i].to;
  }
  return m->length;
}

ssize_t copy_next(copy *m, uint64_t *at, char const **s)
{
  uint64_t end = range(m, at);
  if (*at >= m->length)
    return 0;
  if ((holder != m || *at < begin || *at >= begin + have) && !fill(m, *at))
    return -1;
  *s = octets + (*at - begin);
  end = end < begin + have ? end : begin + have;
  ssize_t n = (ssize_t)(end - *at);
  *at = end;
  return n;
}

size_t copy_top(copy const *m, char *s)
{
  size_t n = headers_return_path(s, m->sender);
  n += headers_original(s + n, m->original);
  return n + headers_delivered(s + n, m->recipient);
}

uint64_t copy_size(copy const *m)
{
  char top[HEADERS_TOP];
  uint64_t size = m->length + copy_top(m, top);
  for (unsigned int i = 0; i < m->h.nskip; i++)
    size -= m->h.skip[i].to - m->h.skip[i].from;
  return size;
}

int copy_writev(int fd, struct iovec *v, unsigned int n)
{
  while (n) {
    ssize_t r = writev(fd, v, (int)n);
    if (r < 0 && errno == EINTR)
      continue;
    if (r < 0)
      return 0;
    for (; n && (size_t)r >= v->iov_len; v++, n--)
      r -= (ssize_t)v->iov_len;
    if (n) {
      v->iov_base = (char *)v->iov_base + r;
      v->iov_len -= (size_t)r;
    }
  }
  return 1;
}

/* ---- in the kernel */

enum way { WAY_COPY, WAY_SENDFILE, WAY_BUFFER };

static ssize_t move(copy *m, int fd, uint64_t at, size_t n, enum way way)
{
  off_t from = (off_t)(m->offset + at);
  if (way == WAY_COPY)
    return copy_file_range(m->fd, &from, fd, 0, n, 0);
  if (way == WAY_SENDFILE)
    return sendfile(fd, m->fd, &from, n);
  if (!fill(m, at))
    return -1;
  return write(fd, octets, have < n ? have : n);
}

/* Which errors mean "not between these two files": the next way is tried, the last one's errors are final. */
static int is_no_way(int e)
{
  return e == EXDEV || e == EINVAL || e == ENOSYS || e == EOPNOTSUPP || e == EPERM || e == EBADF;
}

static int copy_range(copy *m, int fd, uint64_t at, uint64_t end)
{
  enum way way = WAY_COPY;
  while (at < end) {
    uint64_t left = end - at;
    ssize_t r = move(m, fd, at, left < (1u << 30) ? left : 1u << 30, way);
    if (r > 0)
      at += (uint64_t)r;
    else if (!r && way == WAY_BUFFER)
      return (errno = EIO, 0);
    else if (!r || (is_no_way(errno) && way != WAY_BUFFER))
      way++; /* 0: some file systems copy nothing and say so in this way */
    else if (errno != EINTR)
      return 0;
  }
  return 1;
}

int copy_write(copy *m, int fd)
{
  char top[HEADERS_TOP];
  struct iovec v[HEADERS_SKIP_MAX + 2] = {{.iov_base = top, .iov_len = copy_top(m, top)}};
  unsigned int n = 1;
  uint64_t at = 0;
  if (m->length <= COPY_BUFFER) {
    char const *s;
    ssize_t r;
    while ((r = copy_next(m, &at, &s)) > 0) {
      v[n++] = (struct iovec){.iov_base = (char *)s, .iov_len = (size_t)r};
      if (n < sizeof v / sizeof *v && begin == 0 && have == m->length)
        continue; /* all of it is in octets */
      if (!copy_writev(fd, v, n))
        return 0;
      n = 0;
    }
    return r == 0 && copy_writev(fd, v, n);
  }
  if (!copy_writev(fd, v, n))
    return 0;
  while (at < m->length) {
    uint64_t end = range(m, &at);
    if (at < end && !copy_range(m, fd, at, end))
      return 0;
    at = end;
  }
  return 1;
}
