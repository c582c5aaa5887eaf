/* lines - reads a descriptor line by line, with a bound and a deadline for each wait. */
#ifndef TERN_LINES_H
#define TERN_LINES_H

#include <stddef.h>

#define LINES_SIZE 65536u /* octets of a line, or of a part of one */

typedef struct lines_s lines;
struct lines_s {
  int fd;
  int timeout; /* seconds that a read may take */
  size_t start, end;
  int inside; /* what comes next continues a line */
  char s[LINES_SIZE];
};

typedef struct line_s line;
struct line_s {
  char *s; /* until the next call; no line end */
  size_t len;
  int begins; /* it is the first part of a line */
  int ends;   /* it is the last */
};

/* 1: a line, or as much of one as fits; 0: the end; -1: errno, ETIMEDOUT for a wait that was too long. */
extern int lines_next(lines *l, line *one);
/* True if a whole line is there already. */
extern int lines_ready(lines const *l);

#endif
