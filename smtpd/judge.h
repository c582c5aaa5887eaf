/* judge - may this client send this mail? The operator's lists: access, reverse DNS, dnsbl, badhelo, badmailfrom,
   badrcptto. Asked at RCPT, when all is known, and never about the postmaster, so that who is refused has somebody to
   speak to. */
#ifndef TERN_SMTPD_JUDGE_H
#define TERN_SMTPD_JUDGE_H

#include "smtpd/session.h"

/* The recipient is s->address. 1: nothing is against it; 0: *r says what. */
extern int judge_passes(session *s, result *r);

#endif
