/* log_line - reads back what lib/log wrote and s6-log stamped: "@TAI64N ID event key=value key=\"a value\"".
 */
#ifndef TERN_LOG_LINE_H
#define TERN_LOG_LINE_H

#include <stddef.h>
#include <skalibs/stralloc.h>
#include <skalibs/tai.h>

typedef struct log_line_s log_line;
struct log_line_s {
  tain stamp;
  char const *id; /* ID_LEN characters; 0: this line is about no message */
  char const *event;
  size_t event_len;
  char const *rest; /* the keys and values */
  size_t rest_len;
};

/* 0: not such a line. It points into s. */
extern int log_line_read(log_line *l, char const *s, size_t len);
/* Is it this event? */
extern int log_line_is(log_line const *l, char const *event);
/* Appends the value of a key, without quotes and escapes: any octets. 1: there is one; 0: there is none, or no memory. */
extern int log_line_value(log_line const *l, char const *key, stralloc *out);
/* The next key and value, from *at (0 at first). value is replaced. 1: one; 0: the end, or no memory. */
extern int log_line_next(log_line const *l, size_t *at, char const **key, size_t *klen, stralloc *value);

#endif
