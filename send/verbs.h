/* verbs - door `send`: hold, release, retry, delete and bounce, for messages by id or for all. From root and
   the names in `queueadmins`; and for a user's own messages from him. What was done is on the disk before it
   is answered. */
#ifndef TERN_SEND_VERBS_H
#define TERN_SEND_VERBS_H

#include "send/runner.h"

#define VERBS_CALLERS 32u  /* at once; who finds no place is told so */
#define VERBS_ORDINARY 24u /* of them, who are no admins */
#define VERBS_USER 4u      /* of these, of one uid */
#define VERBS_TURN 32u     /* messages that are looked at in one turn of the loop, for all of them */
#define VERBS_ALONE 4u     /* messages of a request that are synced each at once; the syncer's are more */
#define VERBS_WAITS 8u     /* reports of a request that are on their way at once */
#define VERBS_ASK 10       /* seconds that a caller has to ask */
#define VERBS_TAKE 60      /* to take the last answers, and to ask again */
#define VERBS_DEADLINE 300 /* seconds without progress of what he asked for */

extern int verbs_init(runner *r, int fd); /* 0: errno */
extern void verbs_stop(runner *r);        /* the listener is closed; who is in is answered */
extern void verbs_free(runner *r);
extern void verbs_act(runner *r, tain *deadline);
/* The pass over a message has ended. gone: and the message with it. */
extern void verbs_message_over(runner *r, char const *id_text, int gone);
#define verbs_busy(r) (!ring_empty(&(r)->verbs.callers))

#endif
