/* self - is a host this very machine? An MX that points back here must not be followed (RFC 5321
   section 5.1).

   This host is the name `me`, and each address that `listen` binds: a wildcard binds those of the machine's
   interfaces, and on port 25, where MX leads, all of 127.0.0.0/8 with them. */
#ifndef TERN_REMOTE_SELF_H
#define TERN_REMOTE_SELF_H

#include <stddef.h>
#include <skalibs/ip46.h>
#include "lib/control.h"

#define SELF_ADDRESSES 256u

typedef struct self_s self;
struct self_s {
  char me[256];
  unsigned int any4 : 1; /* listen has a wildcard of this family */
  unsigned int any6 : 1;
  unsigned int loopback : 1;
  size_t n;
  ip46 ip[SELF_ADDRESSES];
};

/* From `me` and `listen`. */
extern void self_read(self *s, control const *c);
/* Adds the interfaces' addresses where a wildcard asks for them. Opens a socket: before a jail. 0: errno. */
extern int self_interfaces(self *s);
extern int self_is_address(self const *s, ip46 const *ip);
extern int self_is_name(self const *s, char const *name);

#endif
