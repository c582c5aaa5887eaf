/* explain_meaning - one question to door alias: with all that root and the owner are told, else just whether the address exists. */
#ifndef TERN_EXPLAIN_MEANING_H
#define TERN_EXPLAIN_MEANING_H

#include <skalibs/stralloc.h>
#include "lib/question.h"
#include "lib/user.h"
#include "tools/explain.h"

#define EXPLAIN_SECONDS 60 /* for an answer */

typedef struct explain_meaning_s explain_meaning;
struct explain_meaning_s {
  enum meaning meaning;
  int sees_all;
  char name[ENVELOPE_ADDRESS_MAX + 1];
  char ext[ENVELOPE_ADDRESS_MAX + 1];
  stralloc
      members; /* each: a digit (enum envelope_final) and a NUL, the owner and a NUL, the address and a NUL */
  result why;
};
#define EXPLAIN_MEANING_ZERO                                                                                 \
  {                                                                                                          \
    .members = STRALLOC_ZERO                                                                                 \
  }

/* What can't be found out is MEANING_LATER, with the reason in m->why. */
extern void explain_meaning_ask(explain_meaning *m, explain *e, char const *address,
                                enum envelope_final final);
extern void explain_meaning_free(explain_meaning *m);

#endif
