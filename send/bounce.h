/* bounce - who is told that a message could not be delivered (or, where he asked, that it was), and how
   often: a bounce goes to the sender, a bounce of a bounce to `doublebounceto`, and what becomes of that one
   nobody is told but the log. */
#ifndef TERN_SEND_BOUNCE_H
#define TERN_SEND_BOUNCE_H

#include "send/injection.h"
#include "send/runner.h"

/* A pass is over. 1: a report is on its way, ending_reported follows; 0: there is nothing to report. */
extern int bounce_start(runner *r, message *m);
extern void bounce_ended(runner *r, injection *x, enum result_class class, result const *why,
                         char const *id_text);

#endif
