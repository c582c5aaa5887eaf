/* mx - the hosts that take the mail of a domain. See mx.h for what it promises. */
#include <string.h>
#include <skalibs/random.h>
#include "remote/mx.h"
#include "remote/punycode.h"

static void add(mx *l, char const *name, ip46 const *ip, uint16_t port)
{
  mx_host *h = l->host + l->n;
  size_t len = strlen(name);
  /* 0.0.0.0 and :: would be this machine under another name */
  if (l->n == MX_HOSTS || len >= sizeof h->name || !memcmp(ip->ip, IP6_ANY, ip46_is6(ip) ? 16 : 4))
    return;
  memcpy(h->name, name, len + 1);
  h->ip = *ip;
  h->port = port;
  h->slow = 0;
  l->n++;
}

/* What /etc/hosts says: the addresses of the first family, then those of the second. 1: the name is there. */
static int add_known(mx *l, settings const *s, char const *name, uint16_t port)
{
  ip46 known[MX_HOSTS];
  size_t n = hosts_find(&s->hosts, name, known, MX_HOSTS), i;
  unsigned int k;
  for (k = 0; k < 2; k++)
    for (i = 0; i < n; i++)
      if (ip46_is6(known + i) != (s->family[k] == 6))
        continue;
      else if (k < s->families)
        add(l, name, known + i, port);
      else
        l->barred = 1;
  return n > 0;
}

/* The addresses of one host: /etc/hosts, else A and AAAA in the order of `ipversion`. DNS_FOUND: some were
   added, or were there already, or are of a family that is not used (l->barred), which is asked for only
   where otherwise nothing would be known. */
static enum dns_found add_addresses(mx *l, settings const *s, char const *name, uint16_t port)
{
  answer a;
  enum dns_found found, worst = DNS_NXDOMAIN;
  size_t i;
  unsigned int k;
  if (add_known(l, s, name, port))
    return DNS_FOUND;
  for (k = 0; k < 2 && (k < s->families || worst == DNS_NODATA); k++) {
    found = dns_ask_until(&s->dns, &a, name, s->family[k] == 6 ? ANSWER_AAAA : ANSWER_A, &l->end);
    for (i = 0; k < s->families && found == DNS_FOUND && i < a.n; i++)
      add(l, name, &a.record[i].ip, port);
    l->barred |= k >= s->families && found == DNS_FOUND;
    if (found == DNS_FOUND || (found == DNS_LATER && worst != DNS_FOUND) ||
        (found == DNS_NODATA && worst == DNS_NXDOMAIN))
      worst = found;
    if (found == DNS_NXDOMAIN)
      break;
  }
  return worst;
}

static int has_self(mx const *l, settings const *s, size_t from)
{
  size_t i;
  for (i = from; i < l->n; i++)
    if (self_is_address(&s->self, &l->host[i].ip))
      return 1;
  return 0;
}

static void begin_lookups(mx *l)
{
  tain_now_g();
  tain_addsec_g(&l->end, MX_SECONDS);
}

int mx_more(mx *l, settings const *s)
{
  begin_lookups(l);
  while (l->next < l->mx.n && l->n < MX_HOSTS) {
    uint16_t preference = l->mx.record[l->next].preference;
    size_t from = l->n;
    for (; l->next < l->mx.n && l->mx.record[l->next].preference == preference; l->next++) {
      char const *name = l->mx.record[l->next].name;
      if (!*name || !strcmp(name, "."))
        continue;
      if (self_is_name(&s->self, name))
        l->self = 1;
      else if (add_addresses(l, s, name, l->port) == DNS_LATER)
        l->temporary = 1;
    }
    if (l->self || has_self(l, s, from)) {
      l->self = 1;
      l->n = from;
      l->next = l->mx.n;
    }
    if (l->n > from)
      return 1;
  }
  return 0;
}

/* Equal preferences in random order. */
static void shuffle(answer *a)
{
  size_t i, k;
  for (i = 0; i < a->n; i = k) {
    for (k = i + 1; k < a->n && a->record[k].preference == a->record[i].preference; k++)
      ;
    if (k - i > 1)
      random_unsort((char *)(a->record + i), k - i, sizeof *a->record);
  }
}

static int say(result *why, enum result_class class, unsigned int status, char const *what, char const *name)
{
  result_set(why, class, status, what, name);
  return 0;
}

/* Its addresses are of a family that `ipversion` leaves out: our doing, and so not for ever. */
static int barred(result *why, char const *name)
{
  return say(why, RESULT_TEMPORARY, STATUS_UNROUTABLE, "%s has no address of the family that ipversion names",
             name);
}

/* A domain without MX is its own MX (RFC 5321 section 5.1). */
static int implicit(mx *l, settings const *s, char const *domain, result *why)
{
  switch (add_addresses(l, s, domain, l->port)) {
  case DNS_FOUND: break;
  case DNS_LATER:
    return say(why, RESULT_TEMPORARY, STATUS_DNS, "no answer from DNS about the address of %s", domain);
  case DNS_NODATA:
    return say(why, RESULT_PERMANENT, STATUS_UNKNOWN_SYSTEM, "the domain %s has neither MX nor address",
               domain);
  case DNS_NXDOMAIN:
    return say(why, RESULT_PERMANENT, STATUS_UNKNOWN_SYSTEM, "there is no domain %s", domain);
  }
  if (self_is_name(&s->self, domain) || has_self(l, s, 0)) {
    l->n = 0;
    return say(why, RESULT_PERMANENT, STATUS_LOOP, "%s is this host, which does not take its mail", domain);
  }
  if (l->n)
    return 1;
  return l->barred ? barred(why, domain)
                   : say(why, RESULT_PERMANENT, STATUS_UNROUTABLE, "no address of %s can be used", domain);
}

static int by_mx(mx *l, settings const *s, char const *domain, result *why)
{
  enum dns_found found = dns_ask(&s->dns, &l->mx, domain, ANSWER_MX);
  if (found != DNS_FOUND)
    l->mx.n = 0;
  if (found == DNS_LATER)
    return say(why, RESULT_TEMPORARY, STATUS_DNS, "no answer from DNS about the MX of %s", domain);
  if (found != DNS_FOUND)
    return implicit(l, s, domain, why);
  if (l->mx.n == 1 && !strcmp(l->mx.record[0].name, "."))
    return say(why, RESULT_PERMANENT, STATUS_NULL_MX, "the domain %s takes no mail (null MX)", domain);
  shuffle(&l->mx);
  if (mx_more(l, s))
    return 1;
  if (l->temporary)
    return say(why, RESULT_TEMPORARY, STATUS_DNS, "no answer from DNS about the addresses of the MX of %s",
               domain);
  if (l->self)
    return say(why, RESULT_PERMANENT, STATUS_LOOP, "the MX of %s is this host, which does not take its mail",
               domain);
  if (l->barred)
    return barred(why, domain);
  return say(why, RESULT_PERMANENT, STATUS_UNROUTABLE, "none of the MX of %s has an address", domain);
}

/* A name without a dot may be completed by the domains that resolv.conf's `search` names. */
static int by_name(mx *l, settings const *s, char const *host, result *why)
{
  enum dns_found found = add_addresses(l, s, host, l->port);
  unsigned int i;
  for (i = 0; found == DNS_NXDOMAIN && !strchr(host, '.') && i < s->dns.searches; i++) {
    char full[ANSWER_NAME_MAX];
    size_t len = strlen(host), more = strlen(s->dns.search[i]);
    if (len + 1 + more >= sizeof full)
      continue;
    memcpy(full, host, len);
    full[len] = '.';
    memcpy(full + len + 1, s->dns.search[i], more + 1);
    found = add_addresses(l, s, full, l->port);
  }
  if (found == DNS_LATER && !l->n)
    return say(why, RESULT_TEMPORARY, STATUS_DNS, "no answer from DNS about the address of %s", host);
  if (!l->n && l->barred)
    return barred(why, host);
  return l->n ? 1
              : say(why, RESULT_TEMPORARY, STATUS_MISCONFIGURED, "the host %s of smtproutes has no address",
                    host);
}

/* The mail of a literal, or a route's target. `routed`: a route may lead to this machine. */
static int by_literal(mx *l, settings const *s, char const *host, ip46 const *ip, int routed, result *why)
{
  char name[IP46_FMT];
  name[ip46_fmt(name, ip)] = 0;
  if (!routed && self_is_address(&s->self, ip))
    return say(why, RESULT_PERMANENT, STATUS_LOOP, "%s is this host, which does not take its mail", host);
  if (s->families == 1 && ip46_is6(ip) != (s->family[0] == 6))
    return barred(why, host);
  add(l, name, ip, l->port);
  return l->n ? 1 : say(why, RESULT_PERMANENT, STATUS_UNROUTABLE, "%s is not the address of a host", host);
}

/* The one host that smtproutes names. */
static int by_route(mx *l, settings const *s, char const *host, result *why)
{
  ip46 ip;
  if (*host == '/') {
    memcpy(l->host[0].name, host, strlen(host) + 1);
    l->host[0].slow = 0;
    return l->n = 1;
  }
  return mx_scan_literal(host, &ip) ? by_literal(l, s, host, &ip, 1, why) : by_name(l, s, host, why);
}

static int find(mx *l, settings const *s, char const *domain, char const *route, result *why)
{
  mx_route to;
  char host[ANSWER_NAME_MAX];
  ip46 ip;
  if (!mx_scan_route(&to, route))
    return say(why, RESULT_TEMPORARY, STATUS_MISCONFIGURED, "the target %s of smtproutes makes no sense",
               route);
  l->port = to.port;
  l->lmtp = to.lmtp;
  if (*to.host)
    return by_route(l, s, to.host, why);
  if (*domain == '[')
    return mx_scan_literal(domain, &ip)
               ? by_literal(l, s, domain, &ip, 0, why)
               : say(why, RESULT_PERMANENT, STATUS_UNKNOWN_SYSTEM, "%s is not an address", domain);
  if (!punycode_domain(host, domain) || !answer_name_is_host(host))
    return say(why, RESULT_PERMANENT, STATUS_UNKNOWN_SYSTEM, "%s can't be the name of a domain", domain);
  return by_mx(l, s, host, why);
}

int mx_find(mx *l, settings const *s, char const *domain, char const *route, result *why)
{
  char destination[MX_DESTINATION];
  if (!mx_destination(destination, domain, route))
    return say(why, RESULT_PERMANENT, STATUS_UNKNOWN_SYSTEM, "%s is too long for a domain",
               "the destination");
  tain_now_g();
  if (l->n && !strcmp(l->destination, destination) && tain_future(&l->stale))
    return 1;
  l->n = l->next = l->mx.n = 0;
  l->self = l->temporary = l->barred = 0;
  l->destination[0] = 0;
  begin_lookups(l);
  if (!find(l, s, domain, route, why))
    return 0;
  memcpy(l->destination, destination, sizeof destination);
  tain_addsec_g(&l->stale, MX_FRESH);
  return 1;
}
