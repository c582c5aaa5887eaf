/* porter - a process of its own that connects to the Unix sockets which smtproutes names, for LMTP.

   A worker lives in a chroot to HOME, where a mailbox server's socket can't be seen, and it reads the network. So it
   hands the porter a path, and gets a connection or a reason. The porter is tern-remote's user without a chroot; it may
   read control/ and nothing else, starts no process, and knocks only at paths that control/smtproutes names:
   whatever took over a worker reaches no other socket of the machine. Each connection looks the path up anew, so the
   server may be restarted at any time; its socket must let tern-remote's user write. */
#ifndef TERN_REMOTE_PORTER_H
#define TERN_REMOTE_PORTER_H

#include <sys/types.h>
#include <skalibs/tai.h>
#include "lib/identity.h"

/* Forks it, before the drop and the first worker. Gives the workers' end of its channel, which is closed for the porter
   when the last of them and the master are gone: then it ends. -1: errno. */
extern int porter_start(identities const *ids, pid_t *pid);
/* A connection to the Unix socket at `path`: non-blocking, close-on-exec. -1: errno: EPERM: control/smtproutes does not
   name it; ENOENT, ECONNREFUSED, EACCES: as connect(2) says; EPIPE: the porter is gone; ETIMEDOUT; ECANCELED: the
   runner at `door` (-1: none) went away meanwhile. */
extern int porter_connect(int porter, char const *path, int door, tain const *deadline);

#endif
