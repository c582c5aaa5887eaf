/* fields - the header of a message that is handed in: names without a domain are completed, recipients are
   collected, fields that must not go out (Bcc) are left away, and those that are missing are added (RFC 5322
   section 3.6, RFC 6409 section 8). All else is copied octet by octet. */
#ifndef TERN_FIELDS_H
#define TERN_FIELDS_H

#include <stddef.h>
#include <time.h>
#include <skalibs/stralloc.h>

enum fields_seen {
  FIELDS_DATE = 1,
  FIELDS_FROM = 2,
  FIELDS_MESSAGE_ID = 4,
  FIELDS_RESENT_DATE = 8,
  FIELDS_RESENT_FROM = 16,
  FIELDS_RESENT_MESSAGE_ID = 32,
  FIELDS_RESENT = 64 /* any of a resent block (section 3.6.6) */
};

typedef struct fields_s fields;
struct fields_s {
  stralloc out;
  stralloc to;       /* recipients in To, Cc, Bcc: complete addresses, each with a NUL */
  stralloc resent;   /* in the first resent block */
  unsigned int seen; /* bits of enum fields_seen */
  int resent_over;   /* fields of a transport came after a resent block: what follows is an older one */
  char broken[32];   /* a field whose recipients can't be read, or "" */
  char const *me;
};
#define FIELDS_ZERO                                                                                          \
  {                                                                                                          \
    .seen = 0, .broken = ""                                                                                  \
  }

/* Reads a header (whole fields, each line with its LF). 0: no memory. */
extern int fields_read(fields *f, char const *s, size_t len);
/* Adds what is missing. from: the address; name: the full name, may be 0. 0: no memory. */
extern int fields_complete(fields *f, char const *from, char const *name, time_t now);
extern void fields_clear(fields *f);

/* Appends an address, with @domain if it has none of its own. 0: no memory. */
extern int fields_put_address(stralloc *out, char const *s, size_t len, int complete, char const *domain);

#endif
