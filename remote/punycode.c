/* punycode - a domain with octets above 127 as DNS knows it. See punycode.h for what it promises. */
#include <stdint.h>
#include <string.h>
#include "remote/punycode.h"

/* RFC 3492 section 5 */
#define BASE 36u
#define TMIN 1u
#define TMAX 26u
#define SKEW 38u
#define DAMP 700u
#define BIAS 72u
#define FIRST 128u
#define LABEL 63u /* octets */

/* One character of UTF-8, the shortest form only. 0: nonsense; else its octets. */
static size_t character(char const *text, size_t len, uint32_t *c)
{
  unsigned char const *s = (unsigned char const *)text;
  static uint32_t const least[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t n = *s < 0x80                 ? 1
             : *s >= 0xc2 && *s < 0xe0 ? 2
             : *s >= 0xe0 && *s < 0xf0 ? 3
             : *s >= 0xf0 && *s < 0xf5 ? 4
                                       : 0;
  size_t i;
  if (!n || n > len)
    return 0;
  *c = n == 1 ? *s : *s & (0x7fu >> n);
  for (i = 1; i < n; i++) {
    if ((s[i] & 0xc0) != 0x80)
      return 0;
    *c = *c << 6 | (s[i] & 0x3fu);
  }
  return *c < least[n] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000) ? 0 : n;
}

/* RFC 3492 section 6.1 */
static uint32_t adapt(uint32_t delta, uint32_t points, int first)
{
  uint32_t k = 0;
  delta = first ? delta / DAMP : delta / 2;
  delta += delta / points;
  for (; delta > (BASE - TMIN) * TMAX / 2; k += BASE)
    delta /= BASE - TMIN;
  return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

/* Section 6.3: one delta as a number of variable length. Gives its digits, 0: no room. */
static size_t digits(char *out, size_t room, uint32_t q, uint32_t bias)
{
  size_t n = 0;
  uint32_t k, d;
  for (k = BASE;; k += BASE) {
    uint32_t t = k <= bias ? TMIN : k >= bias + TMAX ? TMAX : k - bias;
    d = q < t ? q : t + (q - t) % (BASE - t);
    if (n == room)
      return 0;
    out[n++] = (char)(d < 26 ? 'a' + d : '0' + d - 26);
    if (q < t)
      return n;
    q = (q - t) / (BASE - t);
  }
}

/* The characters of a label, as code points. 0: not UTF-8, or too many. */
static size_t points_of(uint32_t point[LABEL], char const *s, size_t len)
{
  size_t n = 0, i = 0;
  while (i < len) {
    size_t r = n < LABEL ? character(s + i, len - i, point + n) : 0;
    if (!r)
      return 0;
    n++;
    i += r;
  }
  return n;
}

static uint32_t smallest_from(uint32_t const *point, size_t n, uint32_t least)
{
  uint32_t m = UINT32_MAX;
  size_t i;
  for (i = 0; i < n; i++)
    if (point[i] >= least && point[i] < m)
      m = point[i];
  return m;
}

/* One label into out (LABEL octets). Gives its length, 0: can't be. At most 63 characters of 21 bits: no
 * overflow. */
static size_t encode(char out[LABEL], char const *s, size_t len)
{
  uint32_t point[LABEL], now = FIRST, delta = 0, bias = BIAS;
  size_t n = points_of(point, s, len), o = 4, done, basic, i;
  memcpy(out, "xn--", 4);
  for (i = 0; i < n; i++)
    if (point[i] < FIRST && o < LABEL)
      out[o++] = (char)(point[i] >= 'A' && point[i] <= 'Z' ? point[i] + 32 : point[i]);
  basic = done = o - 4;
  if (!n || o + (basic > 0) >= LABEL)
    return 0;
  if (basic)
    out[o++] = '-';
  while (done < n) {
    uint32_t next = smallest_from(point, n, now);
    delta += (next - now) * (uint32_t)(done + 1);
    now = next;
    for (i = 0; i < n; i++) {
      delta += point[i] < now;
      if (point[i] != now)
        continue;
      size_t r = digits(out + o, LABEL - o, delta, bias);
      if (!r)
        return 0;
      o += r;
      bias = adapt(delta, (uint32_t)(done + 1), done == basic);
      delta = 0;
      done++;
    }
    delta++;
    now++;
  }
  return o;
}

static int is_ascii(char const *s, size_t len)
{
  size_t i;
  for (i = 0; i < len; i++)
    if ((unsigned char)s[i] >= FIRST)
      return 0;
  return 1;
}

int punycode_domain(char out[ANSWER_NAME_MAX], char const *domain)
{
  size_t at = 0;
  for (;;) {
    size_t len = strcspn(domain, "."), n = len;
    char label[LABEL];
    char const *s = domain;
    if (!is_ascii(domain, len)) {
      n = encode(label, domain, len);
      s = label;
      if (!n)
        return 0;
    }
    if (at + n + 1 >= ANSWER_NAME_MAX)
      return 0;
    memcpy(out + at, s, n);
    at += n;
    out[at] = domain[len];
    if (!domain[len])
      return 1;
    at++;
    domain += len + 1;
  }
}
