/* resolving - asks door `alias` what the local recipients of a message mean: one question a message, many on
   their way at once on one connection, answered in order. Nothing of it is remembered. */
#ifndef TERN_SEND_RESOLVING_H
#define TERN_SEND_RESOLVING_H

#include "send/runner.h"

#define RESOLVING_AHEAD 64u              /* questions on their way */
#define RESOLVING_ANSWER_MAX (16u << 20) /* octets of an answer */
#define RESOLVING_KEEP 65536u            /* octets of memory kept for the next one */
#define RESOLVING_DEADLINE 60            /* seconds for the answer to the oldest question */

extern void resolving_init(runner *r);
extern void resolving_free(runner *r);
/* Recipients list[0..n-1] of m, all STAGE_TODO. The list is the question's then. */
extern void resolving_ask(runner *r, message *m, uint32_t *list, uint32_t n);
extern void resolving_act(runner *r, tain *deadline);
#define resolving_busy(r) (!ring_empty(&(r)->resolving.asked) || !ring_empty(&(r)->resolving.waiting))

#endif
