/* replacement - a new aliases.cdb, made beside the old one and put in its place in one step.

   Steps: make aliases.cdb.new with O_EXCL and lock it (who finds one that nobody locks removes it: its maker
   died), write, owner and mode, fsync, rename, fsync the folder. A crash leaves the old file, or the new one,
   whole. The lock is held from before the sources are read, so that of two at once the later one read the
   later text. */
#ifndef TERN_ALIAS_REPLACEMENT_H
#define TERN_ALIAS_REPLACEMENT_H

#include <sys/types.h>
#include <skalibs/tai.h>

#define REPLACEMENT_FILE "aliases.cdb.new"

/* Gives the descriptor to write to, -1: errno (EWOULDBLOCK: another one was at work until the deadline). */
extern int replacement_begin(tain const *deadline);
/* uid and gid -1: leave them. 0: errno; nothing was replaced. Either way fd is closed. */
extern int replacement_commit(int fd, uid_t uid, gid_t gid, mode_t mode);
extern void replacement_abort(int fd);

#endif
