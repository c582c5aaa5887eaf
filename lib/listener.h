/* listener - listening sockets that outlive the program: kept by s6-fdholder while a service restarts, so that no
   client is ever refused.

   The run script calls s6-fdholder-getdump, which leaves all that the holder has as descriptors, with S6_FD_n and
   S6_FDID_n in the environment. Ids: "door/NAME" and "tcp/ADDRESS:PORT". Run without s6 (no S6_FD# in the environment)
   a listener is bound and not kept. */
#ifndef TERN_LISTENER_H
#define TERN_LISTENER_H

#include <sys/types.h>
#include <stdint.h>

/* Remembers what was inherited (close-on-exec) and clears the environment. Call it first. */
extern void listener_inherit(void);

/* The socket of run/NAME: inherited, or bound anew (a stale one is replaced), stored in the holder, listening, with
   this owner (root only) and mode. Non-blocking. -1: errno. */
extern int listener_door(char const *name, uid_t uid, gid_t gid, mode_t mode);

/* The sockets of one line of `listen` (two for an address-less one). IPv6 is V6ONLY; a family that the machine lacks is
   skipped with a line in the log; "address in use" is tried again for `drain` seconds. Gives the number put into fds
   (at most 2), 0: errno. Non-blocking, backlog 1024. */
extern unsigned int listener_tcp(char const *line, unsigned int drain, int fds[2]);

/* Closes what was inherited and not taken; deletes from the holder those among it whose id begins with `prefix` (0: none):
   listeners that `listen` no longer names. */
extern void listener_finish(char const *prefix);

#endif
