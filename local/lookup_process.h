/* lookup_process - a process that finds out who somebody is, and answers; see lookups. */
#ifndef TERN_LOCAL_LOOKUP_PROCESS_H
#define TERN_LOCAL_LOOKUP_PROCESS_H

#include "local/lookups.h"

typedef struct lookup_answer_s lookup_answer;
struct lookup_answer_s {
  uint64_t number; /* the question's */
  who w;           /* WHO_SIZE of it travel */
};

/* In the forked child: leaves everything that is the root door's but the log, gives away what is left of root's power, and
   answers questions on fd until its end. */
extern void lookup_process(int fd, control const *c, identities const *ids) __attribute__((noreturn));

#endif
