/* store - the queue on the disk: one message, one file, queue/C/ID (C: the id's last character). The only
   code that opens, writes, syncs, locks or unlinks there; file.h beside it knows the format. Used by
   tern-queue (creates), tern-send (marks, removes) and tern-showq (reads). All paths are relative to HOME,
   the current folder. */
#ifndef TERN_STORE_H
#define TERN_STORE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <skalibs/stralloc.h>
#include "lib/envelope.h"
#include "lib/id.h"
#include "lib/result.h"

#define STORE_FOLDERS                                                                                        \
  "0123456789ABCDEFGHIJKLMNOPQRSTUV" /* the folders of queue/, made by tern-setup; bad/ beside them */

enum store_rcpt { /* one octet a recipient, in the state */
                  STORE_NEW = 0,
                  STORE_DEFERRED = 'd',
                  STORE_MAILBOX = 'm', /* deferred, but his mailbox alone: all else of a .forward has it */
                  STORE_DONE = 'D', /* delivered, relayed, or turned into another message that is committed */
                  STORE_FAILED = 'F', /* its bounce is committed, or it needed none */
                  /* done, and its sender, who asked for it (RFC 3461), has not been told yet: */
                  STORE_OWED_FAILED = 'f', /* failed for good, and its bounce could not be committed yet */
                  STORE_OWED_DELIVERED = 's',
                  STORE_OWED_RELAYED = 'r',
                  STORE_OWED_EXPANDED = 'x'
};

typedef struct store_state_s store_state;
struct store_state_s { /* the runner's marks, as they are in memory while a message is open */
  uint32_t attempts;
  uint64_t next; /* seconds since 1970; 0: now */
  int hold;
  int told;            /* its sender knows that it is late: the notice is committed */
  uint32_t groups;     /* of what an alias led to: messages that are committed, while others are not */
  uint64_t groups_sum; /* which ones: the runner's own checksum */
  size_t n;
  unsigned char *rcpt; /* n octets of enum store_rcpt */
  uint32_t dirty;      /* a bit for each 512-byte sector that differs from the disk */
};

typedef struct store_message_s store_message;
struct store_message_s {
  id i;
  int fd;                               /* read and write, with the lock; never handed to an agent */
  struct contents_ahead_s const *ahead; /* tern-showq: what was read of it at once; 0: nothing */
  uint64_t uid;
  uint64_t body;   /* offset of the body */
  uint64_t length; /* its octets */
  uint64_t end;    /* of the file, notes included */
  uint32_t sum;    /* the body's checksum */
  int checked;     /* the body was read when it was opened, and is right */
  uint64_t envelope;
  uint32_t envelope_length;
  store_state state;
};
#define STORE_MESSAGE_ZERO                                                                                   \
  {                                                                                                          \
    .fd = -1                                                                                                 \
  }

/* ---- creating (tern-queue) */
typedef struct store_new_s store_new;
struct store_new_s {
  id i;
  int fd;                  /* -1: none */
  stralloc const *records; /* of the envelope */
  size_t rcpts;
  uint64_t uid;
  uint64_t length; /* octets of the body so far */
  uint32_t sum;    /* their checksum */
};
#define STORE_NEW_ZERO                                                                                       \
  {                                                                                                          \
    .fd = -1                                                                                                 \
  }
/* Creates a message's file under a name of its own, with the lock: i is its id. `records` is the packed
   envelope; it must stay until the commit. 0: errno, and there is no file. */
extern int store_begin(store_new *m, unsigned int worker, stralloc const *records, size_t rcpts, uid_t uid);
/* More of the body. 0: errno; store_abandon must follow. */
extern int store_write(store_new *m, struct iovec const *v, unsigned int n);
/* The rest of the body (n may be 0) and the head; flushes, closes: durable when it gives 1. A message that
   was not written to before goes out in one write. At most STORE_PIECES pieces. 0: errno, and the file is
   gone. */
#define STORE_PIECES 6u
extern int store_commit(store_new *m, struct iovec const *v, unsigned int n);
extern void store_abandon(store_new *m); /* unlinks, closes; may be called twice */

/* ---- opening (tern-send) */
enum store_opened {
  STORE_OPENED,
  STORE_GONE,    /* no such file */
  STORE_BUSY,    /* somebody else holds the lock: look again later */
  STORE_UNDONE,  /* never acknowledged: a crash left it; store_open has unlinked it */
  STORE_DAMAGED, /* moved to queue/bad/; `why` says what was wrong */
  STORE_FOREIGN, /* a newer format or an unknown record that must be understood: it waits */
  STORE_ERROR    /* errno; try later */
};
/* How far the body is looked at. After a notice the file is known to be acknowledged, and what is wrong with
   it is damage; in a scan what is wrong and has no state was never acknowledged (STORE_UNDONE). */
enum store_check {
  STORE_TOLD = 0, /* after a notice: not at all */
  STORE_SCAN = 1, /* in a scan: if there is no state */
  STORE_FIRST = 2 /* before the first delivery of a message that a scan found: always */
};
#define STORE_WHY 128u
/* Opens, locks and checks a message: head and envelope always, the body as `check` says. Fills in m with its
   state (the recipients of a sector that is missing or torn are new) and adds the envelope to e, which may be
   0. why: STORE_WHY bytes, for log lines. */
extern enum store_opened store_open(store_message *m, id const *i, envelope *e, enum store_check check,
                                    char *why);
extern void store_close(store_message *m); /* gives up the lock */
/* A new descriptor of the same file, read-only, for an agent. -1: errno. */
extern int store_reader(store_message const *m);

extern void store_mark(store_message *m, size_t rcpt, enum store_rcpt what); /* in memory */
extern void store_set(store_message *m, uint32_t attempts, uint64_t next, int hold);
extern void store_told(store_message *m);
extern void store_groups(store_message *m, uint32_t n, uint64_t sum);
/* Writes the sectors that are dirty; waits for the disk only if `sync` (verbs). 0: errno; the marks stay
 * dirty. */
extern int store_save(store_message *m, int sync);
/* Replaces the notes: why each recipient that waits does. Groups of equal results are written once. rcpts[k]
   belongs to results[k]. 0: errno (harmless). */
extern int store_note(store_message *m, uint32_t const *rcpts, result const *results, size_t n, time_t now);
/* Unlinks, with the lock held, and closes. */
extern int store_remove(store_message *m);
extern int store_quarantine(store_message *m, char const *why); /* to queue/bad/, and closes */

/* ---- reading (tern-showq) */
/* Opens without a lock for reading only; *active: the runner or an injector holds the lock. Never unlinks or
   moves: STORE_UNDONE and STORE_DAMAGED are only told. */
extern enum store_opened store_look(store_message *m, id const *i, envelope *e, int *active);
/* Calls f for each note. 0: no memory or an error of the disk; a torn end is silently the end. */
extern int store_notes(store_message const *m,
                       int (*f)(void *data, uint32_t rcpt, result const *r, uint64_t when), void *data);

/* ---- scanning */
typedef struct store_scan_s store_scan;
struct store_scan_s {
  void *dir; /* DIR * */
  unsigned int folder;
};
#define STORE_SCAN_ZERO                                                                                      \
  {                                                                                                          \
    .dir = 0, .folder = 0                                                                                    \
  }
/* The next id that the queue's folders hold, in no order. 1: one; 0: the end; -1: errno. Names that are no
   ids are told to `stray` (may be 0). */
extern int store_scan_next(store_scan *s, id *i, void (*stray)(char const *path));
extern void store_scan_end(store_scan *s);

#endif
