/* attempt - one job from its destination to a result for each recipient: over the connection that is kept,
   or over a new one to the first of the destination's hosts that takes it. */
#ifndef TERN_REMOTE_ATTEMPT_H
#define TERN_REMOTE_ATTEMPT_H

#include "lib/job.h"
#include "remote/connection.h"
#include "remote/mx.h"
#include "remote/settings.h"
#include "remote/transaction.h"

#define ATTEMPT_SECONDS 900 /* after which no other host is tried, and no further connection to the same */
#define ATTEMPT_SHORT                                                                                        \
  4u /* seconds to connect to a host that is not the only one; then it is put behind the others */
#define ATTEMPT_LOST 3u /* transactions that may break before the rest waits for the next attempt */

typedef struct attempt_s attempt;
struct attempt_s {
  settings const *s;
  int door; /* the runner's connection; -1: none */
  connection k;
  mx hosts;
  body b;
  transaction t;
  result results[JOB_RCPT_MAX];
};

extern void attempt_init(attempt *v, settings const *s);
/* Fills v->results, one for each recipient of j. v->k.remote is the host that said so, "" if there was none.
 */
extern void attempt_run(attempt *v, job const *j);

#endif
