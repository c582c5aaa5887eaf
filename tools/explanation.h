/* explanation - what tern-explain says, gathered as text and as JSON at once: for an address its steps, then each copy that
   there will be, with lines about it. */
#ifndef TERN_EXPLANATION_H
#define TERN_EXPLANATION_H

#include <stddef.h>
#include <skalibs/stralloc.h>

typedef struct explanation_s explanation;
struct explanation_s {
  stralloc text;
  stralloc json; /* an object, without its last brace until explanation_end */
  int copies;    /* those begun */
  int lines;     /* of the last one */
  int failed;    /* no memory */
};
#define EXPLANATION_ZERO                                                                                     \
  {                                                                                                          \
    .text = STRALLOC_ZERO, .json = STRALLOC_ZERO                                                             \
  }

/* steps: lines, each with its NUL. */
extern void explanation_begin(explanation *x, char const *address, char const *sender, stralloc const *steps);
/* One copy: `how` is "user", "alias", "remote", "unknown", "later", "unseen"; sender: of this copy. */
extern void explanation_copy(explanation *x, char const *address, char const *how, char const *words,
                             char const *sender);
extern void explanation_line(explanation *x, char const *fmt, ...) __attribute__((format(printf, 2, 3)));
extern void explanation_end(explanation *x, int code);
extern void explanation_free(explanation *x);

#endif
