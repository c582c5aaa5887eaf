/* settings - what tern-remote knows besides its jobs. See settings.h for what it promises. */
#include <string.h>
#include <time.h>
#include "remote/settings.h"

#define HOSTS_FILE "/etc/hosts"

int settings_prepare(settings *s)
{
  tzset();
  return dns_init(&s->system) && hosts_read(&s->hosts, HOSTS_FILE);
}

/* Sentences end with their NUL. */
static int refuse(stralloc *problem, char const *sentence)
{
  problem->len = 0;
  if (stralloc_cats(problem, sentence))
    stralloc_0(problem);
  return 0;
}

static int take_sources(settings *s, stralloc *problem)
{
  char const *p;
  s->sources = 0;
  for (p = control_line(&s->c, CONTROL_SOURCEADDRESS); *p; p = control_next(p)) {
    ip46 ip;
    unsigned char bit;
    ip46_scan(p, &ip); /* the table has judged it */
    bit = ip46_is6(&ip) ? 2 : 1;
    if (s->sources & bit)
      return refuse(problem,
                    "control/sourceaddress: two addresses of one family; write one of IPv4, one of IPv6");
    s->sources |= bit;
    s->source[bit - 1] = ip;
  }
  return 1;
}

/* "46", "64", "4", "6"; an empty file leaves both families. */
static void take_families(settings *s)
{
  char const *v = control_line(&s->c, CONTROL_IPVERSION);
  s->family[0] = *v == '6' ? 6 : 4;
  s->family[1] = *v == '6' ? 4 : 6;
  s->families = *v && !v[1] ? 1 : 2;
}

static int take(settings *s, stralloc *problem)
{
  static enum control_name const names[] = {CONTROL_ME,
                                            CONTROL_LISTEN,
                                            CONTROL_RESOLVER,
                                            CONTROL_TIMEOUTCONNECT,
                                            CONTROL_TIMEOUTREMOTE,
                                            CONTROL_TIMEOUTDONE,
                                            CONTROL_CONCURRENCYREMOTE,
                                            CONTROL_TIMEOUTDRAIN,
                                            CONTROL_SOURCEADDRESS,
                                            CONTROL_HELOHOST,
                                            CONTROL_IPVERSION};
  char const *resolver;
  if (!control_read(&s->c, names, sizeof names / sizeof *names, s->ids.root, problem))
    return 0;
  s->dns = s->system;
  resolver = control_line(&s->c, CONTROL_RESOLVER);
  if (*resolver && !dns_use(&s->dns, resolver))
    return refuse(problem, "control/resolver:1: not the address of a DNS server; write address[:port]");
  take_families(s);
  s->helo = control_line(&s->c, *control_line(&s->c, CONTROL_HELOHOST) ? CONTROL_HELOHOST : CONTROL_ME);
  self_read(&s->self, &s->c);
  return take_sources(s, problem);
}

int settings_load(settings *s, stralloc *problem)
{
  settings fresh = *s;
  fresh.c = (control)CONTROL_ZERO;
  if (!take(&fresh, problem)) {
    control_free(&fresh.c);
    return 0;
  }
  control_free(&s->c);
  *s = fresh;
  return 1;
}
