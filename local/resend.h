/* resend - a forward: the addresses become the recipients of one new message, which goes in through door
   `queue` like any other. It has Delivered-To on top, by which a loop is found; its sender is the one that
   came, or the alias's owner. More addresses than one message may have become several messages. */
#ifndef TERN_LOCAL_RESEND_H
#define TERN_LOCAL_RESEND_H

#include "lib/result.h"
#include "local/copy.h"
#include "local/target.h"

#define RESEND_SECONDS 120u /* for the whole of it; a door that needs longer is "later" */
#define RESEND_MESSAGES 16u /* of one list: each has a place at door `queue` */
#define RESEND_ENVELOPE_MAX                                                                                  \
  3145728u /* octets of one envelope, counted as address, original and RESEND_RCPT */
#define RESEND_RCPT 32u

/* m is loaded. owner: the new sender, or 0. Always fills in *r. */
extern void resend(copy *m, targets const *t, char const *owner, result *r);

#endif
