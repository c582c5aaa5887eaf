/* pass - one attempt at a message: how it begins, and what each recipient's result means. When all have one, ending.h
   follows. */
#ifndef TERN_SEND_PASS_H
#define TERN_SEND_PASS_H

#include "send/runner.h"

/* What is known of the agent that had the recipient, for the log. */
typedef struct pass_by_s pass_by;
struct pass_by_s {
  int dsn;            /* that host reports success itself */
  int relays;         /* it hands on to another host */
  char const *remote; /* that host, "mx.example.org[192.0.2.1]:25"; 0: none was reached */
  char const *user;   /* whose process; 0: none */
};

extern void pass_begin(runner *r, message *m);
/* Recipient k, which was open, has its end in this pass. why: 0 for STAGE_DONE of an expansion; by may be 0.
 */
extern void pass_conclude(runner *r, message *m, uint32_t k, enum stage stage, result const *why,
                          pass_by const *by);
/* Draws the conclusions of this turn: marks are written, passes that are over end. */
extern void pass_act(runner *r);
/* Takes every recipient that waits for an agent off its queue (STAGE_UNTRIED, without a word). */
extern void pass_withdraw(runner *r, message *m);
/* The line of the log about recipient k. why and by may be 0. */
extern void pass_tell(message *m, uint32_t k, char const *what, result const *why, pass_by const *by);
extern void pass_changed(runner *r, message *m);
/* It is past its time: whoever of it is not delivered now has failed. */
extern int pass_is_past(runner const *r, message const *m);
/* It was tried, or a dead host of its was while it waited for that: it may be given up. */
extern int pass_was_tried(runner const *r, message const *m);

#endif
