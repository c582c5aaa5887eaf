/* source - a text file of names and targets, read as logical lines with their numbers.

   A line that begins with white space continues the one before it; lines whose first character is # (after
   white space) and blank lines do not count, not even between a line and its continuation. */
#ifndef TERN_ALIAS_SOURCE_H
#define TERN_ALIAS_SOURCE_H

#include <stddef.h>
#include <skalibs/stralloc.h>

#define SOURCE_FILE_MAX (64u << 20) /* octets */
#define SOURCE_LINE_MAX (1u << 20)  /* octets of a logical line */

enum source_opened {
  SOURCE_OPEN,
  SOURCE_MISSING,
  SOURCE_UNREADABLE, /* errno */
  SOURCE_UNSAFE /* not a plain file, or others may write it or its folder, or too long: *why says what to do
                 */
};
enum source_got { SOURCE_LINE, SOURCE_END, SOURCE_BAD, SOURCE_NOMEM };

typedef struct source_s source;
struct source_s {
  stralloc text;
  size_t at;
  unsigned int next;  /* number of the line at `at` */
  unsigned int first; /* of the logical line that was given last */
  stralloc line;      /* that line, with a NUL at its end that its length does not count */
};
#define SOURCE_ZERO                                                                                          \
  {                                                                                                          \
    .text = STRALLOC_ZERO, .next = 1, .line = STRALLOC_ZERO                                                  \
  }

extern enum source_opened source_open(source *s, char const *path, char const **why);
/* SOURCE_BAD: *why says what is wrong and what would be right; the next call goes on after it. */
extern enum source_got source_next(source *s, char const **why);
extern void source_free(source *s);

#endif
