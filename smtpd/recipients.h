/* recipients - who exists in relay domains, as the files of the setting `recipientsfile` say: a name or an address a
   line, # begins a comment, case does not count. So a secondary or a front host refuses unknown users too. A
   domain without a file takes everybody. Files are read with the settings, and at s6-svc -h. */
#ifndef TERN_SMTPD_RECIPIENTS_H
#define TERN_SMTPD_RECIPIENTS_H

#include <stddef.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include "lib/control.h"

#define RECIPIENTS_FILE_MAX (64u << 20) /* octets of one file */

typedef struct recipients_s recipients;
struct recipients_s {
  genalloc files; /* recipients_file */
  char delimiter; /* recipientdelimiter; 0: none */
};

/* 0: `problem`; r holds what recipients_free gives back. */
extern int recipients_read(recipients *r, control const *c, stralloc *problem);
extern void recipients_free(recipients *r);
/* The memory that they take. */
extern size_t recipients_octets(recipients const *r);
/* at: where the domain of the address begins. 1 also where no file speaks for the domain. */
extern int recipients_has(recipients const *r, char const *address, size_t len, size_t at);

#endif
