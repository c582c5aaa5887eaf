/* trace - what became of a message: the lines of all logs that are about it, about the messages that it was
   made from and about those that were made of it, in the order of time. */
#ifndef TERN_TRACE_H
#define TERN_TRACE_H

#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include "lib/id.h"

#define TRACE_LINES 100000u  /* that are kept */
#define TRACE_IDS 10000u     /* messages of one family */
#define TRACE_LINKS 4000000u /* pairs of parent and child in all logs */

typedef struct trace_s trace;
struct trace_s {
  genalloc ids;   /* id: the message first, then its family; sorted by trace_run */
  genalloc links; /* pairs of id: parent, child */
  genalloc lines; /* of trace.c */
  stralloc text;
  size_t forgotten; /* lines that were too many */
};
#define TRACE_ZERO                                                                                           \
  {                                                                                                          \
    .forgotten = 0                                                                                           \
  }

/* Reads HOME's logs (the current folder). 0: errno, EACCES: the caller may not read them. */
extern int trace_run(trace *t, id const *i);
/* Appends the time line in words. The number of lines; 0 also for no memory (errno). */
extern size_t trace_text(trace *t, stralloc *out);
extern void trace_free(trace *t);

#endif
