/* smtp - the client's dialogue with one server (RFC 5321, or LMTP, RFC 2033): the greeting, EHLO, HELO or LHLO, what the server
   offers, QUIT. The transaction itself stands in transaction.h. */
#ifndef TERN_REMOTE_SMTP_H
#define TERN_REMOTE_SMTP_H

#include <stdint.h>
#include <skalibs/tai.h>
#include "lib/result.h"
#include "remote/stream.h"

enum smtp_offer {                      /* bits */
                  SMTP_PIPELINING = 1, /* RFC 2920 */
                  SMTP_SIZE = 2,       /* RFC 1870 */
                  SMTP_8BITMIME = 4,   /* RFC 6152 */
                  SMTP_SMTPUTF8 = 8,   /* RFC 6531 */
                  SMTP_DSN = 16        /* RFC 3461 */
};

typedef struct smtp_s smtp;
struct smtp_s {
  stream s;
  unsigned int offers; /* enum smtp_offer */
  uint64_t size;       /* the largest message it takes; 0: no bound is known */
  unsigned int mails;  /* transactions that it has begun */
  unsigned int
      mailmax; /* its LIMITS (RFC 9422): transactions of a connection, recipients of a transaction (also */
  unsigned int rcptmax; /* where it showed a limit by 452), and their domains; 0: none is known */
  unsigned int domainmax;
  unsigned int lmtp : 1;  /* it speaks LMTP: LHLO, and after the final dot an answer for each recipient */
  unsigned int dirty : 1; /* a transaction is open on the server: RSET comes before the next MAIL */
};

/* What EHLO said in one line. Unknown ones are passed over. */
extern void smtp_offer(smtp *c, char const *line, size_t len);

/* Reads the greeting and says who `me` is, `seconds` for each answer. 1: ready. 0: *r says why not, its class
   what follows from that if no other host takes the mail: a greeting of 521 or 556 (RFC 7504) and a refused
   HELO are permanent, any other trouble (a refused LHLO: the route is wrong) is temporary. The stream is closed then. */
extern int smtp_open(smtp *c, char const *me, unsigned int seconds, result *r);
/* Does its MAILMAX leave another transaction? */
#define smtp_has_room(c) (!(c)->mailmax || (c)->mails < (c)->mailmax)
/* QUIT without waiting for the answer; closes. */
extern void smtp_quit(smtp *c);

#endif
