/* include - reading the files that say where mail goes: a .forward, and what :include: names. Opened as the
   recipient, with limits; a FIFO, a device or a folder in its place holds nobody up. */
#ifndef TERN_LOCAL_INCLUDE_H
#define TERN_LOCAL_INCLUDE_H

#include <skalibs/stralloc.h>
#include "lib/result.h"
#include "local/forward.h"

enum include_read { INCLUDE_READ, INCLUDE_ABSENT, INCLUDE_UNSAFE, INCLUDE_ERROR };

/* Reads path (relative to the folder `at`) of at most max octets. `owner` or root must own it and nobody else
   may write it, else INCLUDE_UNSAFE and *why (it is read all the same if it can be). INCLUDE_ERROR: *r. */
extern enum include_read include_read(int at, char const *path, size_t max, uid_t owner, stralloc *text,
                                      char const **why, result *r);

/* What ":include:PATH" means. 0: *r. */
extern int include_file(forward_reader *f, char const *path, result *r);

#endif
