/* explain_route - how mail for another machine's domain goes: smtproutes, else the MX that DNS names now, by the code that sends. */
#ifndef TERN_EXPLAIN_ROUTE_H
#define TERN_EXPLAIN_ROUTE_H

#include "lib/control.h"
#include "lib/identity.h"
#include "tools/explanation.h"

/* Adds lines; a DNS that does not answer costs some seconds. c has smtproutes and relaydomains. */
extern void explain_route(explanation *x, control const *c, identities const *ids, char const *address);

#endif
