/* compile - the aliases file and the file of `virtual` become aliases.cdb. What newaliases and tern-setup do.
 */
#ifndef TERN_ALIAS_COMPILE_H
#define TERN_ALIAS_COMPILE_H

#include <skalibs/stralloc.h>
#include "lib/identity.h"

#define COMPILE_WAIT 30 /* seconds for another compilation to end */

typedef struct compile_report_s compile_report;
struct compile_report_s {
  stralloc done;     /* lines for standard output */
  stralloc problems; /* lines for standard error */
};
#define COMPILE_REPORT_ZERO                                                                                  \
  {                                                                                                          \
    .done = STRALLOC_ZERO                                                                                    \
  }

/* In the folder HOME, as who may write there. Gives a code of sysexits(3): EX_OK; EX_CONFIG: a setting or a
   file that can't be used; EX_DATAERR: a line that can't be understood; EX_NOPERM; EX_TEMPFAIL. Nothing is
   replaced but by EX_OK. A file that is missing counts as empty, with a warning, unless aliases of it are
   compiled already: then it is an error, so that they are not lost. */
extern int compile(identities const *ids, compile_report *report);

#endif
