/* received - the Received field that tern-queue puts on top of each message, and the counting of those that
   are there already (RFC 5321 sections 4.4 and 6.3). */
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

typedef struct received_s received;
struct received_s {
  unsigned int count;
  unsigned int
      matched; /* letters of "received" at the start of this line; past them: only blanks until the colon */
  enum { RECEIVED_START, RECEIVED_NAME, RECEIVED_REST, RECEIVED_END } at;
};
#define RECEIVED_ZERO                                                                                        \
  {                                                                                                          \
    .count = 0                                                                                               \
  }
/* Looks at more of a message's octets: counts fields until the header ends. */
extern void received_count(received *r, char const *s, size_t len);

#endif
