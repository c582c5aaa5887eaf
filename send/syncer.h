/* syncer - makes durable what was written to the queue, without letting the runner wait for the disk: a process beside it
   does nothing but flush the queue's file system when it is told to. One flush serves all who asked before it began. It is
   forked when it is first needed and ends when nobody needs it. */
#ifndef TERN_SEND_SYNCER_H
#define TERN_SEND_SYNCER_H

#include <stdint.h>
#include "send/watch.h"

typedef struct syncer_s syncer;
struct syncer_s {
  int fd; /* to the process; -1: there is none */
  watched w;
  watch *watch;
  uint64_t asked, begun, done;   /* tickets, from 1 */
  uint64_t failed_after, failed; /* those in between, the latter included, failed */
  int error;                     /* with this errno */
};

enum syncer_state { SYNCER_WAITS, SYNCER_DONE, SYNCER_FAILED };

extern void syncer_init(syncer *s, watch *w);
extern void syncer_stop(syncer *s); /* nobody waits for a ticket */
/* A ticket for what has been written so far. */
extern uint64_t syncer_ask(syncer *s);
/* SYNCER_FAILED: s->error says why. To be asked in each turn of the loop: an old failure is forgotten over a new one. */
extern enum syncer_state syncer_is(syncer const *s, uint64_t ticket);

#endif
