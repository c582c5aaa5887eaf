/* who - who NAME is to the root door: uid, gid and groups of the process that will deliver to him, or why there is none. Asks
   `users`, passwd and group, which may take as long as a directory service likes: never called by the root door itself nor by a
   user's process, but by local/lookups' own one. */
#ifndef TERN_LOCAL_WHO_H
#define TERN_LOCAL_WHO_H

#include <stddef.h>
#include <sys/types.h>
#include "lib/control.h"
#include "lib/identity.h"
#include "lib/job.h"
#include "lib/result.h"
#include "lib/user.h"

#define WHO_GROUPS 1024 /* of one user; further ones are not his here */

typedef struct who_s who;
struct who_s {
  result
      r; /* RESULT_OK: the rest is right. Else: unknown (5.1.1), nobody whom mail is delivered as (5.2.1), or an error */
  user u;      /* the name, the home and the shell */
  int is_root; /* the name is root, whose mailbox is ternm's */
  uid_t uid;   /* of the process */
  gid_t gid;
  int n;
  gid_t groups[WHO_GROUPS]; /* last: only n of them travel */
};
#define WHO_SIZE(w) (offsetof(who, groups) + (size_t)(w)->n * sizeof(gid_t))

extern void who_find(who *w, control const *c, identities const *ids, enum process_kind kind,
                     char const *name);
/* Is this what who_find can have made, of len octets, with somebody whom mail may be delivered as? */
extern int who_is_sound(who const *w, size_t len, identities const *ids);

#endif
