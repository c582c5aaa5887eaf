/* received - the Received field that tern-queue puts on top of each message; and what it looks for in the header that
   comes: the number of such fields (RFC 5321 sections 4.4 and 6.3), and the Message-ID, for the log. */
#ifndef TERN_RECEIVED_H
#define TERN_RECEIVED_H

#include <stddef.h>
#include <time.h>
#include <skalibs/stralloc.h>
#include "lib/envelope.h"

#define RECEIVED_HOPS 100u /* Received fields that make a loop */

/* Replaces out by the field, folded, with its LF. me: this host's name; uid: who knocked, for what did not
   come by SMTP. Nothing of the envelope can end the field or a line. 0: no memory. */
extern int received_make(stralloc *out, envelope const *e, uint64_t uid, char const *me, char const *id_text,
                         time_t now);

#define RECEIVED_ID_MAX 250u /* octets of a Message-ID that are kept */

typedef struct received_s received;
struct received_s {
  unsigned int count;
  unsigned int
      matched; /* letters of a name at the start of this line; past them: only blanks until the colon */
  enum { RECEIVED_START, RECEIVED_NAME, RECEIVED_VALUE, RECEIVED_REST, RECEIVED_END } at;
  unsigned char name;    /* which it may be */
  unsigned char folding; /* this line may go on with the Message-ID */
  unsigned int id_len;
  char id[RECEIVED_ID_MAX]; /* of the first Message-ID, without white space */
};
#define RECEIVED_ZERO                                                                                        \
  {                                                                                                          \
    .count = 0                                                                                               \
  }
/* Looks at more of a message's octets, until the header ends. */
extern void received_look(received *r, char const *s, size_t len);

#endif
