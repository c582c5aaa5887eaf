/* turn - two queues and their shares. */
#include "send/turn.h"

static uint32_t doubtful_least(side const *s)
{
  return s->limit / 4 ? s->limit / 4 : 1;
}

static uint32_t doubtful_most(side const *s)
{
  return s->limit - s->limit / 4;
}

int turn_is_doubtful(destination const *d)
{
  return d->kind == DESTINATION_REMOTE && !window_is_proven(&d->w);
}

void turn_wait(side *s, destination *d)
{
  ring_append(turn_is_doubtful(d) ? &s->doubtful : &s->starving, &d->ready);
}

int turn_is_of(side const *s, destination const *d)
{
  if (turn_is_doubtful(d))
    return s->doubts < doubtful_most(s) && (d->called_in || ring_empty(&s->doubtful));
  return d->called_in || ring_empty(&s->starving);
}

destination *turn_next(side *s)
{
  int doubtful = !ring_empty(&s->doubtful) && s->doubts < doubtful_most(s);
  ring *i;
  if (doubtful && !ring_empty(&s->starving)) {
    s->alternate = !s->alternate;
    doubtful = s->alternate && s->doubts < doubtful_least(s);
  }
  i = ring_take(doubtful ? &s->doubtful : &s->starving);
  return i ? ring_of(destination, ready, i) : 0;
}

int turn_is_awaited(side const *s)
{
  return !ring_empty(&s->starving) || (!ring_empty(&s->doubtful) && s->doubts < doubtful_most(s));
}
