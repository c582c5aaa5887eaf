/* explain_home - what a user's .forward or .qmail, or the programs and files of an alias, do with a message: found by the code
   that delivers (local/), in a process that has become who would deliver. It writes nothing. */
#ifndef TERN_EXPLAIN_HOME_H
#define TERN_EXPLAIN_HOME_H

#include <skalibs/stralloc.h>
#include "lib/control.h"
#include "lib/identity.h"
#include "lib/job.h"
#include "tools/explanation.h"

typedef struct explain_home_s explain_home;
struct explain_home_s {
  enum process_kind kind; /* PROCESS_PLAIN, PROCESS_ALIAS */
  char const *name;       /* of the user, of the alias */
  char const *ext;
  char const *address;
  char const *sender;
};
#define EXPLAIN_HOME_ADDRESSES 50u /* of one file that are told of one by one */

/* May the caller see it? He is root, the owner of an instance that is not root's, or the user himself. */
extern int explain_home_may(explain_home const *h, control const *c, identities const *ids);
/* Adds lines to x; addresses (each with its NUL) and their new sender ("" if it stays) are appended to `more`, `owner`. 0: what is
   there makes mail wait, and x says so. */
extern int explain_home_tell(explain_home const *h, control const *c, identities const *ids, explanation *x,
                             stralloc *more, stralloc *owner);

#endif
