/* waiting - the table: pages of entries that never move, and an index by id. The heap is in waiting_heap.c. */
#include <stdlib.h>
#include <string.h>
#include "send/waiting.h"
#include "send/waiting_heap.h"

#define BUCKETS_MIN 1024u

int waiting_init(waiting *w)
{
  *w = (waiting){.free = WAITING_NONE, .buckets = BUCKETS_MIN};
  w->bucket = malloc(BUCKETS_MIN * sizeof *w->bucket);
  if (!w->bucket)
    return 0;
  memset(w->bucket, 0xff, BUCKETS_MIN * sizeof *w->bucket);
  return 1;
}

void waiting_free(waiting *w)
{
  for (size_t i = 0; i < w->pages; i++)
    free(w->page[i]);
  free(w->page);
  free(w->heap);
  free(w->bucket);
  *w = (waiting){.free = WAITING_NONE};
}

/* ---- the pool */

static int add_page(waiting *w)
{
  waiting_entry **more = realloc(w->page, (w->pages + 1) * sizeof *more);
  if (!more)
    return 0;
  w->page = more;
  more[w->pages] = malloc(WAITING_PAGE * sizeof **more);
  if (!more[w->pages])
    return 0;
  w->pages++;
  return 1;
}

static uint32_t take(waiting *w)
{
  uint32_t n = w->free;
  if (n != WAITING_NONE)
    w->free = waiting_at(w, n)->next;
  else {
    if (w->top / WAITING_PAGE == w->pages && !add_page(w))
      return WAITING_NONE;
    n = w->top++;
  }
  memset(waiting_at(w, n), 0, sizeof(waiting_entry));
  return n;
}

static void give(waiting *w, uint32_t n)
{
  waiting_at(w, n)->place = WAITING_FREE;
  waiting_at(w, n)->next = w->free;
  w->free = n;
}

/* ---- the index */

static uint32_t *bucket_of(waiting const *w, uint64_t usec, uint32_t random)
{
  uint64_t h = (usec ^ random) * 0x9e3779b97f4a7c15ull;
  return w->bucket + (uint32_t)(h >> 32 & (w->buckets - 1));
}

/* Twice the buckets; without memory the chains just become longer. */
static void widen(waiting *w)
{
  uint32_t *old = w->bucket;
  uint32_t n = w->buckets;
  uint32_t *more = malloc(2 * (size_t)n * sizeof *more);
  if (!more)
    return;
  memset(more, 0xff, 2 * (size_t)n * sizeof *more);
  w->bucket = more;
  w->buckets = 2 * n;
  for (uint32_t b = 0; b < n; b++)
    for (uint32_t k = old[b], next; k != WAITING_NONE; k = next) {
      waiting_entry *x = waiting_at(w, k);
      uint32_t *to = bucket_of(w, x->usec, x->random);
      next = x->chain;
      x->chain = *to;
      *to = k;
    }
  free(old);
}

uint32_t waiting_find(waiting const *w, id const *i)
{
  uint32_t n = *bucket_of(w, i->usec, i->random);
  while (n != WAITING_NONE) {
    waiting_entry const *x = waiting_at(w, n);
    if (x->usec == i->usec && x->random == i->random && x->worker == i->worker)
      break;
    n = x->chain;
  }
  return n;
}

uint32_t waiting_add(waiting *w, id const *i)
{
  uint32_t n;
  if (!heap_room(w, w->n + 1))
    return WAITING_NONE;
  n = take(w);
  if (n == WAITING_NONE)
    return n;
  if (w->n >= w->buckets)
    widen(w);
  waiting_entry *x = waiting_at(w, n);
  uint32_t *b = bucket_of(w, i->usec, i->random);
  x->usec = i->usec;
  x->random = i->random;
  x->worker = i->worker;
  x->place = WAITING_LOOSE;
  x->chain = *b;
  *b = n;
  w->n++;
  return n;
}

void waiting_remove(waiting *w, uint32_t n)
{
  waiting_entry *x = waiting_at(w, n);
  if (x->place != WAITING_LIST) {
    uint32_t *b = bucket_of(w, x->usec, x->random);
    waiting_loosen(w, n);
    while (*b != n)
      b = &waiting_at(w, *b)->chain;
    *b = x->chain;
    w->n--;
  }
  give(w, n);
}

void waiting_id(waiting const *w, uint32_t n, id *i)
{
  waiting_entry const *x = waiting_at(w, n);
  i->usec = x->usec;
  i->random = x->random;
  i->worker = x->worker;
}

/* ---- lists: rings through their heads */

uint32_t waiting_list(waiting *w)
{
  uint32_t n = take(w);
  if (n == WAITING_NONE)
    return n;
  waiting_at(w, n)->place = WAITING_LIST;
  waiting_at(w, n)->next = waiting_at(w, n)->other = n;
  return n;
}

void waiting_loosen(waiting *w, uint32_t n)
{
  waiting_entry *x = waiting_at(w, n);
  if (x->place == WAITING_LISTED) {
    waiting_at(w, x->other)->next = x->next;
    waiting_at(w, x->next)->other = x->other;
  } else if (x->place == WAITING_TIMED)
    heap_take(w, n);
  x->place = WAITING_LOOSE;
}

void waiting_append(waiting *w, uint32_t list, uint32_t n)
{
  waiting_entry *head = waiting_at(w, list);
  waiting_entry *x = waiting_at(w, n);
  waiting_loosen(w, n);
  x->place = WAITING_LISTED;
  x->next = list;
  x->other = head->other;
  waiting_at(w, head->other)->next = n;
  head->other = n;
}

uint32_t waiting_first(waiting *w, uint32_t list)
{
  uint32_t n = waiting_at(w, list)->next;
  return n == list ? WAITING_NONE : n;
}

void waiting_join(waiting *w, uint32_t from, uint32_t to)
{
  waiting_entry *f = waiting_at(w, from);
  waiting_entry *t = waiting_at(w, to);
  if (f->next == from)
    return;
  waiting_at(w, f->next)->other = t->other;
  waiting_at(w, t->other)->next = f->next;
  waiting_at(w, f->other)->next = to;
  t->other = f->other;
  f->next = f->other = from;
}
