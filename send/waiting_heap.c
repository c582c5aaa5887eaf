/* waiting_heap - by time, then by the id's age, so that equal times go oldest first. */
#include <stdlib.h>
#include "send/waiting_heap.h"

#define HEAP_MIN 1024u

int heap_room(waiting *w, uint32_t n)
{
  uint32_t room = w->heap_room ? w->heap_room : HEAP_MIN;
  if (n <= w->heap_room)
    return 1;
  while (room < n)
    room += room / 2;
  uint32_t *more = realloc(w->heap, room * sizeof *more);
  if (!more)
    return 0;
  w->heap = more;
  w->heap_room = room;
  return 1;
}

static int before(waiting const *w, uint32_t a, uint32_t b)
{
  waiting_entry const *x = waiting_at(w, a);
  waiting_entry const *y = waiting_at(w, b);
  return x->when != y->when ? x->when < y->when : x->usec < y->usec;
}

static void put(waiting *w, uint32_t at, uint32_t n)
{
  w->heap[at] = n;
  waiting_at(w, n)->other = at;
}

static void rise(waiting *w, uint32_t at)
{
  uint32_t n = w->heap[at];
  while (at && before(w, n, w->heap[(at - 1) / 2])) {
    put(w, at, w->heap[(at - 1) / 2]);
    at = (at - 1) / 2;
  }
  put(w, at, n);
}

static void sink(waiting *w, uint32_t at)
{
  uint32_t n = w->heap[at];
  for (;;) {
    uint32_t child = 2 * at + 1;
    if (child >= w->heap_len)
      break;
    if (child + 1 < w->heap_len && before(w, w->heap[child + 1], w->heap[child]))
      child++;
    if (!before(w, w->heap[child], n))
      break;
    put(w, at, w->heap[child]);
    at = child;
  }
  put(w, at, n);
}

void heap_take(waiting *w, uint32_t n)
{
  uint32_t at = waiting_at(w, n)->other;
  uint32_t last = w->heap[--w->heap_len];
  if (last == n)
    return;
  put(w, at, last);
  rise(w, at);
  sink(w, waiting_at(w, last)->other);
}

void waiting_time(waiting *w, uint32_t n, uint32_t when)
{
  waiting_loosen(w, n);
  waiting_at(w, n)->place = WAITING_TIMED;
  waiting_at(w, n)->when = when;
  put(w, w->heap_len, n);
  rise(w, w->heap_len++);
}

uint32_t waiting_earliest(waiting const *w)
{
  return w->heap_len ? w->heap[0] : WAITING_NONE;
}

void waiting_all_due(waiting *w)
{
  for (uint32_t i = 0; i < w->heap_len; i++) {
    waiting_at(w, w->heap[i])->when = 0;
    waiting_at(w, w->heap[i])->flags |= WAITING_DUE;
  }
  for (uint32_t i = w->heap_len / 2; i-- > 0;)
    sink(w, i);
}
