/* answers - what a caller at door `send` is told of his messages. What was written without waiting for the disk is kept back
   until the syncer has flushed it: an answer means that it is durable. */
#ifndef TERN_SEND_ANSWERS_H
#define TERN_SEND_ANSWERS_H

#include <skalibs/stralloc.h>
#include "lib/door.h"
#include "lib/result.h"
#include "send/syncer.h"

#define ANSWERS_MAX 65536u /* octets that are kept back, or wait to be taken, before there may be more */

typedef struct answers_s answers;
struct answers_s {
  door d;
  stralloc written; /* kept back: an id's text and its result each; a flush has not been asked for */
  stralloc asked;   /* the same; it has */
  uint64_t ticket;
};

/* At once, with an id or without. 0: no memory. */
extern int answers_put(answers *a, unsigned char type, char const *id_text, result const *why);
/* When it is on the disk. 0: no memory. */
extern int answers_keep(answers *a, char const *id_text, result const *why);
/* To be called in each turn: asks the syncer, and says what may be said. 0: no memory. */
extern int answers_act(answers *a, syncer *s);
#define answers_kept(a) ((a)->written.len || (a)->asked.len)
/* Is there room for more? */
#define answers_room(a) ((a)->written.len <= ANSWERS_MAX && (a)->d.out.data.len <= ANSWERS_MAX)
extern void answers_free(answers *a); /* the door, too */

#endif
