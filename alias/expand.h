/* expand - turns addresses into nodes of the graph, and a node into the nodes that it leads to. */
#ifndef TERN_ALIAS_EXPAND_H
#define TERN_ALIAS_EXPAND_H

#include "alias/graph.h"
#include "alias/step.h"

#define EXPAND_MAX 10000u        /* members of one answer, intermediate names among them */
#define EXPAND_EDGES_MAX 100000u /* targets that were read for it, duplicates among them */

typedef struct expander_s expander;
struct expander_s {
  knowledge const *k;
  graph g;
  uint32_t next;    /* nodes before it are expanded */
  uint32_t made;    /* nodes that expansions made */
  int over;         /* true: a bound was met */
  step s;           /* the last one taken */
  stralloc address; /* scratch */
};

extern void expander_init(expander *x, knowledge const *k); /* x must not move afterwards */
extern void expander_free(expander *x);

/* The node of an address. GRAPH_NONE: no memory. */
extern uint32_t expand_address(expander *x, char const *s, size_t len, enum step_mode mode);
/* Expands all that is not expanded yet: what `root` (a node, just made) leads to. `enough`: stops as soon as
   a user, a program or a foreign address was reached. What does not fit fails for now; if nothing was
   expanded before, `root` fails for good. 0: no memory. */
extern int expand_all(expander *x, uint32_t root, int enough);

#endif
