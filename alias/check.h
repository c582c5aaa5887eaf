/* check - what is well written and still leads to nobody, or in a circle: warnings of newaliases. */
#ifndef TERN_ALIAS_CHECK_H
#define TERN_ALIAS_CHECK_H

#include "lib/control.h"
#include "lib/identity.h"
#include "alias/collection.h"

#define CHECK_SECONDS 2 /* for questions to passwd; names that are left then count as known */

/* a: the aliases, sorted; v: the virtual addresses, sorted, or empty. Says warnings in a. Needs CONTROL_LOCALS, CONTROL_USERS,
   CONTROL_RECIPIENTDELIMITER. 0: no memory. */
extern int check_aliases(collection *a, collection const *v, control const *settings, identities const *ids);

#endif
