/* control_match - what the settings say about a domain, and the parts of a line of `listen` or `resolver`. */
#include <string.h>
#include <strings.h>
#include <skalibs/ip46.h>
#include <skalibs/types.h>
#include "lib/control.h"

/* An entry names a domain itself, or (beginning with a dot) all below it. */
static int names(char const *entry, size_t elen, char const *domain, size_t len)
{
  if (elen && *entry == '.')
    return len > elen && !strncasecmp(domain + len - elen, entry, elen);
  return len == elen && !strncasecmp(domain, entry, elen);
}

int control_has_domain(control const *c, enum control_name name, char const *domain, size_t len)
{
  if (len && domain[len - 1] == '.')
    len--;
  for (char const *p = control_line(c, name); *p; p = control_next(p))
    if (names(p, strlen(p), domain, len))
      return 1;
  return 0;
}

int control_route(control const *c, char const *domain, size_t len, char const **target)
{
  size_t best = 0;
  int found = 0;
  for (char const *p = control_line(c, CONTROL_SMTPROUTES); *p; p = control_next(p)) {
    size_t elen = (size_t)(strchr(p, ':') - p);
    size_t weight =
        elen + (elen && *p != '.'); /* the domain itself outweighs .domain's entry of the same length */
    if (elen && !names(p, elen, domain, len))
      continue;
    if (!found || weight > best) {
      *target = p + elen + 1;
      best = weight;
    }
    found = 1;
  }
  return found;
}

int control_scan_listen(char const *line, control_listen *l)
{
  char const *colon = strrchr(line, ':');
  char const *start = line;
  size_t len;
  ip46 ip;
  if (!colon || !uint160_scan(colon + 1, &l->port) || !l->port)
    return 0;
  len = (size_t)(colon - line);
  if (len >= 2 && *line == '[' && line[len - 1] == ']') {
    start++;
    len -= 2;
  } else if (memchr(line, ':', len)) {
    return 0;
  }
  if (len >= sizeof l->address)
    return 0;
  memcpy(l->address, start, len);
  l->address[len] = 0;
  return !len ? start == line : ip46_scan(l->address, &ip) == len;
}

int control_scan_resolver(char const *line, ip46 *ip, uint16_t *port)
{
  char s[80];
  char *host = s;
  size_t len = strlen(line);
  *port = 53;
  if (!len || len >= sizeof s)
    return 0;
  memcpy(s, line, len + 1);
  if (ip46_scan(s, ip) == len)
    return 1;
  char *colon = strrchr(s, ':');
  if (colon && s[len - 1] != ']') {
    if (!uint160_scan(colon + 1, port) || !*port)
      return 0;
    *colon = 0;
  }
  len = strlen(s);
  if (*s == '[' && s[len - 1] == ']') {
    s[len - 1] = 0;
    host++;
  }
  return *host && ip46_scan(host, ip) == strlen(host);
}
