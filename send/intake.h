/* intake - messages come in: by a notice, by a scan of the queue, by their time; and are opened as far as
   there is room. A turn takes a bounded number of each, so that neither intake nor delivery can starve the
   other. */
#ifndef TERN_SEND_INTAKE_H
#define TERN_SEND_INTAKE_H

#include "send/runner.h"

#define INTAKE_SPARE 16u /* open messages beyond the schedule's bound, for verbs */

extern int intake_init(runner *r, int fd_notice); /* begins a scan. 0: errno */
extern void intake_stop(runner *r);               /* closes the FIFO and ends a scan */
extern void intake_scan(runner *r);               /* a scan is due */
extern void intake_act(runner *r, tain *deadline);

enum intake_opened { INTAKE_OPENED, INTAKE_GONE, INTAKE_LATER };
/* Opens a waiting message outside its turn, for a verb; *m is not active yet: intake_begin or intake_close
   follows. LATER: somebody else has it, or the disk fails; it waits on as it did. */
extern enum intake_opened intake_open(runner *r, uint32_t n, enum store_check check, message **m);
extern void intake_begin(runner *r, message *m); /* a pass */
extern void intake_close(message *m);            /* its entry is the caller's to place */

#endif
