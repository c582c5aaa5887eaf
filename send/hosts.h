/* hosts - what the runner remembers of hosts that do not answer, told at door `send`. */
#ifndef TERN_SEND_HOSTS_H
#define TERN_SEND_HOSTS_H

#include "send/runner.h"

#define HOSTS_TOLD 1000u /* at most; who has that many has another problem */

/* Puts a frame for each of them. 0: no memory. */
extern int hosts_put(runner const *r, door *d);

#endif
