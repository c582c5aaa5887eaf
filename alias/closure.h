/* closure - what all local recipients of a message mean, taken together: each recipient's verdict, and the
   members of all that expand, each once, grouped by the envelope sender that owner-NAME asks for. RCPT,
   sendmail -bv, the explanation and delivery all ask here. */
#ifndef TERN_ALIAS_CLOSURE_H
#define TERN_ALIAS_CLOSURE_H

#include "lib/envelope.h"
#include "lib/question.h"
#include "alias/expand.h"

typedef struct closure_member_s closure_member;
struct closure_member_s {
  uint32_t node;
  uint32_t parent; /* index of a recipient */
  uint32_t group;  /* index in groups */
  uint32_t order;
};

typedef struct closure_s closure;
struct closure_s {
  expander x;
  genalloc rcpts;   /* uint32_t: their nodes */
  genalloc members; /* closure_member, sorted by group once finished */
  genalloc
      groups; /* uint32_t: the alias whose owner is the sender; GRAPH_NONE for the message's own sender */
};

extern void closure_init(closure *c, knowledge const *k); /* c must not move afterwards */
extern void closure_free(closure *c);
/* Adds a recipient. 0: no memory. */
extern int closure_add(closure *c, char const *address, size_t len, enum envelope_final final);
/* After the last one: members and groups. 0: no memory. */
extern int closure_finish(closure *c);
/* Then, for recipient i: its meaning; *why is filled in for MEANING_UNKNOWN and MEANING_LATER. */
extern enum meaning closure_verdict(closure *c, uint32_t i, result *why);
/* The node that MEANING_USER and MEANING_ALIAS are about. */
extern graph_node const *closure_node(closure const *c, uint32_t i);

/* The meaning of one address alone, with as little work as that needs. */
extern enum meaning closure_exists(knowledge const *k, char const *address, size_t len, result *why);

#endif
