/* summary - who waits for where, and for how long: a line for each destination, the domain of a recipient. Counted entry by
   entry; takes memory for each destination, not for each message. */
#ifndef TERN_SUMMARY_H
#define TERN_SUMMARY_H

#include <stddef.h>
#include <stdint.h>
#include <skalibs/avltree.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include "lib/selection.h"
#include "tools/queue_entry.h"

#define SUMMARY_MAX 100000u /* destinations; what is beyond them is one more, "(others)" */
#define SUMMARY_AGES 7u     /* 5 min, 20 min, 1 h, 4 h, 1 d, 5 d, more */

typedef struct summary_line_s summary_line;
struct summary_line_s {
  size_t name;              /* offset in names */
  uint64_t rcpts, messages; /* that wait */
  uint64_t held, active,
      deferred;                /* of the recipients: of messages on hold, being delivered; tried in vain */
  uint64_t ages[SUMMARY_AGES]; /* recipients by the age of their message */
  uint64_t oldest;             /* arrival of the oldest; times are seconds since 1970 */
  uint64_t failing;            /* arrival of the oldest that was tried in vain; 0: none */
  uint64_t tried;              /* the last try in vain; 0: none */
  uint64_t next;               /* the next try; 0: now. UINT64_MAX: all are on hold */
  uint64_t last_entry;         /* the number of the last message that was counted */
  stralloc reason;             /* of the last try in vain */
};

typedef struct summary_s summary;
struct summary_s {
  selection const *asked;
  uint64_t now;
  uint64_t entries;
  stralloc names;
  genalloc lines; /* summary_line */
  avltree by_name;
  int has_tree;
};
#define SUMMARY_ZERO                                                                                         \
  {                                                                                                          \
    .has_tree = 0                                                                                            \
  }

/* asked: only recipients that its words name are counted; it stays the caller's, and must stay. */
extern void summary_begin(summary *s, uint64_t now, selection const *asked);
extern int summary_add(summary *s, queue_entry const *e); /* 0: no memory */
/* Appends a table, or a JSON object a line; who has most waiting first. To be called once, at the end. 0: no memory. */
extern int summary_text(summary *s, stralloc *out);
extern int summary_json(summary *s, stralloc *out);
extern void summary_free(summary *s);

#endif
