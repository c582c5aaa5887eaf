/* transaction - one message to one server: MAIL, every RCPT and DATA in one write where the server takes that
   (RFC 2920), the replies read in their order, then the body; a result for each recipient.

   With LMTP (RFC 2033) there is a reply to the final dot for each recipient that was taken, in their order.

   A server may lie at each step. Whatever it says, no recipient is counted as delivered without a 2yz for it
   and one for the final dot. */
#ifndef TERN_REMOTE_TRANSACTION_H
#define TERN_REMOTE_TRANSACTION_H

#include "lib/job.h"
#include "lib/result.h"
#include "remote/reply.h"
#include "remote/smtp.h"
#include "remote/transmit.h"

enum transaction_rcpt {
  RCPT_OPEN, /* nobody has answered for it yet */
  RCPT_DELAYED, /* too many at once: its result stands, and it is asked again in another round, since others had an answer */
  RCPT_TAKEN, /* accepted; the final dot decides */
  RCPT_DECIDED
};

typedef struct transaction_s transaction;
struct transaction_s {
  smtp *c;
  job const *j;
  body *b;
  unsigned int seconds;              /* for a reply (timeoutremote) */
  unsigned int seconds_done;         /* for the reply to the final dot (timeoutdone) */
  unsigned int careful : 1;          /* no pipelining, whatever is offered */
  unsigned int answered : 1;         /* the server answered something */
  result *results;                   /* one a recipient of the job */
  unsigned char state[JOB_RCPT_MAX]; /* enum transaction_rcpt */
  result problem;                    /* after TRANSACTION_LOST: why */
};

enum transaction_end {
  TRANSACTION_DONE,   /* every recipient is decided; the connection can be kept */
  TRANSACTION_CLOSED, /* every recipient is decided; the connection is closed */
  TRANSACTION_LOST,   /* the connection is closed before the final dot; recipients are open still */
  TRANSACTION_FULL /* the connection is closed because it takes no more transactions; recipients are open still */
};

/* All recipients open; careful and answered are off. Other members are the caller's. */
extern void transaction_begin(transaction *t);
/* Tries all that are open, in as many rounds as the server wants: each decides one recipient at least. */
extern enum transaction_end transaction_run(transaction *t);
/* For the parts of this module. All recipients of a state get a result, or another state; the connection is
   of no use: errno, or the reply (may be 0), says why. transaction_lost gives 0 and leaves errno. */
extern void transaction_settle(transaction *t, enum transaction_rcpt which, result const *r);
extern void transaction_restate(transaction *t, enum transaction_rcpt from, enum transaction_rcpt to);
extern int transaction_lost(transaction *t, char const *when, reply const *a);
/* Gives every open recipient this result. */
extern void transaction_decide(transaction *t, result const *r);

#endif
