/* dotlock - NAME.lock beside a mailbox, for mail readers that know no other lock.

   It is made while the fcntl lock of the mailbox is held, and with a mark of ours: so whoever has the fcntl lock and finds a
   dotlock with that mark knows that its maker is dead. One of another program is dead after DOTLOCK_STALE seconds. */
#ifndef TERN_LOCAL_DOTLOCK_H
#define TERN_LOCAL_DOTLOCK_H

#define DOTLOCK_STALE 300 /* seconds without a change */

enum dotlock_made {
  DOTLOCK_MADE,
  DOTLOCK_HELD,      /* somebody else has it: wait */
  DOTLOCK_FORBIDDEN, /* this user may make no file there, or the name is too long for one */
  DOTLOCK_ERROR      /* errno */
};

/* path: of the mailbox. The caller holds its fcntl lock. */
extern enum dotlock_made dotlock_make(char const *path);
extern void dotlock_remove(char const *path);

#endif
