/* lane - whether a door that the runner needs answers. While it does not, one try now and then; what would go
   through it waits, first with the message open, and after LANE_PATIENCE parked. */
#ifndef TERN_SEND_LANE_H
#define TERN_SEND_LANE_H

#include "send/runner.h"

#define LANE_PATIENCE 3      /* seconds */
#define LANE_PAUSE_MAX 15000 /* milliseconds */

extern char const *const lane_names[LANE_N];
extern int lane_init(runner *r); /* 0: no memory */
/* May it be tried now? */
#define lane_up(r, which) (!(r)->lanes[which].failures)
#define lane_away(r, which) ((r)->lanes[which].away)
extern void lane_failed(runner *r, enum lane_name which); /* errno; logged once */
extern void lane_worked(runner *r, enum lane_name which);
/* Knocks again where it is time. *deadline: not later than that it wants to be called again. */
extern void lane_act(runner *r, tain *deadline);
/* Why what goes through it waits. */
extern void lane_reason(enum lane_name which, result *why);
extern void lane_all_now(runner *r);

#endif
