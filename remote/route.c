/* route - how destinations are written: targets of smtproutes, and address literals (RFC 5321 section 4.1.3).
   Part of the module mx. */
#include <string.h>
#include <strings.h>
#include <skalibs/types.h>
#include "remote/mx.h"

int mx_scan_literal(char const *s, ip46 *ip)
{
  char copy[64];
  size_t len = strlen(s);
  int tagged;
  if (len >= 2 && *s == '[' && s[len - 1] == ']') {
    s++;
    len -= 2;
  }
  tagged = len > 5 && !strncasecmp(s, "IPv6:", 5);
  if (tagged) {
    s += 5;
    len -= 5;
  }
  if (!len || len >= sizeof copy)
    return 0;
  memcpy(copy, s, len);
  copy[len] = 0;
  return ip46_scan(copy, ip) == len && (!tagged || ip46_is6(ip));
}

int mx_scan_route(char const *route, char host[ANSWER_NAME], uint16_t *port)
{
  char const *end = strrchr(route, ':');
  size_t len = strlen(route);
  ip46 ip;
  *port = MX_PORT_DEFAULT;
  if (len && route[len - 1] != ']' && end && !mx_scan_literal(route, &ip)) {
    if (!uint160_scan(end + 1, port) || !*port)
      return 0;
    len = (size_t)(end - route);
  }
  if (len >= ANSWER_NAME)
    return 0;
  memcpy(host, route, len);
  host[len] = 0;
  return 1;
}

int mx_destination(char out[MX_DESTINATION], char const *domain, char const *route)
{
  char const *s = *route ? route : domain;
  size_t len = strlen(s), i;
  /* a route without a host is by MX on another port: the domain matters too */
  size_t more = *route == ':' ? strlen(domain) : 0;
  if (!len || len + more >= MX_DESTINATION)
    return 0;
  memcpy(out, s, len);
  memcpy(out + len, domain, more);
  for (i = 0; i < len + more; i++)
    if (out[i] >= 'A' && out[i] <= 'Z')
      out[i] = (char)(out[i] - 'A' + 'a');
  out[len + more] = 0;
  return 1;
}

void mx_remote(char out[MX_REMOTE], mx_host const *h)
{
  char port[UINT16_FMT];
  size_t len = strlen(h->name), n = uint16_fmt(port, h->port);
  memcpy(out, h->name, len);
  out[len++] = '[';
  len += ip46_fmt(out + len, &h->ip);
  out[len++] = ']';
  out[len++] = ':';
  memcpy(out + len, port, n);
  out[len + n] = 0;
}
