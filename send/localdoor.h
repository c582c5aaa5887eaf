/* localdoor - processes of users: asked for, and ended by their number when their time is over. */
#ifndef TERN_SEND_LOCALDOOR_H
#define TERN_SEND_LOCALDOOR_H

#include "send/channel.h"

/* Asks for a process of d's user. 0: it was not asked. */
extern int localdoor_ask(runner *r, destination *d);
/* A job's time is over: ends the process and what it runs. Its channel closes then. */
extern void localdoor_end(channel *c);
/* The connection is gone, or is to go: what was asked for is not coming. */
extern void localdoor_hang_up(runner *r);

#endif
