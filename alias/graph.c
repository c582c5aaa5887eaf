/* graph - nodes in one array, found again by their keys in a tree of skalibs. */
#include <string.h>
#include "alias/graph.h"

static void *key_of(uint32_t i, void *data)
{
  return &graph_at((graph *)data, i)->key;
}

static int compare(void const *a, void const *b, void *data)
{
  graph const *g = data;
  graph_span const *x = a, *y = b;
  int r = memcmp(graph_text(g, *x), graph_text(g, *y), x->len < y->len ? x->len : y->len);
  return r ? r : (x->len > y->len) - (x->len < y->len);
}

void graph_init(graph *g)
{
  static graph const zero;
  *g = zero;
  avltree_init(&g->index, 8, 3, 8, &key_of, &compare, g);
}

void graph_free(graph *g)
{
  stralloc_free(&g->text);
  genalloc_free(graph_node, &g->nodes);
  genalloc_free(uint32_t, &g->edges);
  avltree_free(&g->index);
}

int graph_keep(graph *g, graph_span *span, char const *s, size_t len)
{
  span->at = (uint32_t)g->text.len;
  span->len = (uint32_t)len;
  return stralloc_catb(&g->text, s, len);
}

uint32_t graph_node_of(graph *g, enum graph_kind kind, char const *a, size_t alen, char const *b, size_t blen,
                       int *fresh)
{
  graph_node n = {.bad = GRAPH_NONE, .lost = GRAPH_NONE, .kind = (unsigned char)kind};
  char const letter = (char)('a' + kind);
  size_t before = g->text.len;
  uint32_t i = graph_count(g), found;
  n.key.at = (uint32_t)before;
  n.key.len = (uint32_t)(alen + blen + 2);
  if (!stralloc_append(&g->text, letter) || !stralloc_catb(&g->text, a, alen) || !stralloc_0(&g->text) ||
      !stralloc_catb(&g->text, b, blen))
    return GRAPH_NONE;
  *fresh = !avltree_search(&g->index, &n.key, &found);
  if (!*fresh) {
    g->text.len = before;
    return found;
  }
  n.name.at = n.key.at + 1;
  n.name.len = (uint32_t)alen;
  n.ext.at = n.name.at + n.name.len + 1;
  n.ext.len = (uint32_t)blen;
  if (!genalloc_append(graph_node, &g->nodes, &n))
    return GRAPH_NONE;
  return avltree_insert(&g->index, i) ? i : GRAPH_NONE;
}

int graph_link(graph *g, uint32_t to)
{
  return genalloc_append(uint32_t, &g->edges, &to);
}

int graph_fail(graph *g, uint32_t node, result const *why)
{
  graph_span span = {.at = (uint32_t)g->text.len};
  if (!result_pack(&g->text, why))
    return 0;
  span.len = (uint32_t)(g->text.len - span.at);
  graph_at(g, node)->why = span;
  return 1;
}

static void seed(graph_node *n, uint32_t i)
{
  if (n->kind == GRAPH_FAILED)
    n->bad = i;
  else if (n->kind == GRAPH_UNKNOWN)
    n->lost = i;
  else if (!graph_leads_on(n))
    n->fruit = 1;
}

/* True if something new was learnt. */
static int inherit(graph *g, graph_node *n)
{
  uint32_t const *edges = genalloc_s(uint32_t, &g->edges) + n->first;
  uint32_t bad = n->bad, lost = n->lost;
  unsigned int fruit = n->fruit;
  for (uint32_t e = 0; e < n->edges; e++) {
    graph_node const *child = graph_at(g, edges[e]);
    if (bad == GRAPH_NONE)
      bad = child->bad;
    if (lost == GRAPH_NONE)
      lost = child->lost;
    fruit |= child->fruit;
  }
  if (bad == n->bad && lost == n->lost && fruit == n->fruit)
    return 0;
  n->bad = bad;
  n->lost = lost;
  n->fruit = fruit & 1;
  return 1;
}

/* Children mostly come after their parents, so backwards one pass does nearly all; cycles need another. */
void graph_spread(graph *g)
{
  int again = 1;
  for (uint32_t i = 0; i < graph_count(g); i++)
    seed(graph_at(g, i), i);
  while (again) {
    again = 0;
    for (uint32_t i = graph_count(g); i--;)
      again |= inherit(g, graph_at(g, i));
  }
}
