/* queue_control - what a person tells door `send` to do with messages: hold, release, retry, delete, bounce.
 */
#ifndef TERN_QUEUE_CONTROL_H
#define TERN_QUEUE_CONTROL_H

#define QUEUE_CONTROL_WAIT 60u /* seconds without an answer until it is given up */

/* VERB ID... or VERB all, with a line on standard output for each message. Gives the exit code: 0, 64 (wrong
   use), 66 (no such message), 69 (the service does not run), 75 (not now), 77 (not yours to do). */
extern int queue_control_run(char const *const *args);
/* The verb for every message, silently. The same codes. */
extern int queue_control_all(char const *verb);

#endif
