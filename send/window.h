/* window - how many connections one destination may have, and whether it is tried at all. Pure.

   As long as no connection has failed it grows by WINDOW_STRIDE with each success, which makes it four times as large with
   each round of answers; then by one. It halves when a connection fails, once a second. After WINDOW_DEAD failures in a row
   the destination is dead: nothing is tried until a pause is over, then one connection probes it. The pause doubles from
   WINDOW_PAUSE to WINDOW_PAUSE_MAX.
   One that has answered in the last WINDOW_ALIVE seconds is not dead but has too many connections.
   Times are seconds of the runner's own clock, which never jumps. */
#ifndef TERN_SEND_WINDOW_H
#define TERN_SEND_WINDOW_H

#include <stdint.h>

#define WINDOW_STRIDE 3u
#define WINDOW_DEAD 4u
#define WINDOW_ALIVE 10u
#define WINDOW_PAUSE 60u
#define WINDOW_PAUSE_MAX 3600u

typedef struct window_s window;
struct window_s {
  uint32_t start;    /* connections to begin with */
  uint32_t limit;    /* connections now */
  uint32_t failures; /* in a row */
  uint32_t pause;    /* seconds; 0: it was never dead since it last answered */
  uint32_t until;    /* dead until then */
  uint32_t reached;  /* when it answered last; 0: never */
  uint32_t shrunk;   /* when it was last halved; 0: never */
  int dead;
};

extern void window_init(window *w, uint32_t start);
extern void window_success(window *w, uint32_t now, uint32_t max); /* max: never more connections than that */
/* 1: it died by that, or stays dead for another pause. */
extern int window_failure(window *w, uint32_t now);
/* Connections that it may have now: 0 while it is dead, 1 for the probe. */
extern uint32_t window_allows(window const *w, uint32_t now, uint32_t max);
extern uint32_t window_left(window const *w, uint32_t now); /* seconds that it stays dead */
extern void window_forget(window *w);                       /* alive, as if nothing had been tried yet */
extern int window_remembers(window const *w);               /* there is something to forget */
extern int window_is_proven(window const *w);               /* it has answered, and not failed since */

#endif
