/* claims - what a client of door `queue` says of its message, and how much of it is believed. Changes the
 * envelope only. */
#ifndef TERN_CLAIMS_H
#define TERN_CLAIMS_H

#include <sys/types.h>
#include "lib/envelope.h"
#include "lib/identity.h"
#include "lib/result.h"

/* Drops what this uid may not say: facts about an SMTP client are ternd's alone; the original recipient, how
   far an address was resolved and what is a bounce are terns'; a parent that anybody else names is marked as
   claimed. Sets the uid. */
extern void claims_sift(envelope *e, identities const *ids, uid_t uid);

/* Judges sender and recipients: completes those that have no domain with `me`, refuses what is no address and
   whatever could be taken for a program, a file or an include; keeps one of each recipient. 0: *r says why
   not. */
extern int claims_judge(envelope *e, char const *me, result *r);

#endif
