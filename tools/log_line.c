/* log_line - see log_line.h. */
#include <string.h>
#include "lib/id.h"
#include "tools/log_line.h"

int log_line_read(log_line *l, char const *s, size_t len)
{
  id i;
  size_t stamp = len > TIMESTAMP && s[TIMESTAMP] == ' ' ? timestamp_scan(s, &l->stamp) : 0;
  if (stamp != TIMESTAMP)
    return 0;
  s += TIMESTAMP + 1;
  len -= TIMESTAMP + 1;
  char const *space = memchr(s, ' ', len);
  if (!space)
    return 0;
  size_t first = (size_t)(space - s);
  l->id = id_scan(&i, s, first) ? s : 0;
  l->event = space + 1;
  len -= first + 1;
  space = memchr(l->event, ' ', len);
  l->event_len = space ? (size_t)(space - l->event) : len;
  l->rest = l->event + l->event_len;
  l->rest_len = len - l->event_len;
  return l->event_len > 0;
}

/* The end of a value: of a quoted one behind its closing quote. */
static size_t value_end(char const *s, size_t len)
{
  size_t i = 0;
  if (!len || *s != '"') {
    while (i < len && s[i] != ' ')
      i++;
    return i;
  }
  for (i = 1; i < len && s[i] != '"'; i++)
    i += s[i] == '\\';
  return i < len ? i + 1 : len;
}

static int hex(char c)
{
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Octets above 127 are shown as they were; a control character is not. */
static int put_value(stralloc *out, char const *s, size_t len)
{
  int quoted = len >= 2 && *s == '"' && s[len - 1] == '"';
  if (quoted) {
    s++;
    len -= 2;
  }
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)s[i];
    if (quoted && c == '\\' && i + 3 < len && s[i + 1] == 'x' && hex(s[i + 2]) >= 0 && hex(s[i + 3]) >= 0) {
      c = (unsigned char)(hex(s[i + 2]) << 4 | hex(s[i + 3]));
      i += 3;
    } else if (quoted && c == '\\' && i + 1 < len)
      c = (unsigned char)s[++i];
    if (c < 32 || c == 127)
      c = '?';
    if (!stralloc_catb(out, (char *)&c, 1))
      return 0;
  }
  return 1;
}

int log_line_value(log_line const *l, char const *key, stralloc *out)
{
  size_t klen = strlen(key);
  char const *s = l->rest;
  size_t len = l->rest_len;
  while (len) {
    char const *equal;
    while (len && *s == ' ')
      s++, len--;
    if (!(equal = memchr(s, '=', len)))
      return 0;
    size_t name = (size_t)(equal - s), end = name + 1 + value_end(equal + 1, len - name - 1);
    if (name == klen && !memcmp(s, key, klen))
      return put_value(out, equal + 1, end - name - 1);
    s += end;
    len -= end;
  }
  return 0;
}
