/* order - keeps the oldest of what a scan gives; when the room is used up the younger half is forgotten, and
   everything that is younger than what stayed is left to the next scan. */
#include <stdlib.h>
#include <skalibs/alloc.h>
#include "queue/order.h"
#include "queue/store.h"

static int by_age(void const *a, void const *b)
{
  return id_cmp(a, b);
}

static void keep_older_half(order *o)
{
  qsort(o->ids, o->n, sizeof *o->ids, &by_age);
  o->n = (o->n + 1) / 2;
  o->cut = 1;
}

static int is_wanted(order const *o, id const *i)
{
  return (!o->begun || id_cmp(i, &o->last) > 0) && (!o->cut || id_cmp(i, o->ids + o->n - 1) < 0);
}

/* Adds to a part that was cut: its youngest stays last, since is_wanted looks there. */
static void add(order *o, id const *i)
{
  id youngest;
  if (o->n == o->max)
    keep_older_half(o);
  if (!is_wanted(o, i))
    return;
  if (!o->cut) {
    o->ids[o->n++] = *i;
    return;
  }
  youngest = o->ids[o->n - 1];
  o->ids[o->n - 1] = *i;
  o->ids[o->n++] = youngest;
}

static int fill(order *o)
{
  store_scan s = STORE_SCAN_ZERO;
  int r;
  id i;
  if (!o->max)
    o->max = ORDER_MAX;
  if (!o->ids && !(o->ids = (id *)alloc(o->max * sizeof *o->ids)))
    return 0;
  o->n = o->at = 0;
  o->cut = 0;
  while ((r = store_scan_next(&s, &i, 0)) > 0)
    add(o, &i);
  store_scan_end(&s);
  qsort(o->ids, o->n, sizeof *o->ids, &by_age);
  return !r;
}

int order_next(order *o, id *i)
{
  if (o->at == o->n) {
    if (o->begun && !o->cut)
      return 0;
    if (!fill(o))
      return -1;
    if (!o->n)
      return 0;
  }
  *i = o->last = o->ids[o->at++];
  o->begun = 1;
  return 1;
}

void order_free(order *o)
{
  if (o->ids)
    alloc_free(o->ids);
  *o = (order)ORDER_ZERO;
}
