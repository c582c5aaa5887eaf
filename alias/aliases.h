/* aliases - the grammar of the aliases file, aliases(5): "name: target, target". */
#ifndef TERN_ALIAS_ALIASES_H
#define TERN_ALIAS_ALIASES_H

#include "alias/collection.h"
#include "alias/source.h"

#define ALIASES_COMMANDS_MAX                                                                                 \
  60000u /* octets of the programs, files and includes of one name: one frame at the door */

/* Takes all of the file; what is wrong is said in c. 0: no memory. */
extern int aliases_read(collection *c, source *s);
/* Adds the targets of a list to c->value. 1 done; 0 it is wrong and that was said; -1 no memory. `commands`:
   programs, files and includes may be among them. */
extern int aliases_targets(collection *c, char const *s, size_t len, unsigned int line, int commands);

#endif
