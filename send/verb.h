/* verb - one verb on one message. */
#ifndef TERN_SEND_VERB_H
#define TERN_SEND_VERB_H

#include "send/runner.h"

enum verb { VERB_HOLD, VERB_RELEASE, VERB_RETRY, VERB_DELETE, VERB_BOUNCE, VERB_N };
extern char const *const verb_names[VERB_N];

typedef struct verb_caller_s verb_caller;
struct verb_caller_s {
  uid_t uid;
  int admin; /* he may touch every message */
  int all;   /* he means every message, and what is remembered of hosts was forgotten for it */
  int sync;  /* what he changes is synced at once; else it is his to ask the syncer for that */
};

enum verb_done {
  VERB_FINISHED, /* *why says what came of it */
  VERB_WRITTEN,  /* the same, and it is not on the disk yet (never with sync) */
  VERB_WAITS,    /* for verbs_message_over: then it is done */
  VERB_FULL,     /* too many messages are open; say it again in a later turn */
  VERB_FOREIGN,  /* not the caller's message: to be passed over in silence when he said "all" */
  VERB_PASSED    /* he said "all", but surely not this one */
};
/* n: its entry in the schedule. */
extern enum verb_done verb_do(runner *r, enum verb what, uint32_t n, verb_caller const *by, result *why);

#endif
