/* sendmail - what its modes share: this host's name and limit, and how a failure is told. */
#ifndef TERN_SENDMAIL_H
#define TERN_SENDMAIL_H

#include <stdint.h>
#include "tools/letter.h"
#include "tools/options.h"

typedef struct sendmail_s sendmail;
struct sendmail_s {
  options o;
  letter l;
  uint64_t databytes;
  int root; /* the instance is root's */
};

/* "sendmail: WHAT: WHY" on standard error; gives code. what may be 0. */
extern int sendmail_say(int code, char const *what, char const *why);
/* Enters HOME and reads the settings. 0, or the exit code of what was said. */
extern int sendmail_begin(sendmail *s);
/* The recipients of the command line. 0, or the exit code of what was said. */
extern int sendmail_recipients(sendmail *s);

/* ---- the modes; each gives the exit code */
extern int message_run(sendmail *s);  /* message.c: a message on standard input */
extern int dialogue_run(sendmail *s); /* dialogue.c: SMTP on standard input and output */
extern int verify_run(sendmail *s);   /* verify.c: what would happen */

#endif
