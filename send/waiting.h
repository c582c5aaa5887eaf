/* waiting - every message that the runner knows of, WAITING_BYTES each: its id and where it stands: on a
   list, in the heap of those that wait for a time, on hold, or active. Pure: no clock, no file.

   Entries have numbers that stay theirs until they are removed. A list is an entry too, so that one can be
   taken off a list without knowing which. */
#ifndef TERN_SEND_WAITING_H
#define TERN_SEND_WAITING_H

#include <stddef.h>
#include <stdint.h>
#include "lib/id.h"

#define WAITING_NONE UINT32_MAX
#define WAITING_BYTES 48u /* an entry, its place in the heap, its part of the index, at most */

enum waiting_place {
  WAITING_FREE,
  WAITING_LIST,   /* the head of a list */
  WAITING_LOOSE,  /* nowhere */
  WAITING_LISTED, /* on a list */
  WAITING_TIMED,  /* in the heap */
  WAITING_HELD,   /* on hold: only a verb moves it */
  WAITING_ACTIVE  /* open; `other` is the caller's */
};
enum waiting_flag {
  WAITING_CHECK = 1, /* a scan found it, and its body has not been read since */
  WAITING_DUE = 2,   /* whatever time stands in its file, it is to be tried */
  WAITING_OLD = 4,   /* it was tried before, or was found by a scan: it counts among the deferred */
  WAITING_OVER = 8,  /* nothing is left to do but to remove its file */
  WAITING_VAIN = 16  /* its host, which is dead, was tried in vain while it waited for it */
};

typedef struct waiting_entry_s waiting_entry;
struct waiting_entry_s {
  uint64_t usec; /* the id */
  uint32_t random;
  uint16_t worker;
  unsigned int place : 3;
  unsigned int flags : 5;
  unsigned int losses : 8; /* agents lost in a row */
  uint32_t when;           /* WAITING_TIMED: seconds of the runner's clock */
  uint32_t other;          /* its place in the heap; the previous of the list; the active message's number */
  uint32_t next;           /* of the list; of the free entries */
  uint32_t chain;          /* the next with the same hash */
};

typedef struct waiting_s waiting;
struct waiting_s {
  waiting_entry **page;
  size_t pages;
  uint32_t top;  /* entries ever used */
  uint32_t free; /* the first free one */
  uint32_t n;    /* messages */
  uint32_t *heap;
  uint32_t heap_len, heap_room;
  uint32_t *bucket;
  uint32_t buckets; /* a power of two */
};

extern int waiting_init(waiting *w); /* 0: no memory */
extern void waiting_free(waiting *w);
#define WAITING_PAGE 4096u
#define waiting_at(w, i) ((w)->page[(i) / WAITING_PAGE] + (i) % WAITING_PAGE)

extern uint32_t waiting_list(waiting *w); /* a new, empty list; WAITING_NONE: no memory */
extern uint32_t waiting_find(waiting const *w, id const *i);
extern uint32_t waiting_add(waiting *w, id const *i); /* loose; WAITING_NONE: no memory */
extern void waiting_remove(waiting *w, uint32_t n);   /* also an empty list */
extern void waiting_id(waiting const *w, uint32_t n, id *i);

extern void waiting_loosen(waiting *w, uint32_t n); /* off its list or out of the heap */
extern void waiting_append(waiting *w, uint32_t list, uint32_t n);
extern uint32_t waiting_first(waiting *w, uint32_t list); /* WAITING_NONE: it is empty */
#define waiting_is_empty(w, list) (waiting_at(w, list)->next == (list))
/* All of a list to the end of another. */
extern void waiting_join(waiting *w, uint32_t from, uint32_t to);
extern void waiting_time(waiting *w, uint32_t n,
                         uint32_t when);            /* never fails: the room was made by waiting_add */
extern uint32_t waiting_earliest(waiting const *w); /* WAITING_NONE: none has a time */
extern void waiting_all_due(waiting *w);            /* all that have a time: 0, and WAITING_DUE */

#endif
