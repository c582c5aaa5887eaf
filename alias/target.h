/* target - what stands to the right of a name: addresses, users, programs, files, includes; cut from the text
   of an aliases file, and kept as records in the compiled one. */
#ifndef TERN_ALIAS_TARGET_H
#define TERN_ALIAS_TARGET_H

#include <stddef.h>
#include <skalibs/stralloc.h>
#include "lib/record.h"

#define TARGET_ADDRESS_MAX                                                                                   \
  900u /* octets; room is left for an extension and a domain (ENVELOPE_ADDRESS_MAX) */
#define TARGET_COMMAND_MAX 8192u /* octets of a program, a file, an include */

enum target_kind {
  TARGET_ADDRESS = 2 | RECORD_MUST, /* "name", "local@domain"; in a virtual file "@domain" too */
  TARGET_USER = 3 | RECORD_MUST,    /* \name: the user, not the alias; without the backslash */
  TARGET_COMMAND =
      4 | RECORD_MUST /* "|program", "/file", ":include:/path" without quotes: for a process of ternx */
};

typedef struct target_s target;
struct target_s {
  enum target_kind kind;
  char const *s; /* not NUL-terminated */
  size_t len;
};

enum target_got { TARGET_ONE, TARGET_END, TARGET_BAD, TARGET_NOMEM };

typedef struct target_list_s target_list;
struct target_list_s {
  char const *s; /* what is left */
  size_t len;
  stralloc text; /* of the target that was given last */
};

/* Takes the next target of a list that commas separate. TARGET_BAD: *why says what is wrong and what would be
 * right. */
extern enum target_got target_next(target_list *l, target *t, char const **why);

/* Reads a quoted string that fills s: appends it to out without its quotes. 1 done, 0 it is not one (out
   unchanged), -1 no memory. */
extern int target_unquote(stralloc *out, char const *s, size_t len);
/* Octets of s up to the first `end` that is not in quotes; len if there is none. Ends, too, at the end of s
   in a quote that is not closed: *open then is true. */
extern size_t target_span(char const *s, size_t len, char end, int *open);

#endif
