/* injector - takes one message from one client and makes it durable: the work of a tern-queue worker, linear,
   from the knock to the line in the log. It knows no listener and no pool. */
#ifndef TERN_INJECTOR_H
#define TERN_INJECTOR_H

#include <stdint.h>
#include "lib/identity.h"
#include "queue/quota.h"

typedef struct injector_s injector;
struct injector_s {
  identities ids;
  char const *me;
  uint64_t databytes;   /* octets of a body */
  unsigned int timeout; /* seconds without progress */
  quota quota;
  int notice; /* -1 at first */
};

/* Serves the client on fd, which stays open. 1: ready for the next one; 0: better replaced. */
extern int injector_serve(injector *in, unsigned int slot, int fd);

#endif
