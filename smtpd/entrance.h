/* entrance - what happens before the greeting: who is it really (PROXY), are there too many of him, does he wait
   until he is greeted? */
#ifndef TERN_SMTPD_ENTRANCE_H
#define TERN_SMTPD_ENTRANCE_H

#include "smtpd/session.h"

#define ENTRANCE_SECONDS 10 /* for the header of a proxy */

/* Says the greeting, or ends the session. */
extern void entrance_pass(session *s);
/* The same without the wait, for a client that a proxy has named (XCLIENT). */
extern void entrance_greet(session *s);

#endif
