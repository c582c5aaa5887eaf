/* deliver - what is done with a batch of jobs: the order of things, and what becomes of a failure.

   kind mailbox   every message is appended to the one mailbox, under one lock and with one sync
   kind plain     .forward if there is one to obey, else the Maildir, one sync for all; or "ask a process of
   kind mailbox" kind alias     what the aliases file names Programs and files come first, in order, then all
   addresses as one message. The first temporary failure stops, and all is tried again; a permanent one is
   told when all the rest is done. */
#ifndef TERN_LOCAL_DELIVER_H
#define TERN_LOCAL_DELIVER_H

#include "lib/job.h"
#include "lib/result.h"
#include "local/copy.h"
#include "local/self.h"

typedef struct delivery_s delivery;
struct delivery_s { /* one recipient of one job */
  job const *j;
  copy m;
  result r;
  int done;       /* r is final */
  int to_mailbox; /* once all else is done; r is what failed for good of that, if anything did */
  int only;       /* with to_mailbox: all else went well, and is not to be done again */
  int passed_on; /* to one address and nowhere else, with NOTIFY: success is reported there (RFC 3461 section 5.2.7.3) */
};

#define DELIVER_MAX JOB_BATCH
/* n is at most DELIVER_MAX. tell(d, more) is called for each as soon as its outcome is known: one slow
   program does not keep the answers of the others; more: the next is known too. */
extern void deliver(self *me, delivery *d, size_t n, void (*tell)(delivery const *d, int more));

#endif
