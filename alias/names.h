/* names - who a local name is: an alias, a user, a user with an extension. For step alone. */
#ifndef TERN_ALIAS_NAMES_H
#define TERN_ALIAS_NAMES_H

#include "alias/step.h"

enum names_kind { NAMES_ALIASES = 1, NAMES_USERS = 2, NAMES_BOTH = 3 };

/* The longest name that exists at the start of raw (a local part without quotes). Always fills in s; unknown
   is STEP_UNKNOWN. */
extern void names_find(knowledge const *k, char const *raw, size_t len, enum names_kind kinds, step *s);
/* The name as a whole, with this extension. */
extern void names_find_with(knowledge const *k, char const *name, size_t len, char const *ext, size_t elen,
                            step *s);
/* STEP_LATER: no memory. */
extern void names_nomem(step *s);

#endif
