/* queue_ask - asks door `showq` what waits, for whoever wants to print or count it. An entry is forgotten when the next one
   comes: a long queue takes no memory. */
#ifndef TERN_QUEUE_ASK_H
#define TERN_QUEUE_ASK_H

#include "lib/selection.h"
#include "tools/queue_entry.h"

#define QUEUE_ASK_WAIT 60u /* seconds without an answer until the list is given up */

/* HOME is the current folder. Calls f for each message that is selected, the oldest first; f gives 0 for no memory or a
   failure of standard output. Gives an exit code; what is not 0 was said on standard error, after PROG. A list that breaks
   off is 69, after its beginning was given. */
extern int queue_ask(selection const *s, int (*f)(void *data, queue_entry const *e), void *data);

#endif
