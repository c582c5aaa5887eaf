/* lookups - processes beside the root door that find out who somebody is: a directory service may take its time, or hang, and
   holds up neither the root door nor, once LOOKUPS_SLOW has passed, anybody but who was asked for.

   They are the root door's children as ternl, of all the suite's users the one that hears least from outside (in an instance
   that is not root's: the owner), can't be traced, and read nothing but questions of the root door, which looks at the answers
   once more: nobody becomes uid 0, gid 0 or one of the suite's own. The first is made when somebody is asked for, further ones
   when it is slow; each ends after LOOKUPS_IDLE without a question, with the root door, and with new settings. */
#ifndef TERN_LOCAL_LOOKUPS_H
#define TERN_LOCAL_LOOKUPS_H

#include <stdint.h>
#include <sys/types.h>
#include <skalibs/iopause.h>
#include <skalibs/tai.h>
#include "lib/control.h"
#include "lib/identity.h"
#include "lib/job.h"
#include "local/who.h"

#define LOOKUPS_MAX 16u   /* processes */
#define LOOKUPS_AHEAD 16u /* questions that one has at most */
#define LOOKUPS_SLOW 500u /* milliseconds without an answer until the questions behind are asked of another */
#define LOOKUPS_GIVEN_UP                                                                                     \
  120u /* seconds without an answer until the process is ended and the name can't be looked up */
#define LOOKUPS_IDLE 10u /* seconds */

typedef struct question_s question;
struct question_s {
  uint64_t number; /* of the process that is to be made */
  enum process_kind kind;
  char name[PROCESS_NAME_MAX];
};

typedef struct lookup_s lookup;
struct lookup_s {
  int fd; /* -1: there is none */
  pid_t pid;
  tain since; /* the last answer, or the first question, or idle */
  int slow;
  unsigned int n;
  question q[LOOKUPS_AHEAD]; /* unanswered, the oldest first */
};

typedef struct lookups_s lookups;
struct lookups_s {
  identities const *ids;
  control const *c;
  lookup one[LOOKUPS_MAX];
};

extern void lookups_init(lookups *l, identities const *ids, control const *c);
/* 0: errno (EAGAIN: all are slow). */
extern int lookups_ask(lookups *l, question const *q);
/* The settings are new: what was asked is asked again. */
extern void lookups_renew(lookups *l, void (*answer)(void *data, question const *q, who const *w),
                          void *data);
/* What the loop waits for. x has room for LOOKUPS_MAX; gives how many. */
extern unsigned int lookups_prepare(lookups const *l, iopause_fd *x, tain *deadline);
/* Takes what is there; answer(data, q, w) for each; w->r says how it went. */
extern void lookups_act(lookups *l, void (*answer)(void *data, question const *q, who const *w), void *data);

#endif
