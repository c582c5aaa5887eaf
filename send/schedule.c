/* schedule - three queues that take turns, and two shares of the room. */
#include "send/schedule.h"

int schedule_init(schedule *s, uint32_t active_max)
{
  *s = (schedule){.active_max = active_max};
  if (!waiting_init(&s->w))
    return 0;
  s->fresh = waiting_list(&s->w);
  s->again = waiting_list(&s->w);
  return s->fresh != WAITING_NONE && s->again != WAITING_NONE;
}

void schedule_free(schedule *s)
{
  waiting_free(&s->w);
}

/* ---- what happened */

int schedule_arrive(schedule *s, id const *i, enum schedule_source from)
{
  uint32_t n = waiting_find(&s->w, i);
  if (n != WAITING_NONE)
    return 1;
  n = waiting_add(&s->w, i);
  if (n == WAITING_NONE)
    return 0;
  if (from == SCHEDULE_SCAN)
    waiting_at(&s->w, n)->flags = WAITING_CHECK | WAITING_OLD;
  waiting_append(&s->w, from == SCHEDULE_SCAN ? s->again : s->fresh, n);
  return 1;
}

void schedule_defer(schedule *s, uint32_t n, uint32_t when)
{
  waiting_at(&s->w, n)->flags |= WAITING_OLD | WAITING_DUE;
  waiting_time(&s->w, n, when);
}

void schedule_look(schedule *s, uint32_t n, uint32_t when)
{
  waiting_at(&s->w, n)->flags |= WAITING_OLD;
  waiting_time(&s->w, n, when);
}

void schedule_refresh(schedule *s, uint32_t n)
{
  waiting_at(&s->w, n)->flags |= WAITING_DUE;
  waiting_append(&s->w, waiting_at(&s->w, n)->flags & WAITING_OLD ? s->again : s->fresh, n);
}

void schedule_hold(schedule *s, uint32_t n)
{
  waiting_loosen(&s->w, n);
  waiting_at(&s->w, n)->place = WAITING_HELD;
}

void schedule_forget(schedule *s, uint32_t n)
{
  waiting_remove(&s->w, n);
}

void schedule_activate(schedule *s, uint32_t n, uint32_t number, uint32_t rcpts)
{
  waiting_entry *x = waiting_at(&s->w, n);
  waiting_loosen(&s->w, n);
  x->place = WAITING_ACTIVE;
  x->other = number;
  s->active++;
  s->active_old += !!(x->flags & WAITING_OLD);
  s->rcpts += rcpts;
}

void schedule_deactivate(schedule *s, uint32_t n, uint32_t rcpts)
{
  waiting_entry *x = waiting_at(&s->w, n);
  s->active--;
  s->active_old -= !!(x->flags & WAITING_OLD);
  s->rcpts -= rcpts;
  x->place = WAITING_LOOSE;
}

void schedule_park(schedule *s, uint32_t n, uint32_t list)
{
  waiting_at(&s->w, n)->flags |= WAITING_DUE;
  waiting_append(&s->w, list, n);
}

void schedule_unpark(schedule *s, uint32_t list)
{
  waiting_join(&s->w, list, s->again);
}

void schedule_all_now(schedule *s)
{
  waiting_all_due(&s->w);
}

/* ---- what follows */

int schedule_room(schedule const *s, int old)
{
  if (s->active >= s->active_max || s->rcpts >= SCHEDULE_RCPTS)
    return 0;
  return old ? s->active_old < (s->active_max + 1) / 2
             : s->active - s->active_old < (3 * s->active_max + 3) / 4;
}

static uint32_t from_list(schedule *s, uint32_t list)
{
  for (uint32_t n; (n = waiting_first(&s->w, list)) != WAITING_NONE;) {
    if (!schedule_room(s, waiting_at(&s->w, n)->flags & WAITING_OLD))
      break;
    waiting_loosen(&s->w, n);
    return n;
  }
  return WAITING_NONE;
}

static uint32_t from_heap(schedule *s, uint32_t now)
{
  uint32_t n = waiting_earliest(&s->w);
  if (n == WAITING_NONE || waiting_at(&s->w, n)->when > now || !schedule_room(s, 1))
    return WAITING_NONE;
  waiting_loosen(&s->w, n);
  return n;
}

static uint32_t from(schedule *s, unsigned int kind, uint32_t now)
{
  switch (kind) {
  case 0: return from_list(s, s->fresh);
  case 1: return from_heap(s, now);
  default: return from_list(s, s->again);
  }
}

uint32_t schedule_pick(schedule *s, uint32_t now)
{
  for (unsigned int k = 0; k < 3; k++) {
    uint32_t n = from(s, s->turn++ % 3, now);
    if (n != WAITING_NONE)
      return n;
  }
  return WAITING_NONE;
}

static int list_ready(schedule const *s, uint32_t list)
{
  uint32_t n = waiting_at(&s->w, list)->next;
  return n != list && schedule_room(s, waiting_at(&s->w, n)->flags & WAITING_OLD);
}

uint32_t schedule_wake(schedule const *s, uint32_t now)
{
  uint32_t n = waiting_earliest(&s->w);
  if (list_ready(s, s->fresh) || list_ready(s, s->again))
    return now;
  if (n == WAITING_NONE || !schedule_room(s, 1))
    return UINT32_MAX; /* a message that is closed makes room and wakes it */
  return waiting_at(&s->w, n)->when > now ? waiting_at(&s->w, n)->when : now;
}
