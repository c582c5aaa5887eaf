/* lock - who works on a queue file: whoever fills it, marks it or unlinks it holds its lock.

   Open file description locks: they belong to the open file, so they survive a fork and end with the last
   descriptor; somebody else's close of the same file does not drop them, as it would a POSIX lock. Where the
   system has none, flock does the same, but can only be asked for by taking it. */
#ifndef TERN_LOCK_H
#define TERN_LOCK_H

enum lock { LOCK_TAKEN, LOCK_BUSY, LOCK_ERROR };

/* Never waits. fd must be open for writing. LOCK_ERROR: errno. */
extern enum lock lock_take(int fd);
/* 1: *held says whether anybody else holds it. 0: errno. fd may be open for reading only. */
extern int lock_ask(int fd, int *held);

#endif
