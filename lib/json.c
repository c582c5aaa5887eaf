/* json - strings of JSON. Whatever octets come in, what goes out is valid UTF-8 without a control character.
 */
#include <stdio.h>
#include <string.h>
#include <skalibs/uint64.h>
#include "lib/json.h"
#include "lib/utf8.h"

static int put_escaped(stralloc *out, unsigned char c)
{
  static char const named[][3] = {"\"\"", "\\\\", "\nn", "\rr", "\tt", "\bb", "\ff"};
  for (unsigned int i = 0; i < sizeof named / sizeof *named; i++)
    if ((unsigned char)named[i][0] == c)
      return stralloc_catb(out, "\\", 1) && stralloc_catb(out, named[i] + 1, 1);
  char hex[8];
  return stralloc_catb(out, hex, (size_t)snprintf(hex, sizeof hex, "\\u%04x", c));
}

/* The octets at the start of s that can be written as they are. */
static size_t plain(char const *s, size_t len)
{
  size_t i = 0;
  while (i < len) {
    uint32_t u;
    size_t n = utf8_next(s + i, len - i, &u);
    if (!n || u < 32 || u == '"' || u == '\\' || u == 127)
      break;
    i += n;
  }
  return i;
}

int json_string(stralloc *out, char const *s, size_t len)
{
  if (!stralloc_catb(out, "\"", 1))
    return 0;
  while (len) {
    size_t n = plain(s, len);
    if (n && !stralloc_catb(out, s, n))
      return 0;
    s += n;
    len -= n;
    if (!len)
      break;
    unsigned char c = (unsigned char)*s;
    if (!(c < 128 ? put_escaped(out, c) : stralloc_cats(out, "\xef\xbf\xbd")))
      return 0;
    s++;
    len--;
  }
  return stralloc_catb(out, "\"", 1);
}

int json_key(stralloc *out, char const *key)
{
  int first = out->len && out->s[out->len - 1] == '{';
  return stralloc_cats(out, first ? "\"" : ",\"") && stralloc_cats(out, key) && stralloc_catb(out, "\":", 2);
}

int json_member(stralloc *out, char const *key, char const *s)
{
  return json_key(out, key) && (s ? json_string(out, s, strlen(s)) : stralloc_cats(out, "null"));
}

int json_member_number(stralloc *out, char const *key, uint64_t n)
{
  char number[UINT64_FMT];
  return json_key(out, key) && stralloc_catb(out, number, uint64_fmt(number, n));
}
