/* turn - who of those that find no room for a channel is served next. Pure.

   A host that has answered of late is proven; one that was never reached, or fails, is in doubt: its connections may hang for a
   minute each. Hosts in doubt have at most three quarters of the room, and a quarter if they need it, so that neither kind can
   shut the other out, however many hosts are down. Within a kind: first come, first served. */
#ifndef TERN_SEND_TURN_H
#define TERN_SEND_TURN_H

#include "send/runner.h"

extern int turn_is_doubtful(destination const *d);
extern void turn_wait(side *s, destination *d);
/* May d have the room that there is, before those that wait? */
extern int turn_is_of(side const *s, destination const *d);
/* The next one, taken off; 0: nobody waits who may have it. */
extern destination *turn_next(side *s);
/* Does anybody wait who could use a channel that comes free? */
extern int turn_is_awaited(side const *s);

#endif
