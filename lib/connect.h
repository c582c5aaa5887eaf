/* connect - a TCP connection to one address, within a deadline. */
#ifndef TERN_CONNECT_H
#define TERN_CONNECT_H

#include <stdint.h>
#include <skalibs/ip46.h>
#include <skalibs/tai.h>

/* A connected socket, non-blocking and close-on-exec. -1: errno; ETIMEDOUT; ECANCELED: the runner at `door`
   (-1: none) went away meanwhile. */
extern int connect_to(ip46 const *ip, uint16_t port, int door, tain const *deadline);

#endif
