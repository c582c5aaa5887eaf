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

int settings_load(settings *s, stralloc *problem)
{
  static enum control_name const names[] = {CONTROL_ME,
                                            CONTROL_LISTEN,
                                            CONTROL_RESOLVER,
                                            CONTROL_TIMEOUTCONNECT,
                                            CONTROL_TIMEOUTREMOTE,
                                            CONTROL_TIMEOUTDONE,
                                            CONTROL_CONCURRENCYREMOTE,
                                            CONTROL_TIMEOUTDRAIN};
  char const *resolver;
  if (!control_read(&s->c, names, sizeof names / sizeof *names, s->ids.root, problem))
    return 0;
  s->dns = s->system;
  resolver = control_line(&s->c, CONTROL_RESOLVER);
  if (*resolver && !dns_use(&s->dns, resolver)) {
    stralloc_copys(problem, "control/resolver:1: not the address of a DNS server; write address[:port]");
    stralloc_0(problem);
    return 0;
  }
  self_read(&s->self, &s->c);
  return 1;
}
