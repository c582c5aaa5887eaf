/* late - the notice to a sender that his message has not been delivered yet (RFC 3464: "delayed"), once a message: when it is
   due and for whom. Changes marks of the plan only; bounce.h sends it. */
#ifndef TERN_SEND_LATE_H
#define TERN_SEND_LATE_H

#include "send/runner.h"

#define LATE_PAUSE 400u /* seconds after which a notice that was not taken is tried again */

/* Is the notice due now? m was tried, or its destination was dead: whoever waits for a service of ours is not late. */
extern int late_is_due(runner const *r, message const *m);
/* Seconds until its notice is due, if that is well before its next attempt in `pause` seconds; else `pause`. */
extern uint32_t late_pause(runner const *r, message const *m, uint32_t pause);
/* A pass is over: if the notice is due each recipient that waits and may be told of is REPORT_DELAYED. Gives their number. */
extern uint32_t late_plan(runner const *r, message *m);

#endif
