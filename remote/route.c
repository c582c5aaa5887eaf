/* route - how destinations are written: targets of smtproutes, and address literals (RFC 5321 section 4.1.3).
   Part of the module mx. */
#include <stdio.h>
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

int mx_scan_route(mx_route *r, char const *route)
{
  size_t len, skip = strlen(CONTROL_LMTP);
  char const *end;
  ip46 ip;
  r->lmtp = !strncmp(route, CONTROL_LMTP, skip);
  if (r->lmtp)
    route += skip;
  r->port = r->lmtp ? MX_PORT_LMTP : MX_PORT_SMTP;
  end = strrchr(route, ':');
  len = strlen(route);
  if (len > (*route == '/' ? CONTROL_SOCKET_MAX : ANSWER_NAME_MAX - 1) || (*route == '/' && !r->lmtp))
    return 0;
  if (*route != '/' && len && route[len - 1] != ']' && end && !mx_scan_literal(route, &ip)) {
    if (!uint160_scan(end + 1, &r->port) || !r->port)
      return 0;
    len = (size_t)(end - route);
  }
  memcpy(r->host, route, len);
  r->host[len] = 0;
  return !r->lmtp || len;
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
  for (i = *route ? len : 0; i < len + more; i++) /* a route may be a path */
    if (out[i] >= 'A' && out[i] <= 'Z')
      out[i] = (char)(out[i] - 'A' + 'a');
  out[len + more] = 0;
  return 1;
}

void mx_remote(char out[MX_REMOTE], mx_host const *h)
{
  char ip[IP46_FMT];
  ip[ip46_fmt(ip, &h->ip)] = 0;
  if (mx_is_socket(h))
    snprintf(out, MX_REMOTE, "localhost[%s]", h->name);
  else
    snprintf(out, MX_REMOTE, "%s[%s]:%u", h->name, ip, h->port);
}
