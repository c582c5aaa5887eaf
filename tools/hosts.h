/* hosts - what the runner remembers of hosts that do not answer: asked at door `send`, for the summary. It tells that to root,
   the instance's owner and the names in `queueadmins`. */
#ifndef TERN_TOOLS_HOSTS_H
#define TERN_TOOLS_HOSTS_H

#include <stddef.h>
#include <stdint.h>
#include <skalibs/stralloc.h>

/* Appends a line for each host, with a heading, or a JSON object each. HOME is the current folder. Nothing is appended for who
   may not know. 0: errno: the runner does not answer, or no memory. */
extern int hosts_append(stralloc *out, int json, uint64_t now);
/* Appends one of them, from its records. 0: they make no sense (EPROTO), or no memory. */
extern int hosts_append_one(stralloc *out, char const *records, size_t len, int json, uint64_t now);

#endif
