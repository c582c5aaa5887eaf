/* trace_line - a line of a log that is about one of the family, and how it is told. */
#ifndef TERN_TRACE_LINE_H
#define TERN_TRACE_LINE_H

#include <stddef.h>
#include <skalibs/stralloc.h>
#include <skalibs/tai.h>

typedef struct trace_line_s trace_line;
struct trace_line_s {
  tain stamp;
  size_t order;      /* of lines with the same stamp */
  size_t start, len; /* in the trace's text */
  char service[16];
};

/* Appends it: "Tue Nov 24 04:21:57.500  ID  queue   sentence". s: the line. 0: no memory. */
extern int trace_line_text(stralloc *out, trace_line const *line, char const *s);
/* Appends an object and a LF: time (seconds since 1970, with microseconds), id, service, event, text (the sentence), and
   values, an object with each key of the line. 0: no memory. */
extern int trace_line_json(stralloc *out, trace_line const *line, char const *s);

#endif
