/* connect - a TCP connection to one address, within a deadline, from an address of our own if that is asked for. */
#ifndef TERN_CONNECT_H
#define TERN_CONNECT_H

#include <stdint.h>
#include <skalibs/ip46.h>
#include <skalibs/tai.h>

/* A connected socket, non-blocking and close-on-exec; source: 0: whatever the system takes. -1: errno; ETIMEDOUT;
   ECANCELED: the runner at `door` (-1: none) went away meanwhile; EADDRNOTAVAIL: the source is not this machine's. */
extern int connect_to(ip46 const *ip, uint16_t port, ip46 const *source, int door, tain const *deadline);

#endif
