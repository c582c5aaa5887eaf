/* virtual - the grammar of the file that the setting `virtual` names, in the form of Postfix's virtual(5):

     user@domain  target, target
     @domain      target            all other addresses of the domain; a target "@domain" keeps the local part
     user         target            this user in every domain of `locals`
     domain       anything          declares a domain: its other addresses are unknown here */
#ifndef TERN_ALIAS_VIRTUAL_H
#define TERN_ALIAS_VIRTUAL_H

#include "lib/control.h"
#include "alias/collection.h"
#include "alias/source.h"

/* Takes all of the file; what is wrong is said in c. 0: no memory. */
extern int virtual_read(collection *c, source *s);
/* After the sort: entries that lead nowhere (needs CONTROL_LOCALS). */
extern void virtual_check(collection *c, control const *settings);

#endif
