/* json - what mailq -j prints (RFC 8259). */
#ifndef TERN_JSON_H
#define TERN_JSON_H

#include <stddef.h>
#include <skalibs/stralloc.h>

/* Appends a JSON string with its quotes. Octets that are not UTF-8 become U+FFFD. 0: no memory. */
extern int json_string(stralloc *out, char const *s, size_t len);

#endif
