/* caller - one who is in at door `send`, and the request that is worked off for him. verbs.c lets him in. */
#ifndef TERN_SEND_CALLER_H
#define TERN_SEND_CALLER_H

#include "send/answers.h"
#include "send/request.h"
#include "send/runner.h"
#include "send/verb.h"
#include "send/verbs.h"

typedef struct caller_s caller;
struct caller_s {
  ring queue;
  runner *r;
  answers a;
  watched w;
  verb_caller who;
  int busy; /* with a request */
  request q;
  int all_said;                        /* its messages have been gone through */
  char waits[VERBS_WAITS][ID_LEN + 1]; /* for the ends of these messages' passes */
  unsigned int waiting;
  tain full; /* there was no room for a message: not before */
  tain deadline;
};

/* Lets him in, as far as there is memory; fd is his from here on. */
extern void caller_new(runner *r, int fd, uid_t uid);
extern void caller_hang_up(caller *c);
/* A turn of the loop: looks at up to *left messages, less what it took. May hang up. */
extern void caller_act(caller *c, unsigned int *left, tain *deadline);
/* The pass over a message has ended, which he may wait for. 0: no memory to tell him: he is to go. */
extern int caller_message_over(caller *c, char const *id_text, int gone);
extern void caller_wait(tain const *t, tain *deadline); /* not longer than until t */

#endif
