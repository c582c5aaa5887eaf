/* agent - a user's process at work: it takes jobs from its channel, all that wait at once, and answers each.

   It stays warm for AGENT_IDLE seconds. To leave it shuts the channel for reading first: what the runner
   wrote before is read, done and answered, and its next write fails with EPIPE, so that no job is in doubt.
 */
#ifndef TERN_LOCAL_AGENT_H
#define TERN_LOCAL_AGENT_H

#include "lib/identity.h"
#include "local/self.h"

#define AGENT_IDLE 3u    /* seconds */
#define AGENT_ANSWER 60u /* seconds for the runner to take an answer */

typedef struct agent_start_s agent_start;
struct agent_start_s {
  enum process_kind kind;
  char const *name;
  identities const *ids;
  control const *c;
};

/* In the forked child: leaves everything that is the root door's, becomes the user, says so, works, exits. */
extern void agent_run(agent_start const *s, int channel, int gone) __attribute__((noreturn));

/* The loop alone, on SELF_CHANNEL and SELF_GONE, as who the caller is already (me->asked is set): until the channel is done. */
extern void agent_work(self *me);

#endif
