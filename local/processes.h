/* processes - the root door's table: who was forked, under which number, and how each ends. */
#ifndef TERN_LOCAL_PROCESSES_H
#define TERN_LOCAL_PROCESSES_H

#include <stdint.h>
#include <sys/types.h>
#include "local/agent.h"

typedef struct process_s process;
struct process_s {
  uint64_t number; /* ours, never used again: a pid may be */
  pid_t pid;
};

typedef struct processes_s processes;
struct processes_s {
  process *s;
  unsigned int n;
  unsigned int max; /* more are refused: the runner keeps concurrencylocal, this is the end of trust in it */
  uint64_t last;
};
#define PROCESSES_ZERO                                                                                       \
  {                                                                                                          \
    .s = 0, .n = 0                                                                                           \
  }

extern int processes_resize(processes *p, unsigned int max); /* 0: no memory, and all is as before */

/* Forks one. >= 0: the channel to it, and *number; -1: errno (EAGAIN: there are too many). */
extern int processes_fork(processes *p, agent_start const *s, int gone, uint64_t *number);
/* Ends a process and what it runs, with SIGKILL. An unknown number is one that has ended. */
extern void processes_kill(processes const *p, uint64_t number);
/* Forgets those that have ended; what one that did not end by itself left running is ended. */
extern void processes_reap(processes *p);

#endif
