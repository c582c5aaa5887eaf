/* expansion - an alias becomes new messages, one for each envelope sender, that name their parent and carry
   the original recipient. They go in one after the other, and the parents are marked when all of them are committed. If
   one is not taken for now, what was committed before it is remembered in the parent's file and not sent again. */
#ifndef TERN_SEND_EXPANSION_H
#define TERN_SEND_EXPANSION_H

#include "send/injection.h"
#include "send/runner.h"

/* ---- being built, while an answer is read. 0: it makes no sense, or no memory. */
typedef struct expansion_s expansion;
struct expansion_s {
  ring groups;      /* injections; the last one takes the members */
  int keeps_sender; /* of the group that is being read */
};
extern void expansion_init(expansion *x);
extern void expansion_free(expansion *x);
extern int expansion_group(expansion *x, message const *m, char const *sender,
                           size_t len); /* len 0: the message's own */
extern int expansion_member(expansion *x, message const *m, char const *address, size_t len);
/* About the last member: */
extern int expansion_final(expansion *x, unsigned char final);
extern int expansion_parent(expansion *x, message const *m, uint32_t k);

/* ---- on its way */
extern void expansion_go(expansion *x, runner *r, message *m);
extern void expansion_ended(runner *r, injection *x, enum result_class class, result const *why,
                            char const *id_text);

#endif
