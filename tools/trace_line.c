/* trace_line - see trace_line.h. */
#include <stdio.h>
#include <string.h>
#include <skalibs/djbtime.h>
#include "lib/date.h"
#include "lib/id.h"
#include "lib/json.h"
#include "tools/log_line.h"
#include "tools/log_words.h"
#include "tools/trace_line.h"

/* Seconds since 1970: leap seconds are taken out. */
static uint64_t seconds_of(log_line const *l)
{
  uint64_t seconds;
  if (!utc_from_tai(&seconds, tain_secp(&l->stamp)) || seconds < TAI_MAGIC)
    return 0;
  return seconds - TAI_MAGIC;
}

int trace_line_text(stralloc *out, trace_line const *line, char const *s)
{
  char date[DATE_ASCTIME], head[96];
  log_line l;
  log_line_read(&l, s, line->len);
  date_mailq(date, (time_t)seconds_of(&l));
  int n = snprintf(head, sizeof head, "%s.%03u  %.*s  %-6s  ", date, tain_nano(&l.stamp) / 1000000u,
                   (int)ID_LEN, l.id, line->service);
  return stralloc_catb(out, head, (size_t)n) && log_words(out, &l, line->service) &&
         stralloc_catb(out, "\n", 1);
}

static int put_string(stralloc *out, char const *key, char const *s, size_t len)
{
  return json_key(out, key) && json_string(out, s, len);
}

/* A key that stands there twice is given once: an object has each name once. */
static int was_before(log_line const *l, char const *key, size_t klen, size_t end)
{
  static stralloc value = STRALLOC_ZERO;
  char const *other;
  size_t at = 0, len;
  while (log_line_next(l, &at, &other, &len, &value) && at < end)
    if (len == klen && !memcmp(other, key, klen))
      return 1;
  return 0;
}

static int put_values(stralloc *out, log_line const *l)
{
  static stralloc value = STRALLOC_ZERO;
  char const *key;
  size_t at = 0, klen;
  if (!json_key(out, "values") || !stralloc_catb(out, "{", 1))
    return 0;
  for (int first = 1; log_line_next(l, &at, &key, &klen, &value);) {
    if (was_before(l, key, klen, at))
      continue;
    if ((!first && !stralloc_catb(out, ",", 1)) || !json_string(out, key, klen) ||
        !stralloc_catb(out, ":", 1) || !json_string(out, value.s, value.len))
      return 0;
    first = 0;
  }
  return stralloc_catb(out, "}", 1);
}

int trace_line_json(stralloc *out, trace_line const *line, char const *s)
{
  static stralloc words = STRALLOC_ZERO;
  char time_text[48];
  log_line l;
  log_line_read(&l, s, line->len);
  int n = snprintf(time_text, sizeof time_text, "%llu.%06u", (unsigned long long)seconds_of(&l),
                   tain_nano(&l.stamp) / 1000u);
  words.len = 0;
  return log_words(&words, &l, line->service) && stralloc_catb(out, "{", 1) && json_key(out, "time") &&
         stralloc_catb(out, time_text, (size_t)n) && put_string(out, "id", l.id, ID_LEN) &&
         json_member(out, "service", line->service) && put_string(out, "event", l.event, l.event_len) &&
         put_string(out, "text", words.s, words.len) && put_values(out, &l) && stralloc_catb(out, "}\n", 2);
}
