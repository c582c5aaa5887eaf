/* message - DATA: from 354 to the answer. A message up to MESSAGE_KEEP octets is received whole before
   tern-queue is asked for anything, so that a slow client holds no injector; a larger one then streams
   through the same buffer. */
#ifndef TERN_SMTPD_MESSAGE_H
#define TERN_SMTPD_MESSAGE_H

#include "smtpd/session.h"

#define MESSAGE_KEEP 65536u /* octets */
#define MESSAGE_WAIT                                                                                         \
  240u /* seconds that tern-queue may take; a client waits 600 (RFC 5321 section 4.5.3.2.6) */
#define MESSAGE_RATE                                                                                         \
  1000u /* octets a second, without the first timeoutsmtpd seconds, that a client must keep up */

extern void message_data(session *s, char *arg, size_t len);

#endif
