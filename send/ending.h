/* ending - the end of a pass: the report to the sender, then either the end of the message or its next attempt. */
#ifndef TERN_SEND_ENDING_H
#define TERN_SEND_ENDING_H

#include "send/runner.h"

#define ENDING_PAUSE                                                                                         \
  10u /* seconds until marks that could not be written, or a file that could not be removed, are tried again */

/* All recipients of m have an end in this pass. m may be gone afterwards. */
extern void ending_begin(runner *r, message *m);
/* The report is committed, or can't be (m->unreported): the rest. m is gone afterwards, as a rule. */
extern void ending_reported(runner *r, message *m);
/* Writes the marks, if there are new ones. 0: errno, and the log knows. */
extern int ending_save(message *m);
extern void ending_second(runner *r); /* once a second */
/* Seconds as a pause of the runner's own clock: never longer than the longest that it makes. */
extern uint32_t ending_pause(uint64_t seconds);

#endif
