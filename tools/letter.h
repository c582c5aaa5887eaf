/* letter - one message on its way from a local user into door `queue`: its envelope, its header and its body.
   Used by sendmail's two ways in, standard input and -bs. */
#ifndef TERN_LETTER_H
#define TERN_LETTER_H

#include <stddef.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include "lib/door.h"
#include "lib/envelope.h"
#include "lib/id.h"
#include "lib/result.h"
#include "tools/fields.h"
#include "tools/incoming.h"

#define LETTER_WAIT 300u /* seconds without progress after which the queue is given up: then it is 75 */
#define LETTER_ASK 30u   /* seconds for an answer about an address, then it is queued unchecked */
#define LETTER_TRIES 3u  /* connections to a queue that is being restarted */

typedef struct letter_s letter;
struct letter_s {
  char const *me; /* this host's name: completes addresses */
  envelope e;
  genalloc hashes; /* uint32_t: one for each recipient, to find the same address again */
  stralloc address;
  fields f;
  incoming in;
  door alias; /* kept between questions */
  result r;   /* what the queue said */
  char id[ID_LEN + 1];
};
#define LETTER_ZERO                                                                                          \
  {                                                                                                          \
    .e = ENVELOPE_ZERO, .f = FIELDS_ZERO, .in = INCOMING_ZERO, .alias = {.fd = -1 }                          \
  }

/* Adds a recipient ("local" or, complete, "local@domain"), once. 0: EINVAL (not an address), E2BIG (too
 * many), ENOMEM. */
extern int letter_recipient(letter *l, char const *s, size_t len, int complete);
/* The sender; an empty one is the null sender. The same returns. */
extern int letter_sender(letter *l, char const *s, size_t len, int complete);

enum letter_known {
  LETTER_SOME,  /* somebody may exist, or nobody could say */
  LETTER_NOBODY /* every recipient is a name of this machine that does not exist: l->r says so of the last */
};
/* Asks door `alias` about the recipients until one is not unknown. If the door is down they are taken as they
 * are. */
extern enum letter_known letter_check(letter *l);
/* What door `alias` says of one address, "local@domain". */
extern int letter_exists(letter *l, char const *s, size_t len,
                         result *r); /* enum meaning of lib/question.h */

/* Reads the header and adds what is missing. from, name: as in fields_complete. 0: no memory. */
extern int letter_complete(letter *l, char const *from, char const *name);
/* Hands it to door `queue`. 1: it is durable, l->id is its id. 0: l->r says why not. */
extern int letter_send(letter *l);
/* The exit code that a result stands for: sysexits(3). */
extern int letter_exit(result const *r);
extern void letter_clear(letter *l); /* ready for the next one */

#endif
