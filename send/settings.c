/* settings - the runner's part of the table. */
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include "lib/log.h"
#include "lib/user.h"
#include "send/settings.h"

static enum control_name const names[] = {
    CONTROL_ME,
    CONTROL_LISTEN,
    CONTROL_LOCALS,
    CONTROL_VIRTUALDOMAINS,
    CONTROL_SMTPROUTES,
    CONTROL_USERS,
    CONTROL_CONCURRENCYLOCAL,
    CONTROL_CONCURRENCYREMOTE,
    CONTROL_CONCURRENCYDOMAIN,
    CONTROL_CONCURRENCYUSER,
    CONTROL_QUEUELIFETIME,
    CONTROL_DELAYWARNING,
    CONTROL_TIMEOUTCONNECT,
    CONTROL_TIMEOUTREMOTE,
    CONTROL_TIMEOUTDONE,
    CONTROL_TIMEOUTCOMMAND,
    CONTROL_TIMEOUTDRAIN,
    CONTROL_DOUBLEBOUNCETO,
    CONTROL_QUEUEADMINS,
    CONTROL_VIRTUAL,
};

/* A name that nobody has is no admin; that is said once. */
static void read_admins(settings *s, identities const *ids)
{
  user u;
  genalloc_setlen(uid_t, &s->admins, 0);
  for (char const *p = control_line(&s->c, CONTROL_QUEUEADMINS); *p; p = control_next(p)) {
    if (!strcmp(p, "root")) {
      u.uid = 0;
    } else if (user_find(&s->c, ids, p, &u) != USER_FOUND) {
      log_event(0, "warning", "setting", "queueadmins", "unknown", p, (char *)0);
      continue;
    }
    (void)genalloc_append(uid_t, &s->admins, &u.uid);
  }
}

static void add_here(settings *s, struct sockaddr const *a)
{
  ip46 ip;
  if (a && a->sa_family == AF_INET)
    ip46_from_ip4(&ip, (char const *)&((struct sockaddr_in const *)(void const *)a)->sin_addr);
  else if (a && a->sa_family == AF_INET6)
    ip46_from_ip6(&ip, (char const *)&((struct sockaddr_in6 const *)(void const *)a)->sin6_addr);
  else
    return;
  (void)genalloc_append(ip46, &s->here, &ip);
}

static void add_interfaces(settings *s)
{
  struct ifaddrs *all;
  if (getifaddrs(&all) < 0)
    return;
  for (struct ifaddrs *i = all; i; i = i->ifa_next)
    add_here(s, i->ifa_addr);
  freeifaddrs(all);
}

/* What `listen` binds; a wildcard binds what the interfaces have. */
static void read_here(settings *s)
{
  static ip46 const any = IP46_ZERO;
  genalloc_setlen(ip46, &s->here, 0);
  for (char const *p = control_line(&s->c, CONTROL_LISTEN); *p; p = control_next(p)) {
    control_listen l;
    ip46 ip;
    if (!control_scan_listen(p, &l))
      continue;
    if (!l.address[0] || !ip46_scan(l.address, &ip) || !memcmp(ip.ip, any.ip, ip46_is6(&ip) ? 16 : 4))
      add_interfaces(s);
    else
      (void)genalloc_append(ip46, &s->here, &ip);
  }
}

int settings_read(settings *s, identities const *ids, stralloc *problem)
{
  if (!control_read(&s->c, names, sizeof names / sizeof *names, ids->root, problem))
    return 0;
  read_admins(s, ids);
  read_here(s);
  return 1;
}

void settings_free(settings *s)
{
  control_free(&s->c);
  genalloc_free(uid_t, &s->admins);
  genalloc_free(ip46, &s->here);
}

int settings_is_admin(settings const *s, identities const *ids, uid_t uid)
{
  if (!uid || uid == ids->owner)
    return 1;
  for (size_t i = 0; i < genalloc_len(uid_t, &s->admins); i++)
    if (genalloc_s(uid_t, &s->admins)[i] == uid)
      return 1;
  return 0;
}

int settings_is_here(settings const *s, ip46 const *ip)
{
  for (size_t i = 0; i < genalloc_len(ip46, &s->here); i++) {
    ip46 const *h = genalloc_s(ip46, &s->here) + i;
    if (ip46_is6(h) == ip46_is6(ip) && !memcmp(h->ip, ip->ip, ip46_is6(ip) ? 16 : 4))
      return 1;
  }
  return 0;
}
