/* explain - why an address goes where it goes, and what would happen on the way: asks door alias, the homes, DNS. */
#ifndef TERN_EXPLAIN_H
#define TERN_EXPLAIN_H

#include "lib/control.h"
#include "lib/door.h"
#include "lib/identity.h"
#include "tools/explanation.h"

#define EXPLAIN_COPIES 100u /* that are told of */

typedef struct explain_s explain;
struct explain_s {
  control c;
  identities ids;
  door d; /* alias, kept between addresses */
};
#define EXPLAIN_ZERO                                                                                         \
  {                                                                                                          \
    .c = CONTROL_ZERO, .d = {.fd = -1 }                                                                      \
  }

/* HOME is the current folder. 0: problem. */
extern int explain_init(explain *e, stralloc *problem);
/* sender: the envelope sender, or 0. The exit code: 0 it exists or goes to another machine, 67 unknown, 75 that can't be said
   now. */
extern int explain_address(explain *e, explanation *x, char const *address, char const *sender);

#endif
