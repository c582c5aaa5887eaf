/* environment - what a program is told. Addresses came from outside: octets that a shell could take for more than a letter
   become "_", so that not even a program that evaluates them is harmed. */
#ifndef TERN_LOCAL_ENVIRONMENT_H
#define TERN_LOCAL_ENVIRONMENT_H

#include <stddef.h>
#include <skalibs/stralloc.h>

#define ENVIRONMENT_MAX 40u /* variables */

/* Appends NAME=value with its NUL, and counts it. 0: no memory. */
extern int environment_add(stralloc *sa, unsigned int *n, char const *name, char const *value, size_t len);
/* The same for what a client sent. */
extern int environment_foreign(stralloc *sa, unsigned int *n, char const *name, char const *value,
                               size_t len);
/* A copy of what a client sent, fit for a program, cut at size - 1 octets. */
extern void environment_clean(char *out, size_t size, char const *value);

#endif
