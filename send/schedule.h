/* schedule - which message is opened next: a pure function of what waits, of the time (seconds of the
   runner's own clock) and of what happened. Files, doors and clocks are outside it, so that a year of a
   million messages runs in a test.

   Three kinds take turns: fresh ones (told by a notice, or waiting for nothing but room), those whose time
   has come, and those that a scan found. Old mail may fill half of the room for active messages and fresh
   mail three quarters, so neither can shut the other out; one message more than the recipients' bound is
   always let in. */
#ifndef TERN_SEND_SCHEDULE_H
#define TERN_SEND_SCHEDULE_H

#include <stdint.h>
#include "send/waiting.h"

#define SCHEDULE_ACTIVE 1000u /* messages open at once */
#define SCHEDULE_RCPTS 20000u /* their recipients; a single message may have more than is left */

typedef struct schedule_s schedule;
struct schedule_s {
  waiting w;
  uint32_t fresh, again; /* lists */
  uint32_t active_max;
  uint32_t active;     /* messages */
  uint32_t active_old; /* of them, WAITING_OLD */
  uint32_t rcpts;      /* of the active ones */
  unsigned int turn;
};

extern int schedule_init(schedule *s, uint32_t active_max); /* 0: no memory */
extern void schedule_free(schedule *s);

/* ---- what happened */
enum schedule_source { SCHEDULE_NOTICE, SCHEDULE_SCAN };
/* A message is there. 1: it is known now (or was already); 0: no memory: scan again later. */
extern int schedule_arrive(schedule *s, id const *i, enum schedule_source from);
extern void schedule_defer(schedule *s, uint32_t n, uint32_t when); /* WAITING_OLD from now on */
/* It could not be opened: look again then, without prejudice to what its file says. */
extern void schedule_look(schedule *s, uint32_t n, uint32_t when);
extern void schedule_refresh(schedule *s, uint32_t n); /* it waits for nothing but room */
extern void schedule_hold(schedule *s, uint32_t n);
extern void schedule_forget(schedule *s, uint32_t n); /* the message is gone */
/* It is open: `number` is the caller's. Until schedule_defer, _refresh, _hold, _park or _forget. */
extern void schedule_activate(schedule *s, uint32_t n, uint32_t number, uint32_t rcpts);
/* It is open no more. Its place is to be said next. */
extern void schedule_deactivate(schedule *s, uint32_t n, uint32_t rcpts);
/* Until something is there again: a list of one's own (waiting_list). */
extern void schedule_park(schedule *s, uint32_t n, uint32_t list);
extern void schedule_unpark(schedule *s, uint32_t list); /* all of it */
extern void schedule_all_now(schedule *s);

/* ---- what follows: the message to open now, taken from its place (loose); WAITING_NONE: none */
extern uint32_t schedule_pick(schedule *s, uint32_t now);
/* Is there room for it? */
extern int schedule_room(schedule const *s, int old);
/* When schedule_pick is to be asked again if nothing happens; UINT32_MAX: never. */
extern uint32_t schedule_wake(schedule const *s, uint32_t now);

#endif
