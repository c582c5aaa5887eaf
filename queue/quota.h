/* quota - what one uid may take of door `queue`, so that no local user can stop port 25: places, bytes on
   their way, time, and the last of the disk. Kept in memory that the workers of the pool share; each writes
   its own slot only, so a worker that dies leaves nothing wrong behind but its slot, which the master clears.

   The suite's own users, root and the owner of an instance are exempt, but for the very last of the disk. */
#ifndef TERN_QUOTA_H
#define TERN_QUOTA_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <skalibs/tai.h>
#include "lib/identity.h"
#include "lib/result.h"

#define QUOTA_SLOTS 1024u

typedef struct quota_slot_s quota_slot;
struct quota_slot_s {
  atomic_uint uid;
  atomic_uchar here;    /* a client of that uid, who is not exempt, is served */
  atomic_uchar filling; /* a file may be half written, or written and not yet told of */
  atomic_ullong bytes;  /* of that message so far */
};

typedef struct quota_s quota;
struct quota_s {
  quota_slot *slots; /* shared */
  uint64_t databytes;
  unsigned int places;  /* for all that are not exempt together */
  unsigned int per_uid; /* for each of them */
};

/* Before the workers are forked. databytes: the largest message; incoming: concurrencyincoming. 0: errno. */
extern int quota_init(quota *q, uint64_t databytes, unsigned int incoming);
/* The same limits after a reload; the slots stay. */
extern void quota_set(quota *q, uint64_t databytes, unsigned int incoming);
/* The size of the pool: a place for each of `incoming`, and those of the users. */
extern unsigned int quota_pool(unsigned int incoming);

extern int quota_is_exempt(identities const *ids, uid_t uid);
/* Takes the slot for a client. 0: *r says why not. */
extern int quota_enter(quota *q, unsigned int slot, uid_t uid, int exempt, result *r);
/* More bytes of its message. 0: *r says why not. */
extern int quota_add(quota *q, unsigned int slot, uint64_t bytes, result *r);
/* Is there room on the queue's disk? For who is exempt it looks at most once a second. 0: *r says no. */
extern int quota_disk(quota const *q, int exempt, result *r);
extern void quota_leave(quota *q, unsigned int slot);
/* 1: the slot's worker, which is dead, may have left a file that nobody was told of. Clears it. */
extern int quota_bury(quota *q, unsigned int slot);

/* The judgement alone: bytes and inodes that are free, of how many. 1: there is room. */
extern int quota_has_room(uint64_t databytes, int exempt, uint64_t free_bytes, uint64_t bytes,
                          uint64_t free_inodes, uint64_t inodes);

#endif
