/* utf8 - see utf8.h. */
#include "lib/utf8.h"

size_t utf8_next(char const *s, size_t len, uint32_t *character)
{
  static uint32_t const least[5] = {0, 0, 0x80, 0x800, 0x10000};
  if (!len)
    return 0;
  unsigned char c = (unsigned char)s[0];
  if (c < 0x80)
    return (*character = c, 1);
  size_t n = c >= 0xf0 && c < 0xf8 ? 4 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xc0 && c < 0xe0 ? 2 : 0;
  if (!n || n > len)
    return 0;
  uint32_t u = c & (0x7fu >> n);
  for (size_t i = 1; i < n; i++) {
    if (((unsigned char)s[i] & 0xc0) != 0x80)
      return 0;
    u = u << 6 | ((unsigned char)s[i] & 0x3f);
  }
  if (u < least[n] || (u >= 0xd800 && u < 0xe000) || u > 0x10ffff)
    return 0;
  *character = u;
  return n;
}
