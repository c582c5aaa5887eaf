/* become - a child of the root door becomes a user for good. The only code in this room that runs as root on behalf of
   somebody; who he is was found out before (local/who), and it reads no message. */
#ifndef TERN_LOCAL_BECOME_H
#define TERN_LOCAL_BECOME_H

#include "local/agent.h"
#include "local/self.h"

/* 1: we are him. 0: *r. In an instance that is not root's nothing changes but who we claim to be. */
extern int become(self *me, agent_start const *s, result *r);

#endif
