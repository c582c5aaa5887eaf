/* queue_control - the command line of tern-queuectl: which messages, what is to be done with them, and how many it was. */
#ifndef TERN_QUEUE_CONTROL_H
#define TERN_QUEUE_CONTROL_H

/* [-n] VERB ID... | all | words of choice.h, with a line on standard output for each message, and their number. Gives the
   exit code: 0, 64 (wrong use), 66 (no such message), 69 (a service does not run), 75 (not now), 77 (not yours to do).
   Words that match nothing are 0: it is done, to no message. */
extern int queue_control_run(char const *const *args);
/* The verb for every message, silently. The same codes. */
extern int queue_control_all(char const *verb);

#endif
