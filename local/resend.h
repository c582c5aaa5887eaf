/* resend - a forward: the addresses become the recipients of one new message, which goes in through door
   `queue` like any other. It has Delivered-To on top, by which a loop is found; its sender is the one that
   came, or the alias's owner. */
#ifndef TERN_LOCAL_RESEND_H
#define TERN_LOCAL_RESEND_H

#include "lib/result.h"
#include "local/copy.h"
#include "local/target.h"

#define RESEND_SECONDS 120u /* for the whole of it; a door that needs longer is "later" */

/* m is loaded. owner: the new sender, or 0. Always fills in *r. */
extern void resend(copy *m, targets const *t, char const *owner, result *r);

#endif
