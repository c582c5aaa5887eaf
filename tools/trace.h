/* trace - what became of a message: the lines of all logs that are about it and about its family, all that came of the same
   message as it: those that it was made from, and those that were made of them; in the order of time. */
#ifndef TERN_TRACE_H
#define TERN_TRACE_H

#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include "lib/id.h"

#define TRACE_LINES 100000u       /* that are kept */
#define TRACE_TEXT (64u << 20)    /* their octets */
#define TRACE_IDS 10000u          /* messages of one family */
#define TRACE_LINKS 1000000u      /* pairs of parent and child in all logs: 32 MiB */
#define TRACE_MESSAGE_ID_MAX 250u /* octets that the log keeps of a Message-ID */

typedef struct trace_s trace;
struct trace_s {
  char const *message_id; /* what is looked for, without its brackets; 0: by id */
  genalloc ids;           /* id: those that were looked for first, then their family; sorted by trace_run */
  genalloc links;         /* of trace.c */
  genalloc lines;         /* of trace.c */
  stralloc text;
  size_t forgotten; /* lines, links and messages that were too many */
};
#define TRACE_ZERO                                                                                           \
  {                                                                                                          \
    .forgotten = 0                                                                                           \
  }

/* What is to be looked for: a queue id, or a Message-ID with or without its brackets. 0: it is neither. word must stay. */
extern int trace_seek(trace *t, char const *word);
/* Reads HOME's logs (the current folder). 0: errno, EACCES: the caller may not read them. */
extern int trace_run(trace *t);
/* Appends the time line in words, or a JSON object a line. The number of lines; 0 also for no memory (errno). */
extern size_t trace_text(trace *t, stralloc *out);
extern size_t trace_json(trace *t, stralloc *out);
extern void trace_free(trace *t);

#endif
