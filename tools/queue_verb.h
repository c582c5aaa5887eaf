/* queue_verb - what door `send` does with messages: the words for it, the request, and the answers. */
#ifndef TERN_QUEUE_VERB_H
#define TERN_QUEUE_VERB_H

#include <stddef.h>
#include "lib/door.h"
#include "lib/selection.h"

#define QUEUE_VERB_WAIT 300u /* seconds without an answer until it is given up */
#define QUEUE_VERB_IDS 1000u /* in one request: a frame has its limit */

typedef struct queue_verb_s queue_verb;
struct queue_verb_s {
  char const *name;
  char const *done;  /* "12 messages DONE" */
  char const *would; /* "12 messages WOULD" */
  char const *help;
  char const *but_held;   /* why it does nothing to a message on hold; 0: it does */
  char const *but_others; /* to any other; 0: it does */
};
#define QUEUE_VERBS 5u
extern queue_verb const queue_verbs[QUEUE_VERBS];
extern queue_verb const *queue_verb_find(char const *name); /* 0: there is none */

/* One request after another at an open door. */
typedef struct queue_order_s queue_order;
struct queue_order_s {
  queue_verb const *v;
  int quiet;            /* nothing is said or printed */
  int code;             /* of the first failure */
  size_t done, refused; /* messages */
  door d;
};
/* Each gives an exit code; what is not 0 was said on standard error, after PROG. HOME is the current folder. */
extern int queue_order_begin(queue_order *o); /* knocks; o->v and o->quiet are the caller's */
extern int queue_order_ids(queue_order *o, id const *ids, size_t n);
extern int queue_order_all(queue_order *o);

#endif
