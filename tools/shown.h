/* shown - text from outside for a terminal: it can say nothing but itself. */
#ifndef TERN_SHOWN_H
#define TERN_SHOWN_H

#include <stddef.h>
#include <skalibs/stralloc.h>

/* Appends s: valid UTF-8 as it is, but a "?" for each control character (C0, DEL, C1), for each octet that is no UTF-8, and
   for characters that turn the direction of writing or break lines. 0: no memory. */
extern int shown_put(stralloc *out, char const *s, size_t len);

#endif
