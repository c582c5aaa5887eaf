/* carry - does for one recipient what a .forward, a .qmail or an alias says: programs, files and Maildirs in their order, then
   all addresses as one message. The first temporary failure stops, and all is tried again; a permanent one is told when all
   the rest is done, but in a .qmail it ends the matter, as there. */
#ifndef TERN_LOCAL_CARRY_H
#define TERN_LOCAL_CARRY_H

#include "local/deliver.h"
#include "local/qmail.h"
#include "local/target.h"

typedef struct rule_s rule;
struct rule_s {
  targets *t;
  qmail const *q;               /* 0: no .qmail says it */
  char const *owner;            /* the envelope sender of what is sent on; 0: as it came */
  void (*before_waiting)(void); /* called before anything that may take long; may be 0 */
};

extern void carry(self const *me, rule const *u, delivery *d);
/* The user's own mailbox, where his Maildir is not that of a batch. */
extern void carry_to_self(self const *me, delivery *d, result *r);

#endif
