/* closure - verdicts and members, from the graph. The recipients' own nodes are members of nothing: who is
   named twice, or named and reached by an alias, gets one copy. */
#include <stdlib.h>
#include <string.h>
#include "alias/closure.h"

void closure_init(closure *c, knowledge const *k)
{
  expander_init(&c->x, k);
  c->rcpts = c->members = c->groups = genalloc_zero;
}

void closure_free(closure *c)
{
  expander_free(&c->x);
  genalloc_free(uint32_t, &c->rcpts);
  genalloc_free(closure_member, &c->members);
  genalloc_free(uint32_t, &c->groups);
}

static enum step_mode mode_of(enum envelope_final final)
{
  return final == FINAL_USER ? STEP_USER_ONLY : final == FINAL_ALIAS ? STEP_ALIAS_ONLY : STEP_ANY;
}

int closure_add(closure *c, char const *address, size_t len, enum envelope_final final)
{
  uint32_t node = expand_address(&c->x, address, len, mode_of(final));
  return node != GRAPH_NONE && genalloc_append(uint32_t, &c->rcpts, &node) && expand_all(&c->x, node, 0);
}

/* The alias postmaster that leads to nobody, GRAPH_NONE if there is none such. */
static uint32_t dead_postmaster(graph const *g)
{
  static char const name[] = "postmaster";
  for (uint32_t i = 0; i < graph_count(g); i++) {
    graph_node const *n = graph_at(g, i);
    if (n->kind == GRAPH_ALIAS && n->name.len == sizeof name - 1 && !n->fruit && n->bad == GRAPH_NONE &&
        !memcmp(graph_text(g, n->name), name, sizeof name - 1))
      return i;
  }
  return GRAPH_NONE;
}

/* Postmaster is always accepted (RFC 5321 section 4.5.1): an alias that leads to nobody counts as none. 0: no
 * memory. */
static int spread(closure *c)
{
  graph *g = &c->x.g;
  uint32_t i, user;
  graph_spread(g);
  i = dead_postmaster(g);
  if (i == GRAPH_NONE)
    return 1;
  user = expand_address(&c->x, "postmaster", 10, STEP_USER_ONLY);
  if (user == GRAPH_NONE || !graph_link(g, user))
    return 0;
  graph_at(g, i)->first = (uint32_t)genalloc_len(uint32_t, &g->edges) - 1;
  graph_at(g, i)->edges = 1;
  graph_spread(g);
  return 1;
}

/* ---- verdicts */

static enum meaning because(graph const *g, uint32_t node, result *why)
{
  graph_span packed = graph_at(g, node)->why;
  if (!result_unpack(why, graph_text(g, packed), packed.len))
    result_set(why, RESULT_TEMPORARY, STATUS_SYSTEM, "the reason was lost");
  return why->class == RESULT_PERMANENT ? MEANING_UNKNOWN : MEANING_LATER;
}

/* An alias of nothing but programs, files and includes needs no message of its own, unless that has another
 * sender. */
static int is_commands_only(graph const *g, graph_node const *n)
{
  return n->kind == GRAPH_ALIAS && !n->owner && n->edges == 1 &&
         graph_at(g, genalloc_s(uint32_t, &g->edges)[n->first])->kind == GRAPH_COMMANDS;
}

static enum meaning judge(graph const *g, uint32_t node, result *why)
{
  graph_node const *n = graph_at(g, node);
  if (n->kind == GRAPH_USER)
    return MEANING_USER;
  if (n->kind == GRAPH_COMMANDS || is_commands_only(g, n))
    return MEANING_ALIAS;
  if (n->kind == GRAPH_ELSEWHERE)
    return MEANING_ELSEWHERE;
  if (n->bad != GRAPH_NONE)
    return because(g, n->bad, why);
  if (n->fruit)
    return MEANING_EXPAND;
  if (n->lost != GRAPH_NONE)
    return because(g, n->lost, why);
  result_set(why, RESULT_PERMANENT, STATUS_LOOP, "alias loop: it leads to itself and nowhere else");
  return MEANING_UNKNOWN;
}

enum meaning closure_verdict(closure *c, uint32_t i, result *why)
{
  return judge(&c->x.g, genalloc_s(uint32_t, &c->rcpts)[i], why);
}

graph_node const *closure_node(closure const *c, uint32_t i)
{
  graph_node const *n = graph_at(&c->x.g, genalloc_s(uint32_t, &c->rcpts)[i]);
  if (is_commands_only(&c->x.g, n))
    n = graph_at(&c->x.g, genalloc_s(uint32_t, &c->x.g.edges)[n->first]);
  return n;
}

/* ---- members */

typedef struct visit_s visit;
struct visit_s {
  uint32_t node;
  uint32_t group;
};

static int push_children(closure *c, genalloc *stack, graph_node const *n, uint32_t group)
{
  uint32_t const *edges = genalloc_s(uint32_t, &c->x.g.edges) + n->first;
  for (uint32_t e = n->edges; e--;) {
    visit v = {.node = edges[e], .group = group};
    if (!graph_at(&c->x.g, v.node)->emitted && !genalloc_append(visit, stack, &v))
      return 0;
  }
  return 1;
}

/* The group of an alias's members: its owner's, else that of whoever led to it. */
static int group_of(closure *c, uint32_t node, uint32_t *group)
{
  if (!graph_at(&c->x.g, node)->owner)
    return 1;
  *group = (uint32_t)genalloc_len(uint32_t, &c->groups);
  return genalloc_append(uint32_t, &c->groups, &node);
}

static int emit(closure *c, uint32_t node, uint32_t parent, uint32_t group)
{
  closure_member m = {.node = node,
                      .parent = parent,
                      .group = group,
                      .order = (uint32_t)genalloc_len(closure_member, &c->members)};
  return genalloc_append(closure_member, &c->members, &m);
}

/* Depth first, so that members come in the order of the file. */
static int walk(closure *c, genalloc *stack, uint32_t root, uint32_t parent)
{
  visit v = {.node = root, .group = 0};
  int ok = genalloc_append(visit, stack, &v);
  while (ok && genalloc_len(visit, stack)) {
    graph_node *n;
    v = genalloc_s(visit, stack)[genalloc_len(visit, stack) - 1];
    genalloc_setlen(visit, stack, genalloc_len(visit, stack) - 1);
    n = graph_at(&c->x.g, v.node);
    if (n->emitted)
      continue;
    n->emitted = 1;
    if (!graph_leads_on(n))
      ok = emit(c, v.node, parent, v.group);
    else
      ok = group_of(c, v.node, &v.group) && push_children(c, stack, n, v.group);
  }
  return ok;
}

static void mark_named(closure *c)
{
  uint32_t n = (uint32_t)genalloc_len(uint32_t, &c->rcpts);
  for (uint32_t i = 0; i < n; i++) {
    result why;
    enum meaning m = closure_verdict(c, i, &why);
    if (m == MEANING_USER || m == MEANING_ALIAS || m == MEANING_ELSEWHERE)
      graph_at(&c->x.g, (uint32_t)(closure_node(c, i) - graph_at(&c->x.g, 0)))->emitted = 1;
  }
}

static int by_group(void const *a, void const *b)
{
  closure_member const *x = a, *y = b;
  int r = (x->group > y->group) - (x->group < y->group);
  return r ? r : (x->order > y->order) - (x->order < y->order);
}

int closure_finish(closure *c)
{
  uint32_t n = (uint32_t)genalloc_len(uint32_t, &c->rcpts), own = GRAPH_NONE;
  genalloc stack = GENALLOC_ZERO;
  int ok = genalloc_append(uint32_t, &c->groups, &own) && spread(c);
  if (ok)
    mark_named(c);
  for (uint32_t i = 0; ok && i < n; i++) {
    result why;
    if (closure_verdict(c, i, &why) == MEANING_EXPAND)
      ok = walk(c, &stack, genalloc_s(uint32_t, &c->rcpts)[i], i);
  }
  genalloc_free(visit, &stack);
  if (ok && genalloc_len(closure_member, &c->members))
    qsort(c->members.s, genalloc_len(closure_member, &c->members), sizeof(closure_member), &by_group);
  return ok;
}

enum meaning closure_exists(knowledge const *k, char const *address, size_t len, result *why)
{
  closure c;
  enum meaning m = MEANING_LATER;
  uint32_t node;
  closure_init(&c, k);
  result_set(why, RESULT_TEMPORARY, STATUS_SYSTEM, "no memory to look up the address");
  node = expand_address(&c.x, address, len, STEP_ANY);
  if (node != GRAPH_NONE && expand_all(&c.x, node, 1) && spread(&c)) {
    m = judge(&c.x.g, node, why);
    if (m != MEANING_ALIAS && graph_leads_on(graph_at(&c.x.g, node)) && graph_at(&c.x.g, node)->fruit)
      m = MEANING_EXPAND;
  }
  closure_free(&c);
  return m;
}
