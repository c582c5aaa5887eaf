/* queue_entry - one message of the list that door `showq` gives: its records taken, its text and its JSON. */
#ifndef TERN_QUEUE_ENTRY_H
#define TERN_QUEUE_ENTRY_H

#include <stddef.h>
#include <stdint.h>
#include <skalibs/stralloc.h>
#include <skalibs/genalloc.h>
#include "lib/id.h"

typedef struct queue_rcpt_s queue_rcpt;
struct queue_rcpt_s {
  size_t address;      /* offset in text */
  size_t reason;       /* offset in text; 0: none */
  uint64_t tried;      /* when that was noted; 0: unknown */
  unsigned char state; /* enum store_rcpt of queue/store.h */
};

typedef struct queue_entry_s queue_entry;
struct queue_entry_s {
  char id[ID_LEN + 1];
  int hidden;    /* the addresses are not shown to this caller */
  size_t sender; /* offset in text */
  uint64_t size, arrival, attempts, next;
  unsigned char state; /* enum listing_state */
  stralloc text;       /* strings, each with its NUL; begins with an empty one */
  genalloc rcpts;      /* queue_rcpt */
};
#define QUEUE_ENTRY_ZERO                                                                                     \
  {                                                                                                          \
    .hidden = 0                                                                                              \
  }

/* Takes the records of one frame: the entry anew, or more recipients of the same. 0: they make no sense
   (EPROTO), or no memory. */
extern int queue_entry_take(queue_entry *e, char const *s, size_t len);
/* Appends the entry as text or as a line of JSON. 0: no memory. */
extern int queue_entry_text(stralloc *out, queue_entry const *e);
extern int queue_entry_json(stralloc *out, queue_entry const *e);
extern void queue_entry_free(queue_entry *e);
#define queue_entry_rcpts(e) genalloc_s(queue_rcpt, &(e)->rcpts)
#define queue_entry_count(e) genalloc_len(queue_rcpt, &(e)->rcpts)

#endif
