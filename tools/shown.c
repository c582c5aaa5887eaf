/* shown - see shown.h. */
#include <stdint.h>
#include "lib/utf8.h"
#include "tools/shown.h"

/* U+2028, U+2029: line and paragraph; U+202A to U+202E, U+2066 to U+2069, U+200E, U+200F: direction. */
static int is_harmless(uint32_t u)
{
  if (u < 127)
    return u >= 32;
  return u > 0x9f && u != 0x200e && u != 0x200f && !(u >= 0x2028 && u <= 0x202e) &&
         !(u >= 0x2066 && u <= 0x2069);
}

/* The octets at the start of s that may stand as they are. */
static size_t harmless(char const *s, size_t len)
{
  size_t i = 0;
  while (i < len) {
    uint32_t u;
    size_t n = utf8_next(s + i, len - i, &u);
    if (!n || !is_harmless(u))
      break;
    i += n;
  }
  return i;
}

int shown_put(stralloc *out, char const *s, size_t len)
{
  for (;;) {
    uint32_t u;
    size_t n = harmless(s, len);
    if (n && !stralloc_catb(out, s, n))
      return 0;
    if (n == len)
      return 1;
    if (!stralloc_catb(out, "?", 1))
      return 0;
    s += n;
    len -= n;
    n = utf8_next(s, len, &u);
    s += n ? n : 1;
    len -= n ? n : 1;
  }
}
