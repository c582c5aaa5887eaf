/* resolving - the questions' queue and the connection. What an answer means is meaning.c's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "lib/question.h"
#include "send/classify.h"
#include "send/lane.h"
#include "send/meaning.h"
#include "send/pass.h"
#include "send/resolving.h"

typedef struct asking_s asking;
struct asking_s {
  ring queue;
  message *m;
  uint32_t *list;
  uint32_t n;
};

void resolving_init(runner *r)
{
  r->resolving = (resolving){.d = {.fd = -1}, .w = WATCHED_ZERO};
  ring_init(&r->resolving.asked);
  ring_init(&r->resolving.waiting);
}

static void asking_free(asking *a)
{
  ring_leave(&a->queue);
  free(a->list);
  free(a);
}

static void hang_up(runner *r)
{
  resolving *v = &r->resolving;
  if (v->d.fd < 0)
    return;
  watch_remove(&r->watch, &v->w);
  door_close(&v->d);
  v->answer.len = 0;
}

void resolving_free(runner *r)
{
  hang_up(r);
  while (!ring_empty(&r->resolving.asked))
    asking_free(ring_of(asking, queue, r->resolving.asked.next));
  while (!ring_empty(&r->resolving.waiting))
    asking_free(ring_of(asking, queue, r->resolving.waiting.next));
  stralloc_free(&r->resolving.answer);
}

/* All recipients of a question get the same verdict. */
static void conclude(runner *r, asking *a, enum stage stage, result const *why)
{
  for (uint32_t i = 0; i < a->n; i++)
    pass_conclude(r, a->m, a->list[i], stage, why, 0);
  asking_free(a);
}

/* The connection is gone. The oldest question is under suspicion: its message waits a little, longer each
   time. What else was asked is asked again, before all others. */
static void lost(runner *r)
{
  resolving *v = &r->resolving;
  hang_up(r);
  if (!ring_empty(&v->asked)) {
    result why;
    result_set(&why, RESULT_TEMPORARY, STATUS_SYSTEM, "tern-alias went away before it answered");
    conclude(r, ring_of(asking, queue, v->asked.next), STAGE_SOON, &why);
  }
  while (!ring_empty(&v->asked)) {
    ring *last = v->asked.prev;
    ring_leave(last);
    last->next = v->waiting.next;
    last->prev = &v->waiting;
    v->waiting.next->prev = last;
    v->waiting.next = last;
  }
  v->n = 0;
}

static void broken(runner *r, int e)
{
  lost(r);
  errno = e;
  lane_failed(r, LANE_ALIAS);
}

/* A part of the answer to the oldest question. 0: it makes no sense. */
static int take(runner *r, frame const *f)
{
  resolving *v = &r->resolving;
  if (ring_empty(&v->asked) || (f->type != ANSWER_MORE && f->type != ANSWER_LAST))
    return 0;
  if (v->answer.len + f->len > RESOLVING_ANSWER_MAX || !stralloc_catb(&v->answer, f->s, f->len))
    return 0;
  if (f->type == ANSWER_MORE)
    return 1;
  asking *a = ring_of(asking, queue, ring_take(&v->asked));
  v->n--;
  tain_addsec_g(&v->deadline, RESOLVING_DEADLINE);
  meaning_take(r, a->m, a->list, a->n, v->answer.s, v->answer.len);
  asking_free(a);
  v->answer.len = 0;
  if (v->answer.a > RESOLVING_KEEP)
    stralloc_free(&v->answer);
  return 1;
}

static void heard(void *data, unsigned int got)
{
  runner *r = data;
  resolving *v = &r->resolving;
  frame f;
  (void)got;
  do
    switch (door_get(&v->d, &f)) {
    case DOOR_FRAME:
      if (take(r, &f))
        continue;
      broken(r, EPROTO);
      return;
    case DOOR_NOTHING: return;
    case DOOR_CLOSED:
      lost(r); /* perhaps it was restarted: the next knock tells */
      return;
    case DOOR_BROKEN: broken(r, errno); return;
    }
  while (door_has_frame(&v->d));
}

static int connected(runner *r)
{
  resolving *v = &r->resolving;
  tain deadline = STAMP;
  if (v->d.fd >= 0)
    return 1;
  if (!lane_up(r, LANE_ALIAS))
    return 0;
  if (!door_knock(&v->d, lane_names[LANE_ALIAS], DOOR_REFUSE_FDS, &deadline)) {
    lane_failed(r, LANE_ALIAS);
    return 0;
  }
  if (watch_add(&r->watch, &v->w, v->d.fd, WATCH_READ, &heard, r))
    return 1;
  door_close(&v->d);
  return 0;
}

/* An address literal of this host stands for no domain at all. The question is put with the local part alone,
   and the envelope is as before. 0: no memory. */
static int put(resolving *v, asking const *a, settings const *set)
{
  envelope *e = &a->m->e;
  uint32_t *kept = 0;
  int ok = 1;
  for (uint32_t i = 0; ok && i < a->n; i++) {
    where w;
    char const *s = message_address(a->m, a->list[i]);
    if (classify(set, s, &w) != PLACE_HERE)
      continue;
    if (!kept && !(kept = calloc(a->n, sizeof *kept)))
      return 0;
    char local[ENVELOPE_ADDRESS_MAX];
    size_t len = (size_t)(w.domain - s) - 1;
    memcpy(local, s, len);
    kept[i] = message_rcpt(a->m, a->list[i])->address;
    ok = envelope_set(e, &message_rcpt(a->m, a->list[i])->address, local, len);
  }
  ok = ok && question_put_resolve(&v->d, e, a->list, a->n);
  for (uint32_t i = 0; kept && i < a->n; i++)
    if (kept[i])
      message_rcpt(a->m, a->list[i])->address = kept[i];
  free(kept);
  return ok;
}

void resolving_ask(runner *r, message *m, uint32_t *list, uint32_t n)
{
  asking *a = calloc(1, sizeof *a);
  result why;
  if (!a) {
    result_set(&why, RESULT_TEMPORARY, STATUS_SYSTEM, "no memory to ask what the address means");
    for (uint32_t i = 0; i < n; i++)
      pass_conclude(r, m, list[i], STAGE_SOON, &why, 0);
    free(list);
    return;
  }
  *a = (asking){.m = m, .list = list, .n = n};
  for (uint32_t i = 0; i < n; i++)
    m->rcpt[list[i]].stage = STAGE_ASKED;
  ring_append(&r->resolving.waiting, &a->queue);
}

/* Nobody is asked any more, or nobody answers. */
static void give_up(runner *r)
{
  result why;
  lane_reason(LANE_ALIAS, &why);
  while (!ring_empty(&r->resolving.waiting)) {
    asking *a = ring_of(asking, queue, r->resolving.waiting.next);
    a->m->park = r->lanes[LANE_ALIAS].parked;
    conclude(r, a, STAGE_PARKED, &why);
  }
}

static void put_all(runner *r)
{
  resolving *v = &r->resolving;
  while (v->n < RESOLVING_AHEAD && !ring_empty(&v->waiting)) {
    if (!connected(r))
      return;
    asking *a = ring_of(asking, queue, v->waiting.next);
    if (!put(v, a, &r->set)) {
      result why;
      result_set(&why, RESULT_TEMPORARY, STATUS_SYSTEM, "no memory to ask what the address means");
      conclude(r, a, STAGE_SOON, &why);
      lost(r); /* part of the question may be in the door's queue */
      return;
    }
    if (!v->n++)
      tain_addsec_g(&v->deadline, RESOLVING_DEADLINE);
    ring_append(&v->asked, &a->queue);
  }
}

void resolving_act(runner *r, tain *deadline)
{
  resolving *v = &r->resolving;
  if (!ring_empty(&v->waiting) && (lane_away(r, LANE_ALIAS) || r->draining))
    give_up(r);
  put_all(r);
  if (v->d.fd < 0)
    return;
  if (v->n && !tain_future(&v->deadline)) {
    broken(r, ETIMEDOUT);
    return;
  }
  if (door_wants_flush(&v->d) && !door_flush(&v->d) && errno != EAGAIN) {
    lost(r);
    return;
  }
  watch_want(&r->watch, &v->w, door_wants_flush(&v->d) ? WATCH_READ | WATCH_WRITE : WATCH_READ);
  if (v->n && tain_less(&v->deadline, deadline))
    *deadline = v->deadline;
}
