/* judge - a scan of the queue in the current folder, as the runner's, and what must and may be found. */
#ifndef TERN_T_CRASH_JUDGE_H
#define TERN_T_CRASH_JUDGE_H

#include "t/crash/disk.h"

/* fates: of each file of the recording; built: the n that are there. 0: `why` (200 octets) says what was wrong. The folder
   is left as it was found wrong, else empty. */
extern int judge_scan(enum disk_model model, fate const *fates, unsigned int const *built, unsigned int n,
                      char *why);

#endif
