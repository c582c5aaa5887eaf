/* sibling - where the suite's other programs lie: beside this one, else in ../bin and ../sbin of it. */
#ifndef TERN_SIBLING_H
#define TERN_SIBLING_H

#include <skalibs/stralloc.h>

/* The path of a program. 0: errno, ENOENT if it is in none of these. */
extern int sibling_find(stralloc *path, char const *name);

#endif
