/* answers - the questions of door `alias` (lib/question), answered: who may ask what, and the records of each
 * answer. */
#ifndef TERN_ALIAS_ANSWERS_H
#define TERN_ALIAS_ANSWERS_H

#include <sys/types.h>
#include <skalibs/stralloc.h>
#include "lib/control.h"
#include "lib/identity.h"
#include "alias/database.h"

#define ANSWERS_QUESTION_MAX (10u << 20) /* octets of a question in several frames */

typedef struct answerer_s answerer;
struct answerer_s {
  control settings;
  identities ids;
  database db;
  int complained; /* errno of the last complaint about aliases.cdb in the log, 0 for none */
};

/* Reads all settings that answers rest on. 0: problem (lib/control). */
extern int answerer_settings(answerer *a, stralloc *problem);

/* May this uid knock at all; and more: may it ask what names lead to? */
extern int answers_may_knock(identities const *ids, uid_t uid);
extern int answers_may_resolve(identities const *ids, uid_t uid);

/* The records of the answer to one question (all its frames' records together), appended to out. 0: it makes
   no sense, or uid may not ask that: the connection is closed. -1: no memory. */
extern int answer(answerer *a, uid_t uid, unsigned char type, char const *s, size_t len, stralloc *out);

#endif
