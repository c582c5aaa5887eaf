/* maildir - a folder with a file a message: written in tmp/, synced, renamed to new/, and new/ synced, in
   this order, so that new/ never holds a message that is not whole, and an answer is never given for one that
   a power cut could take back.

   Several messages are written first, their writeback is started together, and then each is synced: they
   share the disk's flushes, and one sync of new/ covers the names of all. The name of a file is made of the
   queue id, the recipient, our host and the message's size, so that a repeated delivery replaces the file of the one before. */
#ifndef TERN_LOCAL_MAILDIR_H
#define TERN_LOCAL_MAILDIR_H

#include <sys/stat.h>
#include "lib/result.h"
#include "local/copy.h"
#include "local/self.h"

#define MAILDIR_NAME 250u /* octets, with the NUL: a name in tmp/ has a few more and still fits NAME_MAX */

typedef struct maildir_s maildir;
struct maildir_s { /* kept open between batches */
  char path[SELF_PATH_MAX];
  int tmp, new; /* -1: not open */
  dev_t dev;
  ino_t tmp_ino, new_ino;
  pid_t pid; /* ours */
};
#define MAILDIR_ZERO                                                                                         \
  {                                                                                                          \
    .tmp = -1, .new = -1                                                                                     \
  }

typedef struct maildir_file_s maildir_file;
struct maildir_file_s {
  int fd; /* -1: there is none, or it failed and the result says why */
  result *r;
  char name[MAILDIR_NAME];
};

/* Opens path (relative to the folder `at`), or sees that it is still what was open; makes it with its three
   folders, 0700, if it is missing. 0: *r, temporary. */
extern int maildir_open(maildir *d, int at, char const *path, result *r);
extern void maildir_close(maildir *d);

/* Writes a message that is loaded to tmp/. 0: *r, temporary, and nothing is left. me: this host's name. */
extern int maildir_write(maildir *d, copy *m, char const *me, maildir_file *f, result *r);
/* Brings all n to new/ and to the disk; fills in the result of each, and closes them. */
extern void maildir_settle(maildir *d, maildir_file *f, size_t n);

#endif
