/* self - is a host this very machine? See self.h for what it promises. */
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include "remote/self.h"

#define MX_PORT 25

static void add(self *s, ip46 const *ip)
{
  if (s->n < SELF_ADDRESSES && !self_is_address(s, ip))
    s->ip[s->n++] = *ip;
}

static int is_any(ip46 const *ip)
{
  return !memcmp(ip->ip, IP6_ANY, ip46_is6(ip) ? 16 : 4);
}

void self_read(self *s, control const *c)
{
  char const *me = control_line(c, CONTROL_ME);
  char const *p;
  memset(s, 0, sizeof *s);
  if (strlen(me) < sizeof s->me)
    memcpy(s->me, me, strlen(me) + 1);
  for (p = control_line(c, CONTROL_LISTEN); *p; p = control_next(p)) {
    control_listen l;
    ip46 ip = IP46FULL_ZERO;
    if (!control_scan_listen(p, &l))
      continue;
    if (*l.address && !ip46_scan(l.address, &ip))
      continue;
    if (!is_any(&ip)) {
      add(s, &ip);
      continue;
    }
    s->any4 |= !*l.address || !ip46_is6(&ip);
    s->any6 |= !*l.address || ip46_is6(&ip);
    s->loopback |= l.port == MX_PORT && (!*l.address || !ip46_is6(&ip));
  }
}

int self_interfaces(self *s)
{
  struct ifaddrs *all, *p;
  if (!s->any4 && !s->any6)
    return 1;
  if (getifaddrs(&all) < 0)
    return 0;
  for (p = all; p; p = p->ifa_next) {
    ip46 ip;
    if (!p->ifa_addr)
      continue;
    if (p->ifa_addr->sa_family == AF_INET && s->any4) {
      ip46_from_ip4(&ip, (char const *)&((struct sockaddr_in *)(void *)p->ifa_addr)->sin_addr);
      add(s, &ip);
    } else if (p->ifa_addr->sa_family == AF_INET6 && s->any6) {
      ip46_from_ip6(&ip, (char const *)&((struct sockaddr_in6 *)(void *)p->ifa_addr)->sin6_addr);
      add(s, &ip);
    }
  }
  freeifaddrs(all);
  return 1;
}

/* An IPv4-mapped address is the IPv4 address. */
static ip46 plain(ip46 const *ip)
{
  ip46 r = *ip;
  if (ip46_is6(ip) && !memcmp(ip->ip, "\0\0\0\0\0\0\0\0\0\0\377\377", 12))
    ip46_from_ip4(&r, ip->ip + 12);
  return r;
}

int self_is_address(self const *s, ip46 const *ip)
{
  ip46 a = plain(ip);
  size_t i;
  if (s->loopback && !ip46_is6(&a) && a.ip[0] == 127)
    return 1;
  for (i = 0; i < s->n; i++)
    if (ip46_is6(&s->ip[i]) == ip46_is6(&a) && !memcmp(s->ip[i].ip, a.ip, ip46_is6(&a) ? 16 : 4))
      return 1;
  return 0;
}

int self_is_name(self const *s, char const *name)
{
  size_t len = strlen(name);
  if (len && name[len - 1] == '.')
    len--;
  return *s->me && strlen(s->me) == len && !strncasecmp(s->me, name, len);
}
