/* explain_route - how mail for another machine's domain goes: smtproutes, else the MX that DNS names now, by the code that sends. */
#ifndef TERN_EXPLAIN_ROUTE_H
#define TERN_EXPLAIN_ROUTE_H

#include "lib/control.h"
#include "lib/identity.h"
#include "tools/explanation.h"

/* Adds lines. The exit code: 0, 67 (there is no such domain, or it takes no mail), 75 (DNS does not answer). c has smtproutes and
   relaydomains. */
extern int explain_route(explanation *x, control const *c, identities const *ids, char const *address);

#endif
