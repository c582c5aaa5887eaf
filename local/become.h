/* become - a child of the root door looks up who NAME is and becomes him for good. The only code in this room
   that runs as root on behalf of somebody; it reads no message. */
#ifndef TERN_LOCAL_BECOME_H
#define TERN_LOCAL_BECOME_H

#include "local/agent.h"
#include "local/self.h"

/* 1: we are him, and *r says so. 0: *r: unknown (5.1.1), somebody whom nothing is delivered as (5.2.1), or an
   error. In an instance that is not root's nothing changes but who we claim to be. */
extern int become(self *me, agent_start const *s, result *r);

#endif
