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

static int put_value(stralloc *out, char const *s, size_t len)
{
  int quoted = len >= 2 && *s == '"' && s[len - 1] == '"';
  if (!quoted)
    return stralloc_catb(out, s, len);
  s++;
  len -= 2;
  for (size_t i = 0; i < len; i++) {
    char c = s[i];
    if (c == '\\' && i + 3 < len && s[i + 1] == 'x' && hex(s[i + 2]) >= 0 && hex(s[i + 3]) >= 0) {
      c = (char)(hex(s[i + 2]) << 4 | hex(s[i + 3]));
      i += 3;
    } else if (c == '\\' && i + 1 < len)
      c = s[++i];
    if (!stralloc_catb(out, &c, 1))
      return 0;
  }
  return 1;
}

typedef struct pair_s pair;
struct pair_s {
  char const *key, *value;
  size_t klen, vlen;
};

/* 0: no more of them. */
static int next_pair(log_line const *l, size_t *at, pair *p)
{
  while (*at < l->rest_len && l->rest[*at] == ' ')
    ++*at;
  char const *s = l->rest + *at;
  size_t len = l->rest_len - *at;
  char const *equal = memchr(s, '=', len);
  if (!equal)
    return 0;
  *p = (pair){.key = s, .klen = (size_t)(equal - s), .value = equal + 1};
  p->vlen = value_end(p->value, len - p->klen - 1);
  *at += p->klen + 1 + p->vlen;
  return 1;
}

int log_line_value(log_line const *l, char const *key, stralloc *out)
{
  size_t klen = strlen(key), at = 0;
  pair p;
  while (next_pair(l, &at, &p))
    if (p.klen == klen && !memcmp(p.key, key, klen))
      return put_value(out, p.value, p.vlen);
  return 0;
}

int log_line_next(log_line const *l, size_t *at, char const **key, size_t *klen, stralloc *value)
{
  pair p;
  if (!next_pair(l, at, &p))
    return 0;
  *key = p.key;
  *klen = p.klen;
  value->len = 0;
  return put_value(value, p.value, p.vlen);
}

int log_line_is(log_line const *l, char const *event)
{
  return strlen(event) == l->event_len && !memcmp(event, l->event, l->event_len);
}
