/* alias - the programs, files and includes that the aliases file names for one alias: asked at door `alias`
   by a process of ternx, which alone may know them and runs them. */
#ifndef TERN_LOCAL_ALIAS_H
#define TERN_LOCAL_ALIAS_H

#include "lib/result.h"
#include "local/forward.h"

#define ALIAS_SECONDS 30u /* for the answer */

/* Fills f->t. owner: gets the owner's address, empty if there is none. 0: *r. */
extern int local_alias_targets(forward_reader *f, char const *name, stralloc *owner, result *r);

#endif
