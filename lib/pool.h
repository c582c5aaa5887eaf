/* pool - warm worker processes: forked before they are needed, never exec'd, one client at a time each.

   The master listens to s6 and forks; it never reads a client. Workers share the listeners and a scoreboard
   of anonymous shared memory. A worker that takes the last free place tells the master by a byte in a pipe,
   and only then does the master wake and fork more: nothing forks on a message's way while enough are warm.
   Workers that are idle for `linger` seconds retire: down to `min` when all are idle, else down to `spare`, or a quarter of
   those that are busy if that is more, beside the busy ones. So few processes are there at rest, and many when mail comes. On DRAIN the master tells the workers
   (SIGTERM) and returns at once; they finish their client and exit, at the latest `drain` seconds later, and
   a worker whose master died does the same. On RELOAD the master calls reload; if that returns 1, workers are
   replaced as soon as their client is done. */
#ifndef TERN_POOL_H
#define TERN_POOL_H

#include <sys/types.h>
#include <sys/socket.h>
#include <skalibs/tai.h>

#define POOL_ASK_MAX 32u /* workers that `full` may name at once */

typedef struct pool_spec_s pool_spec;
struct pool_spec_s {
  unsigned int min; /* kept warm at rest */
  unsigned int
      spare; /* forked at a time, at least, when nobody is idle, and kept idle beside busy ones; 0: as min */
  unsigned int max;    /* processes at once */
  unsigned int uses;   /* clients until a worker is replaced; 0: no bound */
  unsigned int linger; /* seconds */
  unsigned int drain;  /* seconds: timeoutdrain */
  int const *listeners;
  unsigned int n;
  void *data;
  /* In a fresh worker, before its first client: the place for a jail. 0: the worker exits 111. May be 0. */
  int (*enter)(void *data, unsigned int slot);
  /* One client on fd (blocking, close-on-exec; closed by the pool afterwards, so end a door on it with
     door_free). slot: 0..max-1, nobody else's at the time. 1: stay for the next one; 0: something was odd,
     replace me. */
  int (*serve)(void *data, unsigned int slot, int fd);
  /* In the master. 1: the settings changed, pool values may have been changed in spec too. May be 0. */
  int (*reload)(void *data, pool_spec *spec);
  /* In the master: a worker died by a signal or with a code other than 0. May be 0. */
  void (*died)(void *data, unsigned int slot, int wstat);
  /* In the master: every worker is busy, no more may be made, and a client waits; asked ten times a second while
     that is so. Gives the slots, and their number, of workers that shall look up: a wait in them is interrupted
     (EINTR), and they are replaced when their client is done. May be 0. */
  unsigned int (*full)(void *data, unsigned int slots[POOL_ASK_MAX]);
  /* In the master: a child that is no worker died, one that the program forked before pool_run. May be 0. */
  void (*lost)(void *data, pid_t pid);
};

/* Runs until DRAIN. Calls service_signals and, with `min` workers forked, service_ready: the program calls
   neither. It sets the listeners' O_NONBLOCK as it needs it. Gives the exit code for the master, 0. In a
   worker it never returns. */
extern int pool_run(pool_spec *spec);

/* In a worker: true once it is to end. A wait for a client that has nothing in hand should then end with
 *deadline at the latest (unchanged if not draining). SIGTERM, and SIGUSR1 by
   which the master sends an idle worker away, interrupt poll and read (EINTR): that alone is no reason to end
 a client. */
extern int pool_draining(tain *deadline);
/* In a worker, in `serve`: the client's address as accept gave it. */
extern struct sockaddr_storage const *pool_peer(void);
/* In a worker: a reload happened and this worker is of the old settings. */
extern int pool_outdated(void);

#endif
