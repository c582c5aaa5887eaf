/* rootdoor - door `local`: the runner names a user, and gets a channel to a process that has become him. This
   loop is root; it reads names of at most PROCESS_NAME_MAX octets from one uid, and no message. Looking a
   name up is the child's work, so a directory service that hangs holds up nobody else. */
#ifndef TERN_LOCAL_ROOTDOOR_H
#define TERN_LOCAL_ROOTDOOR_H

#include <skalibs/stralloc.h>
#include "lib/control.h"
#include "lib/door.h"
#include "lib/identity.h"
#include "local/processes.h"

#define ROOTDOOR_CONNECTIONS 8u /* a runner, its successor, and what is odd */
#define ROOTDOOR_SPARE                                                                                       \
  16u /* processes beyond twice concurrencylocal, which end while their successors begin */

typedef struct rootdoor_s rootdoor;
struct rootdoor_s {
  identities const *ids;
  control *c;
  int listener;
  int signals;
  int gone[2]; /* children hold its reading end, and leave when we close ours */
  processes p;
  door connections[ROOTDOOR_CONNECTIONS];
};

/* Reads the settings. 0: problem, and the old ones stay. */
extern int rootdoor_settings(control *c, identities const *ids, stralloc *problem);
/* listener and signals are open. 0: errno. */
extern int rootdoor_init(rootdoor *d, identities const *ids, control *c);
/* Until DRAIN: then what was asked is answered, and the children are left to end by themselves. */
extern void rootdoor_run(rootdoor *d);

#endif
