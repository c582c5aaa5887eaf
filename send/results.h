/* results - what agents answer, taken with suspicion: only for jobs that they have, once, and as many results
 * as recipients. */
#ifndef TERN_SEND_RESULTS_H
#define TERN_SEND_RESULTS_H

#include "send/channel.h"
#include "send/runner.h"

/* 0: it makes no sense: the channel is to be closed. */
extern int results_take(channel *c, frame const *f);
extern int results_done(channel *c, job_done const *done);
/* Every recipient of a job has this end. */
extern void results_all(runner *r, destination *d, given const *g, enum stage stage, result const *why);

#endif
