/* show - answers door `showq`: what is in the queue, as far as the one who asks may see it. Reads, and never
 * changes. */
#ifndef TERN_SHOW_H
#define TERN_SHOW_H

#include <stddef.h>
#include <sys/types.h>
#include "lib/identity.h"
#include "queue/quota.h"

#define SHOW_USERS_MAX 64u

typedef struct show_users_s show_users;
struct show_users_s {
  uid_t uid[SHOW_USERS_MAX];
  size_t n;
};

typedef struct show_s show;
struct show_s {
  identities ids;
  show_users viewers; /* who sees everything, besides root and the instance's owner */
  show_users admins;  /* who may change everything */
  quota quota;
};

/* May uid see the addresses of a message of this owner? May he change it? */
extern int show_may_see(show const *s, uid_t uid, uint64_t owner);
extern int show_may_change(show const *s, uid_t uid, uint64_t owner);
/* Serves the client on fd, which stays open. Gives 1: ready for the next one; 0: it was a long list, and a new
   process is smaller. */
extern int show_serve(show *s, unsigned int slot, int fd);

#endif
