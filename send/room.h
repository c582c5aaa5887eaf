/* room - which channel the next job of a destination takes: one that is there, or a new one if the bounds
 * allow. */
#ifndef TERN_SEND_ROOM_H
#define TERN_SEND_ROOM_H

#include "send/channel.h"
#include "send/runner.h"

#define ROOM_WAIT 20000u /* microseconds of waiting that are worth a connection to a host that answers */
#define ROOM_SHARE 8u    /* jobs that one process of a user has before he gets a second process */

/* 0: none now; the destination is looked at again when one answers, comes or goes. */
extern channel *room_channel(runner *r, destination *d);

#endif
