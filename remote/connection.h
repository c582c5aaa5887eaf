/* connection - the SMTP or LMTP connection that a worker holds, kept warm for the next message to the same
 * destination. */
#ifndef TERN_REMOTE_CONNECTION_H
#define TERN_REMOTE_CONNECTION_H

#include <skalibs/tai.h>
#include "lib/result.h"
#include "remote/mx.h"
#include "remote/settings.h"
#include "remote/smtp.h"

#define CONNECTION_USES 1000u  /* messages */
#define CONNECTION_SECONDS 300 /* from its opening on: a better MX may be back */
#define CONNECTION_IDLE 4      /* seconds without a job, then QUIT */

typedef struct connection_s connection;
struct connection_s {
  smtp c;
  char destination[MX_DESTINATION];
  char remote[MX_REMOTE]; /* stays when it is closed: the last host that was tried */
  unsigned int uses;
  tain end;
};

enum connection_opened {
  CONNECTION_OPEN,
  CONNECTION_REFUSED, /* it is there, and takes nothing */
  CONNECTION_NONE,    /* no connection can be made */
  CONNECTION_SLOW     /* nor in time */
};
/* Connects to h, within `seconds`, and greets: k->c.lmtp and k->c.s.door are the caller's to set before. Not
   CONNECTION_OPEN: *r says why not, as smtp_open does; errno is ECANCELED if the runner went away. */
extern enum connection_opened connection_open(connection *k, settings const *s, mx_host const *h,
                                              unsigned int seconds, result *r);
/* Can the next message for this destination go over it? */
extern int connection_serves(connection const *k, char const *destination);
extern void connection_close(connection *k); /* with QUIT */
#define connection_is_open(k) ((k)->c.s.fd >= 0)

#endif
