/* mbox - a mailbox in one file: locked, appended to, synced, or left as it was.

   Several messages share one lock and one sync. A mailbox of the spool is opened by its last name alone (no
   symbolic link), made by O_EXCL, and must be a regular file with one link that belongs to us; a file that a
   .forward or an alias names is the user's own affair and need only be regular. */
#ifndef TERN_LOCAL_MBOX_H
#define TERN_LOCAL_MBOX_H

#include <sys/types.h>
#include "lib/result.h"
#include "local/copy.h"
#include "local/self.h"

#define MBOX_WAIT 10u /* seconds for a lock */

enum mbox_kind { MBOX_SPOOL, MBOX_FILE };

typedef struct mbox_s mbox;
struct mbox_s {
  int fd;
  char path[SELF_PATH_MAX];
  int dotlocked;
  int created;  /* by us: its name must reach the disk */
  off_t before; /* its length when we got the lock */
  off_t end;    /* its length now */
};

/* Opens and locks within `wait` seconds. 0: *r says why not, always temporary. */
extern int mbox_open(mbox *b, char const *path, enum mbox_kind kind, unsigned int wait, result *r);
/* Appends a message that is loaded. 0: *r, and the file is as before. */
extern int mbox_append(mbox *b, copy *m, result *r);
/* Syncs and unlocks. 0: *r: none of what was appended is there. */
extern int mbox_close(mbox *b, result *r);

#endif
