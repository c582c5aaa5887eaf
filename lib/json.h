/* json - what mailq -j and tern-trace -j print (RFC 8259). */
#ifndef TERN_JSON_H
#define TERN_JSON_H

#include <stddef.h>
#include <stdint.h>
#include <skalibs/stralloc.h>

/* Appends a JSON string with its quotes. Octets that are not UTF-8 become U+FFFD. 0: no memory. */
extern int json_string(stralloc *out, char const *s, size_t len);
/* Members of an object that begins with "{": a comma if it is not the first, the key and the value. Keys are plain words;
   s 0: null. 0: no memory. */
extern int json_key(stralloc *out, char const *key);
extern int json_member(stralloc *out, char const *key, char const *s);
extern int json_member_number(stralloc *out, char const *key, uint64_t n);

#endif
