/* backend - what stands behind the dialogue: who knows names and who takes a finished message. tern-smtpd's is
   its two doors (smtpd/doors.c); sendmail -bs has one of its own, which acts as the user who runs it. */
#ifndef TERN_SMTPD_BACKEND_H
#define TERN_SMTPD_BACKEND_H

#include <stddef.h>
#include <skalibs/tai.h>
#include "lib/id.h"
#include "lib/question.h"
#include "lib/result.h"

typedef struct session_s session;

enum backend_end {
  BACKEND_TOOK,    /* it is durable, id_text is its id */
  BACKEND_REFUSED, /* *r says why */
  BACKEND_LOST     /* nobody has taken it: it may be tried from the start; *r says why not */
};

typedef struct backend_s backend;
struct backend_s {
  /* What s->address means. */
  enum meaning (*exists)(session *s, result *r, tain const *deadline);
  /* Takes the envelope s->e. 0: *r says why not. */
  int (*open)(session *s, result *r, tain const *deadline);
  /* Lines that end with LF. 0: it takes no more; `end` tells why. */
  int (*body)(session *s, char const *octets, size_t len, tain const *deadline);
  enum backend_end (*end)(session *s, result *r, char id_text[ID_LEN + 1], tain const *deadline);
  /* After `open`, in place of `end`: takes all back. */
  void (*abort)(session *s);
};

extern backend const doors;

#endif
