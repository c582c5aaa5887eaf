/* worker - one connection of the runner: a series of jobs, each answered before the next is read, until the
 * runner closes. */
#ifndef TERN_REMOTE_WORKER_H
#define TERN_REMOTE_WORKER_H

#include "remote/settings.h"

/* For lib/pool; data: settings *. worker_enter: the addresses of this machine, then the jail. worker_serve: 0
   after anything odd: somebody else than the runner, a frame that makes no sense. */
extern int worker_enter(void *data, unsigned int slot);
extern int worker_serve(void *data, unsigned int slot, int fd);

#endif
