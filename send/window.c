/* window - additive numbers, no floating point. */
#include "send/window.h"

void window_init(window *w, uint32_t start)
{
  *w = (window){.start = start, .limit = start};
}

void window_success(window *w, uint32_t now, uint32_t max)
{
  uint32_t limit = w->dead ? w->start : w->limit + (w->shrunk ? 1 : WINDOW_STRIDE);
  w->failures = 0;
  w->pause = 0;
  w->dead = 0;
  w->reached = now;
  w->limit = limit < max ? limit : max;
}

int window_failure(window *w, uint32_t now)
{
  if (window_left(w, now))
    return 0; /* a late answer of what was begun before it died */
  w->failures++;
  if (w->shrunk != now && w->limit > 1)
    w->limit /= 2;
  w->shrunk = now;
  if (!w->dead && (w->failures < WINDOW_DEAD || (w->reached && now - w->reached < WINDOW_ALIVE)))
    return 0;
  w->pause = w->pause ? 2 * w->pause : WINDOW_PAUSE;
  if (w->pause > WINDOW_PAUSE_MAX)
    w->pause = WINDOW_PAUSE_MAX;
  w->until = now + w->pause;
  w->dead = 1;
  return 1;
}

uint32_t window_left(window const *w, uint32_t now)
{
  return w->dead && w->until > now ? w->until - now : 0;
}

uint32_t window_allows(window const *w, uint32_t now, uint32_t max)
{
  if (window_left(w, now))
    return 0;
  return w->dead ? 1 : w->limit < max ? w->limit : max;
}

void window_forget(window *w)
{
  window_init(w, w->start);
}

int window_remembers(window const *w)
{
  return w->failures || w->dead || w->reached;
}

int window_is_proven(window const *w)
{
  return w->reached && !w->failures && !w->dead;
}
