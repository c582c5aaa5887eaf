/* policy - see policy.h. A recipient is taken if its domain is ours, or if its client may relay: nothing else
   counts, no % or ! in a local part, and no source route. */
#include <string.h>
#include <strings.h>
#include "lib/address.h"
#include "lib/netblock.h"
#include "smtpd/policy.h"

static enum control_name const settings[] = {
    CONTROL_ME,           CONTROL_LOCALS,       CONTROL_VIRTUALDOMAINS, CONTROL_RELAYDOMAINS,
    CONTROL_RELAYCLIENTS, CONTROL_VIRTUAL,      CONTROL_DATABYTES,      CONTROL_CONCURRENCYINCOMING,
    CONTROL_TIMEOUTSMTPD, CONTROL_TIMEOUTDRAIN, CONTROL_SMTPDUSES};

static int read_clients(genalloc *clients, control const *c)
{
  for (char const *s = control_line(c, CONTROL_RELAYCLIENTS); *s; s = control_next(s)) {
    netblock n;
    if (!netblock_scan(&n, s) || !genalloc_append(netblock, clients, &n))
      return 0;
  }
  return 1;
}

int policy_read(policy *p, int root, stralloc *problem)
{
  policy fresh = POLICY_ZERO;
  if (!control_read(&fresh.c, settings, sizeof settings / sizeof *settings, root, problem))
    return 0;
  if (!read_clients(&fresh.relayclients, &fresh.c)) {
    policy_free(&fresh);
    problem->len = 0;
    return stralloc_cats(problem, "control/relayclients: out of memory") && stralloc_0(problem) && 0;
  }
  policy_free(p);
  *p = fresh;
  return 1;
}

void policy_free(policy *p)
{
  control_free(&p->c);
  genalloc_free(netblock, &p->relayclients);
}

int policy_may_relay(policy const *p, ip46 const *client)
{
  netblock const *n = genalloc_s(netblock, &p->relayclients);
  for (size_t i = 0; i < genalloc_len(netblock, &p->relayclients); i++)
    if (netblock_has(n + i, client))
      return 1;
  return 0;
}

/* A line of virtualdomains, "domain:user", ".domain:user" or "user@domain:target": is the address meant? */
static int is_named(char const *line, char const *address, size_t len, size_t domain)
{
  size_t n = strcspn(line, ":");
  char const *have = memchr(line, '@', n) ? address : address + domain;
  size_t have_len = (size_t)(address + len - have);
  if (*line == '.')
    return have_len > n && !strncasecmp(have + have_len - n, line, n);
  return have_len == n && !strncasecmp(have, line, n);
}

static int is_virtual(policy const *p, char const *address, size_t len, size_t domain)
{
  for (char const *s = control_line(&p->c, CONTROL_VIRTUALDOMAINS); *s; s = control_next(s))
    if (is_named(s, address, len, domain))
      return 1;
  return 0;
}

/* RFC 5321 section 4.5.1: whatever else is down */
static int is_postmaster(policy const *p, char const *address, size_t len, size_t at)
{
  static char const postmaster[] = "postmaster@";
  char const *me = policy_me(p);
  return at == sizeof postmaster - 1 && !strncasecmp(address, postmaster, at) &&
         (control_has_domain(&p->c, CONTROL_LOCALS, address + at, len - at) ||
          (len - at == strlen(me) && !strncasecmp(address + at, me, len - at)));
}

enum policy_place policy_place(policy const *p, char const *address, size_t len)
{
  size_t at = address_domain(address, len);
  if (is_postmaster(p, address, len, at))
    return POLICY_TAKE;
  if (control_has_domain(&p->c, CONTROL_LOCALS, address + at, len - at) || is_virtual(p, address, len, at))
    return POLICY_LOCAL;
  if (control_has_domain(&p->c, CONTROL_RELAYDOMAINS, address + at, len - at))
    return POLICY_TAKE;
  return *control_line(&p->c, CONTROL_VIRTUAL) ? POLICY_VIRTUAL : POLICY_FOREIGN;
}

int policy_is_literal(char const *domain, size_t len, ip46 const *local)
{
  char text[IP46_FMT + 1];
  netblock n;
  if (len < 3 || *domain != '[' || domain[len - 1] != ']')
    return 0;
  domain++;
  len -= 2;
  if (len > 5 && !strncasecmp(domain, "IPv6:", 5)) {
    domain += 5;
    len -= 5;
  }
  if (len >= sizeof text)
    return 0;
  memcpy(text, domain, len);
  text[len] = 0;
  return !strchr(text, '/') && netblock_scan(&n, text) && netblock_has(&n, local);
}
