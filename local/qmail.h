/* qmail - ~/.qmail, ~/.qmail-EXTENSION, ~/.qmail-default: what a user who comes from qmail has in place of a .forward
   (man/forward.5 says it in whole). A file is chosen, judged as a .forward is, and read line by line; what comes of it
   are targets as those of a .forward, in the order of the lines. */
#ifndef TERN_LOCAL_QMAIL_H
#define TERN_LOCAL_QMAIL_H

#include "lib/envelope.h"
#include "local/copy.h"
#include "local/forward.h"

typedef struct qmail_s qmail;
struct qmail_s {
  char const *rest; /* the part of the extension that "default" stands for; 0: it stands for none */
  char owner[ENVELOPE_ADDRESS_MAX]; /* who gets the bounces of what is forwarded: "" the sender does */
};
#define QMAIL_FILES 16u /* names of files that are tried for one recipient */

/* Looks in me->home, for which there is no .forward. FORWARD_ABSENT: there is no file; FORWARD_NONE: an empty one. q, t and path are
   filled in for FORWARD_OBEY; q->rest points into ext. */
extern enum forward_found qmail_find(self *me, char const *ext, copy const *m, targets *t, qmail *q,
                                     char path[SELF_PATH_MAX], char const **why, result *r);
/* The lines of one file. is_main: it is .qmail itself, in which the user's own name means his mailbox. forward_only:
   programs and files are not to be obeyed (the file is executable). 0: *r, temporary, with file and line. */
extern int qmail_parse(self const *me, targets *t, char const *file, char const *s, size_t len, int is_main,
                       int forward_only, result *r);
/* The variables of qmail-command(8) that a .forward's programs do not get. 0: no memory. */
extern int qmail_environment(qmail const *q, copy const *m, stralloc *sa, unsigned int *n);

#endif
