/* show - answers door `showq`: what is in the queue, as far as the one who asks may see it. Reads, and never
 * changes. */
#ifndef TERN_SHOW_H
#define TERN_SHOW_H

#include <stddef.h>
#include <sys/types.h>
#include "lib/identity.h"
#include "queue/quota.h"

#define SHOW_VIEWERS_MAX 64u

typedef struct show_s show;
struct show_s {
  identities ids;
  uid_t viewers[SHOW_VIEWERS_MAX]; /* who sees everything, besides root and the instance's owner */
  size_t n;
  quota quota;
};

/* May uid see the addresses of a message of this owner? */
extern int show_may_see(show const *s, uid_t uid, uint64_t owner);
/* Serves the client on fd, which stays open. Gives 1: ready for the next one; 0: it was a long list, and a new
   process is smaller. */
extern int show_serve(show *s, unsigned int slot, int fd);

#endif
