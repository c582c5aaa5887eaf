/* message - a message on its way in: what DATA and BDAT share. A message up to MESSAGE_KEEP octets is received
   whole before anybody is asked to take it, so that a slow client holds no injector; a larger one then streams
   through the same buffer. */
#ifndef TERN_SMTPD_MESSAGE_H
#define TERN_SMTPD_MESSAGE_H

#include <stddef.h>
#include <skalibs/tai.h>
#include "lib/result.h"
#include "smtpd/data.h"

#define MESSAGE_KEEP 65536u /* octets */
#define MESSAGE_WAIT                                                                                         \
  240u /* seconds that tern-queue may take; a client waits 600 (RFC 5321 section 4.5.3.2.6) */
#define MESSAGE_RATE                                                                                         \
  1000u /* octets a second, without the first timeoutsmtpd seconds, that a client must keep up */

enum message_phase {
  MESSAGE_NONE,
  MESSAGE_KEEPING,   /* all of it is in the buffer */
  MESSAGE_STREAMING, /* the backend has the beginning */
  MESSAGE_EATING     /* it is refused; its end is looked for */
};

typedef struct message_s message;
struct message_s {
  enum message_phase phase;
  decoder d;
  size_t kept; /* octets that are decoded: they stand at the front of the input's buffer */
  result r;    /* why, if it is refused */
  tain start;
};

typedef struct session_s session;

/* DATA: from 354 to the answer. */
extern void message_data(session *s, char *arg, size_t len);

/* ---- for BDAT too */
extern void message_begin(session *s, int chunks);
/* Decodes at most max octets of what is there; gives those that were taken. */
extern size_t message_decode(session *s, size_t max);
/* The backend gets what is too much to keep, or it is forgotten: then there is room for a command at least. */
extern void message_make_room(session *s);
/* The same, and waits for more. 0: the session is over. */
extern int message_more(session *s);
/* The message is complete: hands it over and says the answer. The transaction is over then. */
extern void message_answer(session *s);
/* Forgets it; what the backend has is taken back. */
extern void message_drop(session *s);

#endif
