/* delivery - recipients get to agents: which destination may have one more channel, which channel gets the
   next job.

   Bounds: concurrencylocal processes and concurrencyremote connections in all, concurrencyuser processes a
   user, a destination's window. A part of the room is kept for destinations that have nothing yet; a channel
   that has had its turn makes room for those that starve. A destination that is crowded takes no more open
   messages: they are parked. */
#ifndef TERN_SEND_DELIVERY_H
#define TERN_SEND_DELIVERY_H

#include "send/channel.h"
#include "send/classify.h"
#include "send/runner.h"

#define DELIVERY_CROWD_MIN 8u    /* messages that always may wait for one destination */
#define DELIVERY_BURST 16u       /* jobs that a channel may have before it makes room for others */
#define DELIVERY_START_ROUTE 20u /* connections at first: to a host that smtproutes names */
#define DELIVERY_START_MX 2u     /* to somebody else's */
#define DELIVERY_DOMAIN 20u      /* and at most, if concurrencydomain says nothing */

extern int delivery_init(runner *r); /* 0: no memory */
extern void delivery_free(runner *r);
extern void delivery_settings(runner *r); /* the settings are new */

/* The host that w leads to, found or made. 0: no memory. */
extern destination *delivery_host(runner *r, where const *w);
/* Recipient k of m, which is open, waits for this destination. */
extern void delivery_add(runner *r, message *m, uint32_t k, enum destination_kind kind, char const *name);
extern void delivery_add_remote(runner *r, message *m, uint32_t k);
extern void delivery_no_memory(runner *r, message *m, uint32_t k);
/* Something changed for it: look at it in this turn. */
extern void delivery_ready(runner *r, destination *d);
extern void delivery_room(runner *r, enum delivery_side which); /* there may be room for a channel */
extern void delivery_wake(runner *r, enum delivery_side which); /* for all of them */
/* The most connections that a host may have: concurrencydomain. */
extern uint32_t delivery_most(runner const *r, destination const *d);
/* It is dead, and was tried once more in vain: on behalf of all that wait for it. Thousands that are past their time need not
   wait for a connection each. */
extern void delivery_in_vain(runner *r, destination *d);
extern void delivery_believe(runner *r, destination *d); /* it has answered: it is in doubt no more */
/* All that waits for d has this end. */
extern void delivery_fail(runner *r, destination *d, enum stage stage, result const *why);
extern void delivery_all_now(runner *r);
/* Messages that were too many for hosts in doubt get their turn, as long as delivery_waits. */
extern void delivery_admit(runner *r);
extern int delivery_waits(runner const *r);
extern void delivery_act(runner *r);
#define side_of(kind) ((kind) == DESTINATION_REMOTE ? SIDE_REMOTE : SIDE_LOCAL)
#define lane_of(kind) ((kind) == DESTINATION_REMOTE ? LANE_REMOTE : LANE_LOCAL)

#endif
