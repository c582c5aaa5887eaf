/* classify - locals, virtualdomains and this host's own address literals are local; everything else has a
 * route. */
#include <string.h>
#include <strings.h>
#include "lib/address.h"
#include "send/classify.h"

/* A line of virtualdomains, "domain:user" or "user@domain:target", that is about this address. */
static int line_is_about(char const *line, char const *address, size_t len, where const *w)
{
  char const *colon = strchr(line, ':');
  size_t n = colon ? (size_t)(colon - line) : 0;
  if (!n)
    return 0;
  if (memchr(line, '@', n))
    return n == len && address_same(line, n, address, len);
  if (*line == '.')
    return w->domain_len > n && !strncasecmp(w->domain + w->domain_len - n, line, n);
  return n == w->domain_len && !strncasecmp(line, w->domain, n);
}

static int is_virtual(settings const *s, char const *address, where const *w)
{
  size_t len = strlen(address);
  for (char const *p = control_line(&s->c, CONTROL_VIRTUALDOMAINS); *p; p = control_next(p))
    if (line_is_about(p, address, len, w))
      return 1;
  return 0;
}

/* RFC 5321 section 4.1.3: "[192.0.2.1]", "[IPv6:2001:db8::1]". */
static int is_here(settings const *s, where const *w)
{
  char literal[64];
  size_t len = w->domain_len;
  ip46 ip;
  if (len < 3 || len - 2 >= sizeof literal || w->domain[0] != '[' || w->domain[len - 1] != ']')
    return 0;
  memcpy(literal, w->domain + 1, len - 2);
  literal[len - 2] = 0;
  char const *p = strncasecmp(literal, "IPv6:", 5) ? literal : literal + 5;
  size_t n = ip46_scan(p, &ip);
  return n && !p[n] && settings_is_here(s, &ip);
}

enum place classify(settings const *s, char const *address, where *w)
{
  size_t len = strlen(address);
  size_t at = address_domain(address, len);
  *w = (where){.domain = address + at, .domain_len = len - at, .route = ""};
  if (!w->domain_len || control_has_domain(&s->c, CONTROL_LOCALS, w->domain, w->domain_len) ||
      is_virtual(s, address, w))
    return PLACE_LOCAL;
  if (is_here(s, w))
    return PLACE_HERE;
  if (!control_route(&s->c, w->domain, w->domain_len, &w->route))
    w->route = "";
  return PLACE_REMOTE;
}
