/* verb - one verb on one message. */
#ifndef TERN_SEND_VERB_H
#define TERN_SEND_VERB_H

#include "send/runner.h"

enum verb { VERB_HOLD, VERB_RELEASE, VERB_RETRY, VERB_DELETE, VERB_BOUNCE, VERB_N };
extern char const *const verb_names[VERB_N];

enum verb_done {
  VERB_FINISHED, /* *why says what came of it */
  VERB_WAITS,    /* for verbs_message_over: then it is done */
  VERB_FOREIGN   /* not the caller's message: to be passed over in silence when he said "all" */
};
/* n: its entry in the schedule. uid: the caller's; admin: he may touch every message. */
extern enum verb_done verb_do(runner *r, enum verb what, uint32_t n, uid_t uid, int admin, result *why);

#endif
