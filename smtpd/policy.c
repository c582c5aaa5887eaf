/* policy - see policy.h. A recipient is taken if its domain is ours, or if its client may relay: nothing else
   counts, no % or ! in a local part, and no source route. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "lib/address.h"
#include "lib/dns.h"
#include "lib/netblock.h"
#include "smtpd/policy.h"

static enum control_name const settings[] = {CONTROL_ME,
                                             CONTROL_LOCALS,
                                             CONTROL_VIRTUALDOMAINS,
                                             CONTROL_RELAYDOMAINS,
                                             CONTROL_RELAYCLIENTS,
                                             CONTROL_VIRTUAL,
                                             CONTROL_DATABYTES,
                                             CONTROL_CONCURRENCYINCOMING,
                                             CONTROL_TIMEOUTSMTPD,
                                             CONTROL_TIMEOUTDRAIN,
                                             CONTROL_SMTPDUSES,
                                             CONTROL_MAXRECIPIENTS,
                                             CONTROL_BARELINEFEED,
                                             CONTROL_GREETDELAY,
                                             CONTROL_CONCURRENCYCLIENT,
                                             CONTROL_RATECLIENT,
                                             CONTROL_DNSBL,
                                             CONTROL_BADMAILFROM,
                                             CONTROL_BADRCPTTO,
                                             CONTROL_BADHELO,
                                             CONTROL_ACCESS,
                                             CONTROL_REQUIREREVERSEDNS,
                                             CONTROL_RECIPIENTSFILE,
                                             CONTROL_XCLIENT,
                                             CONTROL_PROXYPROTOCOL,
                                             CONTROL_RESOLVER,
                                             CONTROL_RECIPIENTDELIMITER};

typedef struct policy_access_s policy_access;
struct policy_access_s {
  netblock n;
  enum policy_say says;
  char const *text; /* in the settings */
};

static int read_networks(genalloc *networks, control const *c, enum control_name name)
{
  for (char const *s = control_line(c, name); *s; s = control_next(s)) {
    netblock n;
    if (!netblock_scan(&n, s) || !genalloc_append(netblock, networks, &n))
      return 0;
  }
  return 1;
}

/* A line of `access`: "192.0.2.0/24 refuse text"; lib/control_table has judged it. */
static int read_access(genalloc *access, control const *c)
{
  for (char const *s = control_line(c, CONTROL_ACCESS); *s; s = control_next(s)) {
    char network[80];
    policy_access a;
    size_t n = strcspn(s, " \t");
    if (n >= sizeof network)
      return 0;
    memcpy(network, s, n);
    network[n] = 0;
    a.text = s + n + strspn(s + n, " \t");
    a.says = *a.text == 'o' ? POLICY_SAYS_OK : *a.text == 'r' ? POLICY_SAYS_REFUSE : POLICY_SAYS_LATER;
    a.text += strcspn(a.text, " \t");
    a.text += strspn(a.text, " \t");
    if (!netblock_scan(&a.n, network) || !genalloc_append(policy_access, access, &a))
      return 0;
  }
  return 1;
}

static dns *of_the_system; /* 0: not asked for */

int policy_find_resolver(void)
{
  static dns d;
  if (!dns_init(&d))
    return 0;
  of_the_system = &d;
  return 1;
}

static int read_resolver(policy *p)
{
  char const *setting = control_line(&p->c, CONTROL_RESOLVER);
  if (!of_the_system)
    return 1;
  p->resolver = malloc(sizeof *p->resolver);
  if (!p->resolver)
    return 0;
  *p->resolver = *of_the_system;
  return !*setting || dns_use(p->resolver, setting);
}

/* What the settings mean, beyond their lines. clients: strangers will be judged by them. */
static int digest(policy *p, int clients, stralloc *problem)
{
  if (read_networks(&p->relayclients, &p->c, CONTROL_RELAYCLIENTS) &&
      read_networks(&p->xclient, &p->c, CONTROL_XCLIENT) &&
      read_networks(&p->proxies, &p->c, CONTROL_PROXYPROTOCOL) && read_access(&p->access, &p->c) &&
      read_resolver(p))
    return !clients || recipients_read(&p->known, &p->c, problem);
  problem->len = 0;
  (void)(stralloc_cats(problem, "control/: out of memory") && stralloc_0(problem));
  return 0;
}

static int read_anew(policy *p, int root, int clients, stralloc *problem)
{
  policy fresh = POLICY_ZERO;
  if (!control_read(&fresh.c, settings, sizeof settings / sizeof *settings, root, problem))
    return 0;
  if (!digest(&fresh, clients, problem)) {
    policy_free(&fresh);
    return 0;
  }
  policy_free(p);
  *p = fresh;
  return 1;
}

int policy_read(policy *p, int root, stralloc *problem)
{
  return read_anew(p, root, 1, problem);
}

int policy_read_for_user(policy *p, int root, stralloc *problem)
{
  return read_anew(p, root, 0, problem);
}

void policy_free(policy *p)
{
  control_free(&p->c);
  genalloc_free(netblock, &p->relayclients);
  genalloc_free(netblock, &p->xclient);
  genalloc_free(netblock, &p->proxies);
  genalloc_free(policy_access, &p->access);
  recipients_free(&p->known);
  free(p->resolver);
  p->resolver = 0;
}

static unsigned char is_in(genalloc const *networks, ip46 const *client)
{
  netblock const *n = genalloc_s(netblock, networks);
  for (size_t i = 0; i < genalloc_len(netblock, networks); i++)
    if (netblock_has(n + i, client))
      return 1;
  return 0;
}

void policy_judge_client(policy const *p, ip46 const *client, policy_client *rights)
{
  policy_access const *a = genalloc_s(policy_access, &p->access);
  *rights = (policy_client){.trusted = is_in(&p->relayclients, client),
                            .xclient = is_in(&p->xclient, client),
                            .proxy = is_in(&p->proxies, client),
                            .text = ""};
  for (size_t i = 0; i < genalloc_len(policy_access, &p->access); i++)
    if (netblock_has(&a[i].n, client)) {
      rights->says = a[i].says;
      rights->text = a[i].text;
      rights->welcome = a[i].says == POLICY_SAYS_OK;
      return;
    }
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
    return POLICY_POSTMASTER;
  if (control_has_domain(&p->c, CONTROL_LOCALS, address + at, len - at) || is_virtual(p, address, len, at))
    return POLICY_LOCAL;
  if (control_has_domain(&p->c, CONTROL_RELAYDOMAINS, address + at, len - at))
    return recipients_has(&p->known, address, len, at) ? POLICY_TAKE : POLICY_NOBODY;
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
