/* processes - the root door's table: who was asked for and is looked up, who was forked, under which number, and how each
   ends. */
#ifndef TERN_LOCAL_PROCESSES_H
#define TERN_LOCAL_PROCESSES_H

#include <stdint.h>
#include <sys/types.h>
#include "local/agent.h"
#include "local/lookups.h"

typedef struct process_s process;
struct process_s {
  uint64_t number; /* ours, never used again: a pid may be */
  pid_t pid;       /* 0: he is looked up */
  int channel;     /* then: its end of the channel */
};

typedef struct processes_s processes;
struct processes_s {
  process *s;
  unsigned int n;
  unsigned int max; /* more are refused: the runner keeps its bounds, this is the end of trust in it */
  unsigned int looked_up;
  uint64_t last;
};
#define PROCESSES_ZERO                                                                                       \
  {                                                                                                          \
    .s = 0, .n = 0                                                                                           \
  }

extern int processes_resize(processes *p, unsigned int max); /* 0: no memory, and all is as before */

/* Takes one into the table. >= 0: the runner's end of its channel, and *number; -1: errno (EAGAIN: there are too many).
   Until processes_fork or processes_refuse it is one that is looked up. */
extern int processes_begin(processes *p, uint64_t *number);
/* He is known: forks. An unknown number is one that was ended meanwhile. */
extern void processes_fork(processes *p, uint64_t number, agent_start const *s, int gone);
/* There is no process for him: the channel says so, as one would. */
extern void processes_refuse(processes *p, uint64_t number, result const *r);
/* Ends a process and what it runs, with SIGKILL. An unknown number is one that has ended. */
extern void processes_kill(processes *p, uint64_t number);
/* Forgets those that have ended; what one that did not end by itself left running is ended. */
extern void processes_reap(processes *p);

#endif
