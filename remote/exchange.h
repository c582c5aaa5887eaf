/* exchange - the commands of one transaction up to the reply to DATA: pipelined where the server takes that
   (RFC 2920), else one by one; every reply is read, in order. Part of the module transaction. */
#ifndef TERN_REMOTE_EXCHANGE_H
#define TERN_REMOTE_EXCHANGE_H

#include <stddef.h>
#include "remote/command.h"
#include "remote/transaction.h"

typedef struct exchange_s exchange;
struct exchange_s {
  transaction *t;
  command_buffer out;
  int asked[JOB_RCPT_MAX + 3];
  size_t n;    /* asked */
  size_t read; /* answered */
  size_t taken;
  size_t named;  /* recipients */
  size_t judged; /* of them had an answer other than "too many" */
  unsigned int pipelining : 1;
  unsigned int mail : 1; /* MAIL was accepted */
  unsigned int data : 1; /* 354 */
};

/* MAIL, RCPT for all that are open (as many as the server's limits allow: the others stay open), DATA. `utf8`: say SMTPUTF8. x is filled in; after it recipients are
   taken, delayed or decided, and x->data tells whether the server waits for a message. 0: the connection is
   lost (transaction_lost). */
extern int exchange_run(exchange *x, transaction *t, int utf8);

#endif
