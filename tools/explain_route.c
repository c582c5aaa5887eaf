/* explain_route - remote/'s own search, its lists in words. */
#include <string.h>
#include <skalibs/tai.h>
#include "lib/address.h"
#include "remote/mx.h"
#include "tools/explain_route.h"

#define DNS_WAIT 2u /* seconds for a server */

static settings const *prepare(identities const *ids, explanation *x)
{
  static settings s = SETTINGS_ZERO;
  static int is_ready;
  stralloc problem = STRALLOC_ZERO;
  if (is_ready)
    return &s;
  s.ids = *ids;
  is_ready = settings_prepare(&s) && settings_load(&s, &problem);
  s.dns.seconds = DNS_WAIT; /* a person waits */
  s.dns.tries = 1;
  if (!is_ready)
    explanation_line(x, "DNS can't be asked: %s", problem.len ? problem.s : "no memory");
  stralloc_free(&problem);
  return is_ready ? &s : 0;
}

static void tell_mx(explanation *x, mx const *l)
{
  for (size_t i = 0; i < l->mx.n; i++)
    explanation_line(x, "DNS: MX %u %s", (unsigned int)l->mx.record[i].preference,
                     *l->mx.record[i].name ? l->mx.record[i].name : ".");
}

static void tell_hosts(explanation *x, settings const *s, char const *domain, char const *route)
{
  static mx l;
  result why = RESULT_ZERO;
  l.destination[0] = 0;
  l.n = 0;
  l.mx.n = 0;
  int found = mx_find(&l, s, domain, route ? route : "", &why);
  tell_mx(x, &l);
  if (!found) {
    explanation_line(x, "%s: %s", why.class == RESULT_PERMANENT ? "it bounces" : "it waits", why.text);
    return;
  }
  while (mx_more(&l, s))
    ;
  for (size_t i = 0; i < l.n; i++) {
    char host[MX_REMOTE];
    mx_remote(host, l.host + i);
    explanation_line(x, "%s %s", i ? "then" : "tried first:", host);
  }
  if (l.self)
    explanation_line(x, "this machine is among the MX of %s: those behind it are not tried", domain);
}

void explain_route(explanation *x, control const *c, identities const *ids, char const *address)
{
  size_t len = strlen(address), at = address_domain(address, len);
  char const *domain = address + at, *target = 0;
  int routed = control_route(c, domain, len - at, &target);
  size_t lmtp = routed && !strncmp(target, CONTROL_LMTP, strlen(CONTROL_LMTP)) ? strlen(CONTROL_LMTP) : 0;
  settings const *s;
  if (routed && *target)
    explanation_line(x, "a line of control/smtproutes sends %s to %s%s", domain, target + lmtp,
                     lmtp ? " by LMTP" : "");
  else
    explanation_line(x, "%s is reached by MX%s", domain,
                     routed ? ", as a line of control/smtproutes says" : " (no line of control/smtproutes)");
  explanation_line(x, control_has_domain(c, CONTROL_RELAYDOMAINS, domain, len - at)
                          ? "mail for it is taken from anybody: the domain is in control/relaydomains"
                          : "mail for it is taken from this machine's users and control/relayclients only; "
                            "everybody else is refused: 554 5.7.1");
  s = prepare(ids, x);
  if (s)
    tell_hosts(x, s, domain, routed && *target ? target : 0);
}
