/* explain - why an address goes where it goes, in words: the rules that matched, by the same code that
 * delivery asks. */
#ifndef TERN_ALIAS_EXPLAIN_H
#define TERN_ALIAS_EXPLAIN_H

#include "alias/step.h"

#define EXPLAIN_MEMBERS_MAX 100u /* addresses that are listed; the rest is counted */

/* Appends records ANSWER_STEP. Without k->secrets only the first rule and the outcome are told. 1, -1: no
 * memory. */
extern int explain(knowledge const *k, char const *address, size_t len, stralloc *out);

#endif
