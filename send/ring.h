/* ring - lists of things that carry their own links: nothing is allocated, and a thing leaves its list
 * without a search. */
#ifndef TERN_SEND_RING_H
#define TERN_SEND_RING_H

#include <stddef.h>

typedef struct ring_s ring;
struct ring_s {
  ring *prev, *next; /* both 0: on no list */
};

#define ring_of(type, member, link) ((type *)(void *)((char *)(link)-offsetof(type, member)))

static inline void ring_init(ring *head)
{
  head->prev = head->next = head;
}
static inline int ring_empty(ring const *head)
{
  return head->next == head;
}
static inline int ring_linked(ring const *r)
{
  return !!r->next;
}
static inline void ring_leave(ring *r)
{
  if (!r->next)
    return;
  r->prev->next = r->next;
  r->next->prev = r->prev;
  r->prev = r->next = 0;
}
/* To the end of a list; from another one if it is on one. */
static inline void ring_append(ring *head, ring *r)
{
  ring_leave(r);
  r->prev = head->prev;
  r->next = head;
  head->prev->next = r;
  head->prev = r;
}
/* The first, taken off; 0: there is none. */
static inline ring *ring_take(ring *head)
{
  ring *r = head->next;
  if (r == head)
    return 0;
  ring_leave(r);
  return r;
}

#endif
