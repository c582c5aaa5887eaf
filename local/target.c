/* target - a list that knows its addresses. */
#include <errno.h>
#include <string.h>
#include "local/target.h"

static void *key_of(uint32_t i, void *data)
{
  targets *t = data;
  return t->text.s + targets_get(t)[i].text;
}

static int compare(void const *a, void const *b, void *data)
{
  (void)data;
  return strcmp(a, b);
}

void targets_init(targets *t)
{
  t->text = stralloc_zero;
  t->list = genalloc_zero;
  t->n_addresses = 0;
  t->line = 0;
  t->has_self = 0;
  avltree_init(&t->addresses, 0, 3, 8, &key_of, &compare, t);
}

void targets_free(targets *t)
{
  avltree_free(&t->addresses);
  stralloc_free(&t->text);
  genalloc_free(target, &t->list);
  targets_init(t);
}

/* Takes back the last one. */
static void undo(targets *t, uint32_t text)
{
  genalloc_setlen(target, &t->list, targets_count(t) - 1);
  t->text.len = text;
}

static int add_address(targets *t, uint32_t text)
{
  uint32_t found;
  if (avltree_search(&t->addresses, t->text.s + text, &found)) {
    undo(t, text);
    return 1;
  }
  if (!avltree_insert(&t->addresses, (uint32_t)targets_count(t) - 1)) {
    undo(t, text);
    return (errno = ENOMEM, 0);
  }
  t->n_addresses++;
  return 1;
}

int targets_add(targets *t, enum target_kind kind, char const *s, size_t len)
{
  target one = {.kind = kind, .text = (uint32_t)t->text.len, .line = t->line};
  if (kind == TARGET_SELF && t->has_self)
    return 1;
  if (targets_count(t) >= TARGETS_MAX)
    return (errno = E2BIG, 0);
  if (!stralloc_readyplus(&t->text, len + 1) || !genalloc_append(target, &t->list, &one))
    return (errno = ENOMEM, 0);
  stralloc_catb(&t->text, s, len);
  stralloc_0(&t->text);
  if (kind == TARGET_SELF)
    t->has_self = 1;
  return kind == TARGET_ADDRESS ? add_address(t, one.text) : 1;
}

void targets_cut(targets *t, size_t n)
{
  for (size_t i = n; i < targets_count(t); i++)
    t->n_addresses -= targets_get(t)[i].kind == TARGET_ADDRESS;
  genalloc_setlen(target, &t->list, n);
}
