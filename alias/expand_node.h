/* expand_node - nodes of the graph for what was found. For expand alone. GRAPH_NONE: no memory. */
#ifndef TERN_ALIAS_EXPAND_NODE_H
#define TERN_ALIAS_EXPAND_NODE_H

#include "alias/expand.h"

/* The node of the step x->s that was taken for s. */
extern uint32_t expand_node(expander *x, char const *s, size_t len, enum step_mode mode);
/* The programs, files and includes of an alias. */
extern uint32_t expand_node_commands(expander *x, char const *name, size_t len);
/* GRAPH_UNKNOWN or GRAPH_FAILED, known by s. */
extern uint32_t expand_node_failed(expander *x, enum graph_kind kind, char const *s, size_t len,
                                   result const *why);

#endif
