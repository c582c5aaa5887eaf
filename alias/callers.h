/* callers - the connections of door `alias`: bounded in number, for each ordinary user too, with deadlines,
   and asked in turns, so that nobody's questions hold up another's. */
#ifndef TERN_ALIAS_CALLERS_H
#define TERN_ALIAS_CALLERS_H

#include <skalibs/iopause.h>
#include <skalibs/tai.h>
#include "alias/answers.h"

#define CALLERS_MAX 4096u         /* connections at once, where the limit on descriptors allows */
#define CALLERS_ORDINARY_MAX 256u /* of them, by all ordinary users together */
#define CALLERS_USER_MAX 32u      /* by one of them */
#define CALLERS_IDLE 60           /* seconds; for an ordinary user */
#define CALLERS_IDLE_SUITE 3600   /* seconds; for the suite's own, root and the owner */
#define CALLERS_SPARE_FDS 64u     /* descriptors for everything else */
#define CALLERS_FEWEST_FDS 40u    /* with fewer it does not start */

typedef struct caller_s caller;
typedef struct callers_s callers;
struct callers_s {
  answerer *a;
  caller *list[CALLERS_MAX]; /* the first n */
  unsigned int n;
  unsigned int max;
  unsigned int ordinary; /* how many of n are ordinary users' */
  unsigned int refused;  /* since the last line in the log about it */
  tain said;             /* when that was */
  tain accept_again;     /* no accept before: there were no descriptors */
  stralloc answer;
  int draining;
};

/* c is all zero (it is large: static). Takes as many descriptors as the system gives. 0: errno. */
extern int callers_init(callers *c, answerer *a);
/* Takes who waits at the listener. */
extern void callers_accept(callers *c, int listener);
/* Fills in x (room for c->n) and brings *deadline forward. */
extern void callers_prepare(callers const *c, iopause_fd *x, tain *deadline);
extern void callers_act(callers *c, iopause_fd const *x);
/* From now on: what was written is answered, nothing more is read (shutdown(SHUT_RD)). */
extern void callers_drain(callers *c);
/* May the listener be waited for? */
extern int callers_accepting(callers const *c, tain *deadline);

#endif
