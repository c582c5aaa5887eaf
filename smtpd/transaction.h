/* transaction - MAIL and RCPT: from whom, to whom, with which wishes; what is accepted stands in the
 * session's envelope. */
#ifndef TERN_SMTPD_TRANSACTION_H
#define TERN_SMTPD_TRANSACTION_H

#include "smtpd/session.h"

#define TRANSACTION_ASK 30u /* seconds that tern-alias may take to answer for one recipient */

extern void transaction_mail(session *s, char *arg, size_t len);
extern void transaction_rcpt(session *s, char *arg, size_t len);
/* Forgets it. */
extern void transaction_reset(session *s);

#endif
