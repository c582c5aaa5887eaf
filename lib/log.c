/* log - builds a line in the caller's memory and writes it at once. Never waits, never allocates, leaves
   errno alone.

   A value is written as it is if it is made of printable ASCII without space, quote and backslash, else in
   quotes with
   \" \\ and \xHH. One value takes VALUE bytes of the line at most, so that a long one does not push out the
   others; what is cut ends in "...". */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <skalibs/types.h>
#include <skalibs/uint64.h>
#include "lib/log.h"

#define VALUE 1200u /* bytes that a value may take: an address of 1000 octets fits */
#define RESERVE 40u /* bytes kept for " dropped=N" and the end of the line */
#define ROOM (LOG_LINE - RESERVE)

static uint64_t dropped;
static struct { /* lines that wait for log_flush */
  int on;
  size_t len;
  unsigned int lines;
  char s[LOG_LINE];
} kept;

void log_init(void)
{
  struct stat st;
  int flags;
  if (fstat(2, &st) < 0 || !(S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)))
    return;
  flags = fcntl(2, F_GETFL);
  if (flags >= 0)
    (void)fcntl(2, F_SETFL, flags | O_NONBLOCK);
}

static void raw(log_entry *l, char const *s, size_t len)
{
  if (len > ROOM - l->len)
    len = ROOM - l->len;
  memcpy(l->s + l->len, s, len);
  l->len += len;
}

static int is_plain(char const *s, size_t len)
{
  size_t i = 0;
  for (; i < len; i++)
    if (s[i] <= ' ' || s[i] > '~' || s[i] == '"' || s[i] == '\\')
      return 0;
  return len > 0;
}

/* How one octet stands between quotes: 1 to 4 bytes. */
static size_t escape(char out[4], unsigned char c)
{
  if (c == '"' || c == '\\') {
    out[0] = '\\';
    out[1] = (char)c;
    return 2;
  }
  if (c >= ' ' && c <= '~') {
    out[0] = (char)c;
    return 1;
  }
  out[0] = '\\';
  out[1] = 'x';
  out[2] = "0123456789abcdef"[c >> 4];
  out[3] = "0123456789abcdef"[c & 15];
  return 4;
}

/* Puts as much of s as fits into max bytes, "..." for what does not. quoted: escape it. */
static void put_cut(log_entry *l, char const *s, size_t len, size_t max, int quoted)
{
  size_t end = l->len + max;
  size_t i = 0;
  size_t safe = l->len; /* where "..." still fits */
  for (; i < len; i++) {
    char one[4];
    size_t n = quoted ? escape(one, (unsigned char)s[i]) : (one[0] = s[i], 1);
    if (l->len + n > end)
      break;
    raw(l, one, n);
    if (l->len + 3 <= end)
      safe = l->len;
  }
  if (i < len) {
    l->len = safe;
    raw(l, "...", 3);
  }
}

void log_addb(log_entry *l, char const *key, char const *value, size_t len)
{
  size_t klen = strlen(key);
  int quoted = !is_plain(value, len);
  size_t room = ROOM - l->len;
  if (room < klen + 2 + 2 + 3) /* space, '=', quotes, "..." */
    return;
  room -= klen + 2 + (quoted ? 2 : 0);
  raw(l, " ", 1);
  raw(l, key, klen);
  raw(l, quoted ? "=\"" : "=", quoted ? 2 : 1);
  put_cut(l, value, len, room < VALUE ? room : VALUE, quoted);
  if (quoted)
    raw(l, "\"", 1);
}

void log_add(log_entry *l, char const *key, char const *value)
{
  log_addb(l, key, value, strlen(value));
}

void log_add_number(log_entry *l, char const *key, uint64_t n)
{
  char fmt[UINT64_FMT];
  log_addb(l, key, fmt, uint64_fmt(fmt, n));
}

void log_begin(log_entry *l, char const *id_text, char const *event)
{
  l->len = 0;
  put_cut(l, id_text ? id_text : "-", id_text ? strlen(id_text) : 1, VALUE, 1);
  raw(l, " ", 1);
  put_cut(l, event, strlen(event), VALUE, 1);
}

/* At most PIPE_BUF bytes: all of it or nothing. */
static void write_lines(char const *s, size_t len, unsigned int lines)
{
  ssize_t r;
  do
    r = write(2, s, len);
  while (r < 0 && errno == EINTR);
  dropped = r < 0 ? dropped + lines : 0;
}

void log_flush(void)
{
  int e = errno;
  if (kept.len)
    write_lines(kept.s, kept.len, kept.lines);
  kept.len = kept.lines = 0;
  errno = e;
}

void log_gather(void)
{
  kept.on = 1;
}

void log_end(log_entry *l)
{
  int e = errno;
  if (kept.len && (dropped || kept.len + l->len + 1 > LOG_LINE))
    log_flush();
  if (dropped) {
    memcpy(l->s + l->len, " dropped=", 9);
    l->len += 9;
    l->len += uint64_fmt(l->s + l->len, dropped);
  }
  l->s[l->len++] = '\n';
  if (!kept.on || dropped)
    write_lines(l->s, l->len, 1);
  else {
    memcpy(kept.s + kept.len, l->s, l->len);
    kept.len += l->len;
    kept.lines++;
  }
  errno = e;
}

void log_event(char const *id_text, char const *event, ...)
{
  log_entry l;
  va_list ap;
  char const *key;
  log_begin(&l, id_text, event);
  va_start(ap, event);
  while ((key = va_arg(ap, char const *))) {
    char const *value = va_arg(ap, char const *);
    log_add(&l, key, value);
  }
  va_end(ap);
  log_end(&l);
}

void log_warn(char const *verb, char const *object)
{
  log_entry l;
  char const *why = strerror(errno);
  log_begin(&l, 0, "warning: unable to ");
  put_cut(&l, verb, strlen(verb), VALUE, 1);
  raw(&l, " ", 1);
  put_cut(&l, object, strlen(object), VALUE, 1);
  raw(&l, ": ", 2);
  put_cut(&l, why, strlen(why), VALUE, 1);
  log_end(&l);
}
