/* proxy - see proxy.h. */
#include <string.h>
#include <skalibs/types.h>
#include "smtpd/proxy.h"

static char const signature[12] = "\r\n\r\n\0\r\nQUIT\n";
#define HEAD 16u /* of version 2: the signature, version and command, family, length */

/* The word at *s, which moves behind it and its space. 0: there is none, or it is too long. */
static size_t word(char const **s, char const *end, char *out, size_t max)
{
  char const *space = memchr(*s, ' ', (size_t)(end - *s));
  size_t n = (size_t)((space ? space : end) - *s);
  if (!n || n >= max)
    return 0;
  memcpy(out, *s, n);
  out[n] = 0;
  *s += n + !!space;
  return n;
}

/* "PROXY TCP4 192.0.2.1 192.0.2.2 12345 25": everything behind PROXY. */
static int read_words(char const *s, char const *end, ip46 *client)
{
  char family[8], from[IP46_FMT + 1], to[IP46_FMT + 1], port[8];
  ip46 source, destination;
  uint16_t n;
  if (!word(&s, end, family, sizeof family))
    return 0;
  if (!strcmp(family, "UNKNOWN"))
    return 1;
  if (strcmp(family, "TCP4") && strcmp(family, "TCP6"))
    return 0;
  size_t flen = word(&s, end, from, sizeof from), tlen = word(&s, end, to, sizeof to);
  if (!flen || !tlen || ip46_scan(from, &source) != flen || ip46_scan(to, &destination) != tlen ||
      ip46_is6(&source) != (family[3] == '6') || ip46_is6(&destination) != (family[3] == '6'))
    return 0;
  for (unsigned int i = 0; i < 2; i++)
    if (!word(&s, end, port, sizeof port) || !uint160_scan(port, &n))
      return 0;
  *client = source;
  return s == end;
}

static enum proxy_got read_line(char const *s, size_t len, ip46 *client, size_t *used)
{
  static char const start[] = "PROXY ";
  size_t n = sizeof start - 1;
  char const *lf = memchr(s, '\n', len < PROXY_LINE_MAX ? len : PROXY_LINE_MAX);
  if (memcmp(s, start, len < n ? len : n))
    return PROXY_BROKEN;
  if (!lf)
    return len < PROXY_LINE_MAX ? PROXY_PART : PROXY_BROKEN;
  if (lf < s + n || lf[-1] != '\r' || !read_words(s + n, lf - 1, client))
    return PROXY_BROKEN;
  *used = (size_t)(lf - s) + 1;
  return PROXY_WHOLE;
}

static enum proxy_got read_binary(unsigned char const *s, size_t len, ip46 *client, size_t *used)
{
  if (len < HEAD)
    return PROXY_PART;
  size_t more = (size_t)s[14] << 8 | s[15];
  unsigned int family = s[13] >> 4;
  if (s[12] >> 4 != 2 || (s[12] & 15) > 1 || more > PROXY_BINARY_MAX)
    return PROXY_BROKEN;
  if (len < HEAD + more)
    return PROXY_PART;
  *used = HEAD + more;
  if (!(s[12] & 15) || (family != 1 && family != 2)) /* LOCAL, or nobody who has an address */
    return PROXY_WHOLE;
  if (more < (family == 1 ? 12u : 36u))
    return PROXY_BROKEN;
  ip46_from_ip(client, (char const *)s + HEAD, family == 2);
  return PROXY_WHOLE;
}

enum proxy_got proxy_read(char const *s, size_t len, ip46 *client, size_t *used)
{
  if (!len)
    return PROXY_PART;
  if (*s == *signature) {
    if (memcmp(s, signature, len < sizeof signature ? len : sizeof signature))
      return PROXY_BROKEN;
    return read_binary((unsigned char const *)s, len, client, used);
  }
  return read_line(s, len, client, used);
}
