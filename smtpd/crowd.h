/* crowd - who is connected now, and how often of late: what tern-smtpd's master and workers share, so that no
   client can take all places. Anonymous shared memory, no lock, and no counter that a killed worker could
   leave wrong: each worker writes its own place, and counts by reading the others'; a dead one's is cleared by the master.

   Clients are counted by address, those of IPv6 by /64. */
#ifndef TERN_SMTPD_CROWD_H
#define TERN_SMTPD_CROWD_H

#include <skalibs/ip46.h>
#include "lib/pool.h"

#define CROWD_PLACES 3072u /* POOL_SLOTS of lib/pool_board.h */
#define CROWD_RATES 8192u  /* addresses whose connections are counted; more than that push each other out */
#define CROWD_GRACE 3000u  /* milliseconds that a client may do nothing while others wait */

enum crowd_judged { CROWD_OK, CROWD_MANY /* connections at once */, CROWD_FAST /* connections a minute */ };

/* In the master, before it forks. 0: errno. */
extern int crowd_make(void);
/* A client is here, at this worker's place. max, rate: 0: no bound. */
extern enum crowd_judged crowd_enter(unsigned int place, ip46 const *client, unsigned int max,
                                     unsigned int rate);
/* It has begun a transaction, so it is no longer one of those that go first. */
extern void crowd_works(unsigned int place);
/* It is gone. In the master: the worker of this place died. */
extern void crowd_leave(unsigned int place);
/* In a worker: shall its client go? */
extern int crowd_is_asked_to_go(void);
/* In the master, when all places are taken and somebody waits: asks those that have done nothing for the longest
   time to go, no sooner than CROWD_GRACE after they came. Gives their number, and their places. */
extern unsigned int crowd_ask(unsigned int places[POOL_ASK_MAX]);

#endif
