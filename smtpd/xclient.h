/* xclient - XCLIENT, by which a proxy or a test says whose mail it brings (Postfix's extension). For the networks
   of the setting xclient alone. */
#ifndef TERN_SMTPD_XCLIENT_H
#define TERN_SMTPD_XCLIENT_H

#include "smtpd/session.h"

#define XCLIENT_OFFER "XCLIENT NAME ADDR PORT PROTO HELO"

extern void xclient_run(session *s, char *arg, size_t len);

#endif
