/* addresses - lists of addresses as RFC 5322 section 3.4 writes them, in header fields and arguments:
   comments, groups, quoted strings, folded lines, names in front of <>; also what the world writes beside it:
   dots in names, ";" between addresses, empty members. */
#ifndef TERN_ADDRESSES_H
#define TERN_ADDRESSES_H

#include <stddef.h>

enum addresses_parsed {
  ADDRESSES_OK,
  ADDRESSES_SYNTAX, /* not a list of addresses */
  ADDRESSES_STOPPED /* a call gave 0 (errno) */
};

typedef struct addresses_found_s addresses_found;
struct addresses_found_s {
  char const *s; /* "local@domain" or "local", without comments; not judged yet, not NUL-terminated */
  size_t len;
  int complete;  /* it has a domain */
  size_t insert; /* if it has none: where "@domain" goes in the text that was parsed; 0: nowhere sensible */
};

/* Calls f for each address in order; <> is none. */
extern enum addresses_parsed addresses_parse(char const *s, size_t len,
                                             int (*f)(void *data, addresses_found const *a), void *data);

#endif
