/* caller - who runs sendmail: for the sender and the From field where nobody names one. */
#ifndef TERN_CALLER_H
#define TERN_CALLER_H

#include <skalibs/stralloc.h>
#include <skalibs/tai.h>

/* The caller's name as a local part: MAILUSER, USER, LOGNAME as qmail-inject reads them; then /etc/passwd (no
   NSS: this is a static program); then door `alias`, which answers for the uid that knocks; at last "uid" and
   its number. 0: no memory. */
extern int caller_user(stralloc *out, tain const *deadline);
/* His domain: MAILHOST if it is one, else me. */
extern char const *caller_host(char const *me);
/* His full name: MAILNAME, or 0. */
extern char const *caller_name(void);

#endif
