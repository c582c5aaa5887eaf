/* graph - what was found while one question was answered: each alias, virtual address, user and foreign
   address once, and which leads to which. Bounded; it never fails but for want of memory. */
#ifndef TERN_ALIAS_GRAPH_H
#define TERN_ALIAS_GRAPH_H

#include <stdint.h>
#include <skalibs/avltree.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include "lib/result.h"
#include "alias/step.h"

#define GRAPH_NONE UINT32_MAX

enum graph_kind {
  GRAPH_USER,
  GRAPH_COMMANDS, /* the programs, files and includes of an alias */
  GRAPH_ELSEWHERE,
  GRAPH_UNKNOWN,
  GRAPH_FAILED, /* later, or (by the class of its result) never */
  GRAPH_ALIAS,  /* this and the ones below lead on */
  GRAPH_VIRTUAL,
  GRAPH_REDIRECT
};
#define graph_leads_on(n) ((n)->kind >= GRAPH_ALIAS)

typedef struct graph_span_s graph_span;
struct graph_span_s { /* octets of the graph's text */
  uint32_t at, len;
};

typedef struct graph_node_s graph_node;
struct graph_node_s {
  graph_span key; /* what it is known by; begins with a letter for its kind */
  graph_span name;
  graph_span ext;
  graph_span address; /* of what does not lead on: as a member of the answer */
  graph_span why;     /* GRAPH_UNKNOWN, GRAPH_FAILED: a packed result */
  database_entry e;
  char const *to;
  uint32_t first, edges; /* in the graph's edges */
  /* what can be reached from it: GRAPH_NONE or a node */
  uint32_t bad;  /* one that failed */
  uint32_t lost; /* one that is unknown */
  unsigned char kind;
  unsigned char final;    /* of `address` */
  unsigned int fruit : 1; /* a user, a program, a foreign address can be reached */
  unsigned int owner : 1; /* an alias that has an alias owner-NAME */
  unsigned int emitted : 1;
};

typedef struct graph_s graph;
struct graph_s {
  stralloc text;
  genalloc nodes; /* graph_node */
  genalloc edges; /* uint32_t */
  avltree index;
};

extern void graph_init(graph *g); /* g must not move afterwards */
extern void graph_free(graph *g);
#define graph_count(g) ((uint32_t)genalloc_len(graph_node, &(g)->nodes))
#define graph_at(g, i) (genalloc_s(graph_node, &(g)->nodes) + (i))
#define graph_text(g, span) ((g)->text.s + (span).at)
/* Adds octets to the text. 0: no memory. */
extern int graph_keep(graph *g, graph_span *span, char const *s, size_t len);

/* The node of this key: letter, a, NUL, b. *fresh: it was made now, of this kind and otherwise empty.
   GRAPH_NONE: no memory. */
extern uint32_t graph_node_of(graph *g, enum graph_kind kind, char const *a, size_t alen, char const *b,
                              size_t blen, int *fresh);
extern int graph_link(graph *g, uint32_t to); /* an edge from the node that is being expanded. 0: no memory */
extern int graph_fail(graph *g, uint32_t node, result const *why); /* stores `why`. 0: no memory */

/* Fills in bad, lost and fruit of all nodes. */
extern void graph_spread(graph *g);

#endif
