/* user - who is NAME: the lines of the setting `users` first, then the system's passwd. In an instance that is not
   root's only the names in `users` and HOME's owner exist. */
#ifndef TERN_USER_H
#define TERN_USER_H

#include <sys/types.h>
#include "lib/control.h"
#include "lib/identity.h"

#define USER_NAME_MAX 64u /* octets, with the NUL */

enum user_found { USER_FOUND, USER_ABSENT, USER_ERROR }; /* ERROR: errno; it may exist, ask later */

typedef struct user_s user;
struct user_s {
  char name[USER_NAME_MAX];
  uid_t uid;
  gid_t gid;
  char home[256];
  char shell[128];
  int listed; /* true: from `users` */
};

/* The name exactly as it is (no case folding, no extension). Only passwd's "no such entry" is ABSENT. Needs
   CONTROL_USERS. A name that holds '/' or is longer than USER_NAME_MAX - 1 is ABSENT. */
extern enum user_found user_find(control const *c, identities const *ids, char const *name, user *u);
/* The name of a uid, the same way. */
extern enum user_found user_of_uid(control const *c, identities const *ids, uid_t uid, user *u);

#endif
