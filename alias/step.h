/* step - what one address means, one step far: the order in which the rules are asked is here and nowhere
   else.

   1. a virtual address   user+ext@domain, user@domain, (domain in locals, or none: user+ext, user), @domain
   2. domain in locals, or none     the local name: the longest that exists, user+ext, then user with the
   extension ext; for each an alias, then a user as written, then in lower case
   3. virtualdomains                user@domain, domain, .parent: the local name TARGET with the extension
   local part
   4. a domain that `virtual` declares   unknown, but postmaster
   5. any other domain              elsewhere

   postmaster without an alias is root; root without an alias is the user root (in an instance that is not
   root's: its owner is the postmaster). Users with uid 0 or gid 0 and the suite's own do not exist. */
#ifndef TERN_ALIAS_STEP_H
#define TERN_ALIAS_STEP_H

#include <skalibs/stralloc.h>
#include "lib/control.h"
#include "lib/identity.h"
#include "lib/result.h"
#include "alias/database.h"

#define STEP_SPLITS_MAX 16u /* delimiters in a local part at which a name may end: the first ones */

typedef struct knowledge_s knowledge;
struct knowledge_s { /* what answers rest on */
  control const *settings;
  identities const *ids;
  database const *db;
  stralloc *trace; /* 0, or where each rule that matched adds a line of words with its NUL */
  int secrets;     /* true: with paths, uids and targets */
};

enum step_mode {
  STEP_ANY,
  STEP_NO_VIRTUAL, /* a virtual address that names itself */
  STEP_USER_ONLY,  /* FINAL_USER: whatever the domain */
  STEP_ALIAS_ONLY  /* FINAL_ALIAS: whatever the domain */
};
enum step_kind {
  STEP_USER,
  STEP_ALIAS,
  STEP_VIRTUAL,
  STEP_REDIRECT,
  STEP_ELSEWHERE,
  STEP_UNKNOWN,
  STEP_LATER
};

typedef struct step_s step;
struct step_s {
  enum step_kind kind;
  stralloc name;    /* the user, the alias, the key of the virtual address; not NUL-terminated */
  stralloc ext;     /* the extension, without delimiter; for the key "@domain" the local part */
  database_entry e; /* STEP_ALIAS, STEP_VIRTUAL */
  char const *to;   /* STEP_REDIRECT: the address that virtualdomains names */
  result why;       /* STEP_UNKNOWN, STEP_LATER */
};
#define STEP_ZERO                                                                                            \
  {                                                                                                          \
    .kind = STEP_LATER                                                                                       \
  }

/* s is replaced, its memory is used again. */
extern void step_take(knowledge const *k, char const *address, size_t len, enum step_mode mode, step *s);
extern void step_free(step *s);
/* The delimiter of extensions, 0 if there is none. */
extern char step_delimiter(knowledge const *k);
/* A line of the trace: words up to a null pointer. */
extern void step_note(knowledge const *k, ...);
/* The line for the alias or virtual address that s has found. */
extern void step_note_entry(knowledge const *k, step const *s, enum database_map map);

#endif
