/* failure - what the machine did not give (memory, disk, permission, time): always temporary, always with the
   words of errno. The only place in this room that turns errno into a result. */
#ifndef TERN_LOCAL_FAILURE_H
#define TERN_LOCAL_FAILURE_H

#include "lib/result.h"

/* "unable to VERB OBJECT: strerror(err)", temporary; a full disk or quota is told by its own status. */
extern void failure_set(result *r, int err, char const *verb, char const *object);
/* The home of the user `name` can't be entered; temporary, and says what to do about it. */
extern void failure_home(result *r, int err, char const *name, char const *home);

#endif
