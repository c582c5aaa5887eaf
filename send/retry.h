/* retry - when a message is tried again. Pure: numbers in, numbers out.

   The pauses grow with the message's age as the square, as qmail's do (400 s, 1200 s, 2000 s, ...), and never
   beyond RETRY_PAUSE_MAX. A clock that jumps can neither make a pause longer than that nor shorter than the
   first one. */
#ifndef TERN_SEND_RETRY_H
#define TERN_SEND_RETRY_H

#include <stdint.h>

#define RETRY_FIRST 400u       /* seconds; RFC 5321 section 4.5.4.1 asks for 30 minutes on average */
#define RETRY_PAUSE_MAX 14400u /* seconds */
#define RETRY_LOSSES_MAX 8u    /* beyond so many lost agents in a row an attempt counts as one */

/* Seconds until the next attempt of a message of this age (seconds) that was tried `attempts` times (at least
   1). By the smaller of what its age and its attempts ask for: neither a hold nor an impatient administrator
   makes it wait long. */
extern uint32_t retry_pause(uint64_t age, uint32_t attempts);
/* Seconds until what failed without the destination's fault (an agent died) is tried again; losses: how often
 * in a row. */
extern uint32_t retry_soon(unsigned int losses);
/* Seconds that a message from `then` is old at `now`, both seconds since 1970; never negative. */
extern uint64_t retry_age(uint64_t then, uint64_t now);

#endif
