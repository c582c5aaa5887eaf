/* expand - the closure's growth, breadth first; the array of nodes is the queue. A name that leads to itself
   means the user (an alias), or the address without the virtual rule. */
#include <string.h>
#include "lib/address.h"
#include "alias/expand.h"
#include "alias/expand_node.h"

void expander_init(expander *x, knowledge const *k)
{
  static step const zero = STEP_ZERO;
  x->k = k;
  x->next = x->made = 0;
  x->over = 0;
  x->s = zero;
  x->address = stralloc_zero;
  graph_init(&x->g);
}

void expander_free(expander *x)
{
  graph_free(&x->g);
  step_free(&x->s);
  stralloc_free(&x->address);
}

uint32_t expand_address(expander *x, char const *s, size_t len, enum step_mode mode)
{
  step_take(x->k, s, len, mode, &x->s);
  return expand_node(x, s, len, mode);
}

/* ---- what a node leads to */

static int same(expander const *x, graph_span name)
{
  return x->s.name.len == name.len && !memcmp(x->s.name.s, graph_text(&x->g, name), name.len);
}

/* The child of node `parent` at s; a rule that leads to itself is not taken twice. */
static int add_child(expander *x, uint32_t parent, char const *s, size_t len, enum step_mode mode)
{
  graph_node const *p = graph_at(&x->g, parent);
  graph_node self = *p;
  uint32_t before = graph_count(&x->g), i;
  step_take(x->k, s, len, mode, &x->s);
  if (mode == STEP_ANY && x->s.kind == STEP_ALIAS && self.kind == GRAPH_ALIAS && same(x, self.name))
    step_take(x->k, s, len, mode = STEP_USER_ONLY, &x->s);
  else if (mode == STEP_ANY && x->s.kind == STEP_VIRTUAL && self.kind == GRAPH_VIRTUAL && same(x, self.name))
    step_take(x->k, s, len, mode = STEP_NO_VIRTUAL, &x->s);
  i = expand_node(x, s, len, mode);
  x->made += graph_count(&x->g) - before;
  return i != GRAPH_NONE && graph_link(&x->g, i);
}

static int add_damaged(expander *x)
{
  result why;
  uint32_t i;
  result_set(&why, RESULT_TEMPORARY, STATUS_MISCONFIGURED,
             "aliases.cdb is damaged; newaliases makes it anew");
  i = expand_node_failed(x, GRAPH_FAILED, "", 0, &why);
  return i != GRAPH_NONE && graph_link(&x->g, i);
}

static uint32_t too_many(expander *x, enum result_class class)
{
  result why;
  if (class == RESULT_PERMANENT)
    result_set(&why, class, STATUS_TOO_MANY_RECIPIENTS, "leads to more than %u addresses", EXPAND_MAX);
  else
    result_set(&why, class, STATUS_SYSTEM_FULL,
               "the recipients of this message lead to more than %u addresses; this one is tried later",
               EXPAND_MAX);
  return expand_node_failed(x, GRAPH_FAILED, class == RESULT_PERMANENT ? "!" : "?", 1, &why);
}

/* Whatever leads here has not all of its members. */
static int add_too_many(expander *x)
{
  uint32_t i = too_many(x, RESULT_TEMPORARY);
  x->over = 1;
  return i != GRAPH_NONE && graph_link(&x->g, i);
}

static int is_over(expander const *x)
{
  return x->made > EXPAND_MAX || genalloc_len(uint32_t, &x->g.edges) > EXPAND_EDGES_MAX;
}

static int add_commands(expander *x, uint32_t parent)
{
  graph_span name = graph_at(&x->g, parent)->name;
  char copy[DATABASE_NAME_MAX];
  uint32_t i;
  memcpy(copy, graph_text(&x->g, name), name.len);
  i = expand_node_commands(x, copy, name.len);
  return i != GRAPH_NONE && graph_link(&x->g, i);
}

/* A virtual target: "@domain" keeps the local part, any other gets the extension that its rule did not name.
 */
static int virtual_target(expander *x, uint32_t parent, target const *t, stralloc *out)
{
  graph_node const *p = graph_at(&x->g, parent);
  char const *ext = graph_text(&x->g, p->ext);
  int catchall = p->name.len && *graph_text(&x->g, p->name) == '@';
  char delimiter = step_delimiter(x->k);
  size_t at = address_domain(t->s, t->len), local = at == t->len ? at : at - 1;
  stralloc raw = STRALLOC_ZERO;
  int ok;
  if (*t->s == '@')
    ok = stralloc_catb(&raw, ext, p->ext.len);
  else {
    ok = address_unquote(t->s, local, &raw);
    if (ok && !catchall && p->ext.len && delimiter)
      ok = stralloc_append(&raw, delimiter) && stralloc_catb(&raw, ext, p->ext.len);
  }
  out->len = 0;
  ok = ok && address_quote(raw.s, raw.len, out);
  if (ok && *t->s == '@')
    ok = stralloc_catb(out, t->s, t->len);
  else if (ok)
    ok = stralloc_catb(out, t->s + local, t->len - local);
  stralloc_free(&raw);
  return ok;
}

static int add_target(expander *x, uint32_t parent, target const *t, int *commands)
{
  stralloc address = STRALLOC_ZERO;
  int ok = 1;
  if (t->kind == TARGET_COMMAND)
    *commands = 1;
  else if (graph_at(&x->g, parent)->kind == GRAPH_VIRTUAL)
    ok = virtual_target(x, parent, t, &address) && add_child(x, parent, address.s, address.len, STEP_ANY);
  else
    ok = add_child(x, parent, t->s, t->len, t->kind == TARGET_USER ? STEP_USER_ONLY : STEP_ANY);
  stralloc_free(&address);
  return ok;
}

static int add_targets(expander *x, uint32_t parent)
{
  database_entry e = graph_at(&x->g, parent)->e;
  target t;
  int commands = 0, got, ok = 1;
  while (ok && (got = database_target(&e, &t)) == 1)
    if (is_over(x))
      return add_too_many(x);
    else
      ok = add_target(x, parent, &t, &commands);
  if (ok && got == -1)
    ok = add_damaged(x);
  return ok && (!commands || add_commands(x, parent));
}

static int has_owner(expander const *x, graph_node const *n)
{
  char name[DATABASE_NAME_MAX + 8] = "owner-";
  database_entry e;
  if (n->name.len > DATABASE_NAME_MAX)
    return 0;
  memcpy(name + 6, graph_text(&x->g, n->name), n->name.len);
  return database_find(x->k->db, DATABASE_ALIAS, name, n->name.len + 6, &e) == DATABASE_FOUND;
}

static int expand(expander *x, uint32_t i)
{
  graph_node *n = graph_at(&x->g, i);
  uint32_t first = (uint32_t)genalloc_len(uint32_t, &x->g.edges);
  int ok;
  if (n->kind == GRAPH_ALIAS)
    n->owner = has_owner(x, n) & 1;
  ok = n->kind == GRAPH_REDIRECT ? add_child(x, i, n->to, strlen(n->to), STEP_ANY) : add_targets(x, i);
  n = graph_at(&x->g, i);
  n->first = first;
  n->edges = (uint32_t)genalloc_len(uint32_t, &x->g.edges) - first;
  return ok;
}

int expand_all(expander *x, uint32_t root, int enough)
{
  int alone = !x->made;
  uint32_t i;
  for (; x->next < graph_count(&x->g); x->next++) {
    graph_node const *n = graph_at(&x->g, x->next);
    if (graph_leads_on(n)) {
      if (!expand(x, x->next))
        return 0;
    } else if (enough && n->kind != GRAPH_UNKNOWN && n->kind != GRAPH_FAILED)
      return 1;
  }
  if (!x->over || !alone)
    return 1;
  i = too_many(x, RESULT_PERMANENT);
  if (i != GRAPH_NONE)
    graph_at(&x->g, root)->bad = i;
  return i != GRAPH_NONE;
}
