/* job - what the runner asks of its delivery agents and what they answer: the same frames for tern-remote's
   workers (a connection to door `remote` is one worker) and for a user's process (the channel that door
   `local` gave).

   runner: 'j' with the message's descriptor (read-only, opened for this job alone): the records below, and
   the envelope of lib/envelope with just the recipients of the job. agent:  'd': JOB_NUMBER, then one
   JOB_RESULT for each recipient in order; JOB_REMOTE; or JOB_TO_MAILBOX, with one JOB_RESULT at most: "ask a
   process of kind mailbox". One answer a job; they may come in any order. A user's
   process says 'h' with one JOB_RESULT first: whether it became the user. A worker of tern-remote takes
   JOB_AHEAD jobs of one destination at once (the second is read when the first is done); the runner closes
   the connection to let it go. A user's process takes up to JOB_BATCH jobs at once. */
#ifndef TERN_JOB_H
#define TERN_JOB_H

#include <stddef.h>
#include <stdint.h>
#include <skalibs/stralloc.h>
#include "lib/door.h"
#include "lib/envelope.h"
#include "lib/id.h"
#include "lib/result.h"

#define JOB_FRAME 'j'
#define JOB_DONE 'd'
#define JOB_HELLO 'h'
#define JOB_RCPT_MAX 100u /* recipients of a job (RFC 5321 section 4.5.3.1.8) */
#define JOB_AHEAD 2u
#define JOB_BATCH 16u

enum job_record { /* above the envelope's own */
                  JOB_NUMBER = 64 | RECORD_MUST,
                  JOB_ID = 65,                   /* the queue id, text */
                  JOB_OFFSET = 66 | RECORD_MUST, /* where the body begins in the file */
                  JOB_LENGTH = 67 | RECORD_MUST, /* its octets */
                  JOB_NAME = 68,                 /* local: the user, or the alias */
                  JOB_EXT = 69,                  /* local: the extension, without its delimiter */
                  JOB_DOMAIN = 70,               /* remote: the recipients' domain */
                  JOB_ROUTE = 71,                /* remote: "host[:port]" of smtproutes; none: by MX */
                  JOB_RESULT = 72,               /* lib/result's serial form */
                  JOB_REMOTE =
                      73, /* "mx.example.org[192.0.2.1]:25": who said so, for the log and the bounce */
                  JOB_TO_MAILBOX = 74, /* an octet if it is the only one that has not got it */
                  JOB_DSN = 75 /* the host, or the one address it was forwarded to, took the DSN parameters
                                  (RFC 3461), so success is reported there, not by the runner */
};

typedef struct job_s job;
struct job_s {
  uint64_t number;
  char id[ID_LEN + 1];
  uint64_t offset;
  uint64_t length;
  uint32_t name; /* strings of e.text, as in envelope */
  uint32_t ext;
  uint32_t domain;
  uint32_t route;
  envelope e;
  int fd; /* the message; the job's owner closes it */
};
#define JOB_ZERO                                                                                             \
  {                                                                                                          \
    .number = 0, .e = ENVELOPE_ZERO, .fd = -1                                                                \
  }

/* Puts a job into the door's queue; j->fd belongs to the door then. 0: no memory, or over the door's limit.
 */
extern int job_put(door *d, job *j);
extern int job_take(job *j,
                    frame *f); /* from a frame 'j'; takes f->fd. 0: it makes no sense (EPROTO) or no memory */
extern void job_free(job *j);  /* and closes fd */

/* The answer. results: one for each recipient. remote may be 0. */
extern int job_put_done(door *d, uint64_t number, result const *results, size_t n, char const *remote);
/* The same by a host that took the message; dsn: it offered DSN. */
extern int job_put_relayed(door *d, uint64_t number, result const *results, size_t n, char const *remote,
                           int dsn);
/* only: all else that his .forward names has it, and must not get it again. failure: what of that failed for good, which is
   to be told when his mailbox has it; 0: nothing. */
extern int job_put_to_mailbox(door *d, uint64_t number, int only, result const *failure);
typedef struct job_done_s job_done;
struct job_done_s {
  uint64_t number;
  size_t n;
  int to_mailbox; /* n: 0, or 1 for the failure beside it */
  int only;
  int dsn; /* JOB_DSN: no "relayed" report for NOTIFY=SUCCESS */
  char remote[320];
  result results[JOB_RCPT_MAX];
};
extern int job_take_done(job_done *done, frame const *f); /* 0: it makes no sense */
extern int job_put_hello(door *d, result const *r);
extern int job_take_hello(frame const *f, result *r);

/* ---- door `local`: terns asks the root door for a process.
   'p': PROCESS_KIND (one octet), PROCESS_NAME. Answer 'c' with the channel: PROCESS_NUMBER; or 'n':
   JOB_RESULT. 'k': PROCESS_NUMBER: end it and what it runs, now. No answer: the channel closes. */
#define PROCESS_ASK 'p'
#define PROCESS_CHANNEL 'c'
#define PROCESS_REFUSED 'n'
#define PROCESS_KILL 'k'
enum process_kind { PROCESS_MAILBOX = 'm', PROCESS_PLAIN = 'u', PROCESS_ALIAS = 'a' };
enum process_record {
  PROCESS_KIND = 1 | RECORD_MUST,
  PROCESS_NAME =
      2 | RECORD_MUST, /* the user; of the alias for PROCESS_ALIAS (for the log: it runs as ternx anyway) */
  PROCESS_NUMBER = 3 | RECORD_MUST
};
/* Idle processes that the runner keeps at most, beside the n (`concurrencylocal`) that work. */
#define PROCESS_IDLE_MAX(n) ((n) < 40 ? 5 * (n) : 200)
#define PROCESS_NAME_MAX 1001u /* octets, with the NUL */

/* lib/process.c. put: 0: no memory. take: 0: the frame makes no sense (EPROTO). */
extern int process_put_ask(door *d, enum process_kind kind, char const *name);
extern int process_take_ask(frame const *f, enum process_kind *kind, char name[PROCESS_NAME_MAX]);
extern int process_put_channel(door *d, uint64_t number, int fd); /* fd belongs to the door then */
extern int process_put_refused(door *d, result const *r);
extern int process_put_kill(door *d, uint64_t number);
extern int process_take_kill(frame const *f, uint64_t *number);
/* The answer to the oldest ask that has none: PROCESS_CHANNEL with *number (f->fd is the channel, the
   caller's), or PROCESS_REFUSED with *r; 0: it makes no sense. */
extern int process_take_answer(frame const *f, uint64_t *number, result *r);

#endif
