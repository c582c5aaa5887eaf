/* injection - a new message goes in through door `queue` without waiting: what an alias leads to, or a
   bounce. Its octets are some text of its own, a part of the file of the message that it is made from, and
   some text more. */
#ifndef TERN_SEND_INJECTION_H
#define TERN_SEND_INJECTION_H

#include "lib/envelope.h"
#include "send/runner.h"

#define INJECTIONS_MAX 16u     /* on their way */
#define INJECTION_PIECE 65536u /* octets of a file that are read in one turn */
#define INJECTION_TRIES 3u     /* when the door goes away without an answer */
#define INJECTION_DEADLINE 120 /* seconds without progress */

enum injection_kind { INJECTION_EXPANSION, INJECTION_BOUNCE };

typedef struct injection_s injection;
struct injection_s {
  ring queue;
  enum injection_kind kind;
  runner *r;
  message *m; /* it stays open meanwhile: m->injections counts */
  envelope e;
  stralloc head, tail;
  uint64_t from, length; /* of m's file, between them */
  /* INJECTION_EXPANSION: those that go in after this one is committed; how many are then, and which */
  ring followers;
  uint32_t group;
  uint64_t group_sum;
  /* on its way */
  door d;
  watched w;
  stralloc out;
  size_t sent;
  uint64_t at;
  unsigned int step;
  unsigned int tries;
  unsigned int mute : 1; /* the other side takes no more: only its answer is waited for */
  tain deadline;
};

extern void injection_init(runner *r);
extern void injection_free_all(runner *r);
extern injection *injection_new(enum injection_kind kind); /* 0: no memory */
extern void injection_free(injection *x);                  /* one that was not started, and its followers */
extern void injection_start(runner *r, injection *x, message *m);
extern void injection_act(runner *r, tain *deadline);
#define injection_busy(r) (!ring_empty(&(r)->injections.running) || !ring_empty(&(r)->injections.waiting))

#endif
