/* channel - life and death of channels, and the jobs that they have. What goes over them is agent.c's, what answers mean
   results.c's. */
#include <stdlib.h>
#include <string.h>
#include "send/channel.h"
#include "send/delivery.h"
#include "send/pass.h"
#include "send/results.h"
#include "send/turn.h"

channel *channel_make(runner *r, destination *d, enum channel_state state)
{
  channel *c = malloc(sizeof *c);
  side *s = r->delivery.side + side_of(d->kind);
  if (!c)
    return 0;
  *c = (channel){.r = r, .of = d, .state = state, .d = {.fd = -1}, .w = WATCHED_ZERO, .idle = r->now};
  ring_append(&s->channels, &c->side);
  ring_append(&d->channels, &c->own);
  s->n++;
  d->open++;
  c->doubtful = turn_is_doubtful(d);
  s->doubts += (uint32_t)c->doubtful;
  return c;
}

/* What may be tried again at once: nobody wants it back meanwhile. */
static int is_still_wanted(channel const *c, message const *m)
{
  return !c->r->draining && !m->deleted && !m->bouncing && !m->s.state.hold;
}

static void queue_again(channel *c, given const *g)
{
  for (uint32_t k = g->first, i = 0; i < g->n; i++) {
    uint32_t next = g->m->rcpt[k].next;
    if (!destination_add(c->of, g->m, k))
      delivery_no_memory(c->r, g->m, k);
    k = next;
  }
}

/* Its jobs were not done, as far as anybody knows. An agent works on one after the other: so it was the oldest that it
   hung on or died of, and that one waits, longer each time. The others are given to another agent: a message that is the
   death of each process must not take along, again and again, those that came with it. */
static void lose_jobs(channel *c)
{
  result why;
  result_set(&why, RESULT_TEMPORARY, STATUS_SYSTEM, "the delivery agent went away before it answered");
  for (unsigned int i = 0; i < c->n; i++)
    if (i && is_still_wanted(c, c->job[i].m))
      queue_again(c, c->job + i);
    else
      results_all(c->r, c->of, c->job + i, STAGE_SOON, &why);
  c->n = 0;
}

void channel_believe(channel *c)
{
  c->r->delivery.side[side_of(c->of->kind)].doubts -= (uint32_t)c->doubtful;
  c->doubtful = 0;
}

int channel_rest(channel *c)
{
  side *s = c->r->delivery.side + SIDE_LOCAL;
  if (c->n || c->resting || c->state != CHANNEL_OPEN || c->of->kind == DESTINATION_REMOTE)
    return 0;
  c->resting = 1;
  c->served = 0;
  c->of->resting++;
  s->resting++;
  s->n--;
  return 1;
}

static void stir(channel *c)
{
  side *s = c->r->delivery.side + SIDE_LOCAL;
  if (!c->resting)
    return;
  c->resting = 0;
  c->of->resting--;
  s->resting--;
  s->n++;
}

void channel_drop(channel *c)
{
  runner *r = c->r;
  destination *d = c->of;
  lose_jobs(c);
  stir(c);
  watch_remove(&r->watch, &c->w);
  door_close(&c->d);
  ring_leave(&c->side);
  ring_leave(&c->own);
  ring_leave(&c->asked);
  d->open--;
  d->asked -= c->state == CHANNEL_ASKED;
  d->used = r->now;
  channel_believe(c);
  r->delivery.side[side_of(d->kind)].n--;
  free(c);
  if (d->messages)
    delivery_ready(r, d);
}

void channel_close(channel *c)
{
  runner *r = c->r;
  enum delivery_side which = side_of(c->of->kind);
  int had_room = !c->resting;
  channel_drop(c);
  if (had_room)
    delivery_room(r, which);
}

void channel_given(channel *c, given const *g, uint32_t seconds)
{
  given *mine = c->job + c->n++;
  *mine = *g;
  mine->begun = runner_microseconds(c->r);
  mine->since = c->r->now;
  mine->due = c->r->now + seconds;
  c->served++;
  stir(c);
  for (uint32_t k = g->first, i = 0; i < g->n; i++, k = g->m->rcpt[k].next)
    g->m->rcpt[k].stage = STAGE_OUT;
}

void channel_taken(channel *c, given const *g)
{
  side *s = c->r->delivery.side + side_of(c->of->kind);
  size_t at = (size_t)(g - c->job);
  c->n--;
  memmove(c->job + at, c->job + at + 1, (c->n - at) * sizeof *c->job);
  if (c->n && !at) /* the next one has the agent to itself from now on */
    c->job[0].begun = runner_microseconds(c->r);
  if (!c->n) {
    c->idle = c->r->now;
    ring_append(&s->channels, &c->side);
  }
}

int channel_is_slow(channel const *c)
{
  return c->n && c->r->now - c->job[0].since > CHANNEL_SLOW;
}
