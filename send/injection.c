/* injection - the bytes of a submission, written as the door takes them. What comes of it is told to
 * expansion or bounce. */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/submission.h"
#include "send/bounce.h"
#include "send/expansion.h"
#include "send/injection.h"
#include "send/lane.h"

enum step { STEP_ENVELOPE, STEP_HEAD, STEP_FILE, STEP_TAIL, STEP_END, STEP_WAIT };

void injection_init(runner *r)
{
  r->injections = (injections){.n = 0};
  ring_init(&r->injections.waiting);
  ring_init(&r->injections.running);
}

injection *injection_new(enum injection_kind kind)
{
  injection *x = calloc(1, sizeof *x);
  if (!x)
    return 0;
  x->kind = kind;
  x->e = (envelope)ENVELOPE_ZERO;
  x->d.fd = -1;
  x->w = (watched)WATCHED_ZERO;
  ring_init(&x->followers);
  return x;
}

void injection_free(injection *x)
{
  ring_leave(&x->queue);
  while (!ring_empty(&x->followers))
    injection_free(ring_of(injection, queue, x->followers.next));
  envelope_free(&x->e);
  stralloc_free(&x->head);
  stralloc_free(&x->tail);
  stralloc_free(&x->out);
  free(x);
}

static void hang_up(runner *r, injection *x)
{
  if (x->d.fd < 0)
    return;
  watch_remove(&r->watch, &x->w);
  door_close(&x->d);
  r->injections.n--;
}

void injection_free_all(runner *r)
{
  ring *lists[] = {&r->injections.running, &r->injections.waiting};
  for (unsigned int i = 0; i < 2; i++)
    while (!ring_empty(lists[i])) {
      injection *x = ring_of(injection, queue, lists[i]->next);
      hang_up(r, x);
      injection_free(x);
    }
}

void injection_start(runner *r, injection *x, message *m)
{
  x->r = r;
  x->m = m;
  m->injections++;
  ring_append(&r->injections.waiting, &x->queue);
}

/* ---- its end */

static void end(runner *r, injection *x, enum result_class class, result const *why, char const *id_text)
{
  hang_up(r, x);
  ring_leave(&x->queue);
  x->m->injections--;
  if (x->kind == INJECTION_BOUNCE)
    bounce_ended(r, x, class, why, id_text);
  else
    expansion_ended(r, x, class, why, id_text);
  injection_free(x);
}

/* The door went away. What it did not answer it did not take: once more, whole. */
static void lost(runner *r, injection *x)
{
  result why;
  hang_up(r, x);
  if (++x->tries < INJECTION_TRIES) {
    ring_append(&r->injections.waiting, &x->queue);
    return;
  }
  result_set(&why, RESULT_TEMPORARY, STATUS_SYSTEM, "tern-queue went away before it answered");
  end(r, x, RESULT_TEMPORARY, &why, 0);
}

static void failed(runner *r, injection *x, char const *what)
{
  result why;
  result_set(&why, RESULT_TEMPORARY, STATUS_SYSTEM, "%s", what);
  end(r, x, RESULT_TEMPORARY, &why, 0);
}

/* ---- its bytes */

static int add_chunk(injection *x, char const *s, size_t len)
{
  char head[4];
  submission_chunk(head, len);
  return stralloc_catb(&x->out, head, sizeof head) && stralloc_catb(&x->out, s, len);
}

/* A text of one's own may be longer than a chunk. */
static int add_text(injection *x, stralloc const *t)
{
  for (size_t at = 0; at < t->len;) {
    size_t n = t->len - at < SUBMISSION_CHUNK ? t->len - at : SUBMISSION_CHUNK;
    if (!add_chunk(x, t->s + at, n))
      return 0;
    at += n;
  }
  return 1;
}

/* The next piece of the file. 0: errno. */
static int add_piece(injection *x)
{
  uint64_t left = x->length - x->at;
  size_t n = left < INJECTION_PIECE ? (size_t)left : INJECTION_PIECE;
  char head[4];
  ssize_t got;
  if (!n)
    return x->step++, 1;
  if (!stralloc_readyplus(&x->out, sizeof head + n))
    return 0;
  got = pread(x->m->s.fd, x->out.s + x->out.len + sizeof head, n, (off_t)(x->from + x->at));
  if (got <= 0)
    return (errno = got ? errno : EIO, 0);
  submission_chunk(head, (size_t)got);
  stralloc_catb(&x->out, head, sizeof head);
  x->out.len += (size_t)got;
  x->at += (uint64_t)got;
  return 1;
}

static int add_end(injection *x)
{
  char head[4];
  submission_chunk(head, 0);
  return stralloc_catb(&x->out, head, sizeof head);
}

/* The next part of what is to be written. 0: errno. */
static int add(injection *x)
{
  switch (x->step) {
  case STEP_ENVELOPE: return x->step++, submission_pack(&x->out, &x->e);
  case STEP_HEAD: return x->step++, add_text(x, &x->head);
  case STEP_FILE: return add_piece(x);
  case STEP_TAIL: return x->step++, add_text(x, &x->tail);
  default: return x->step++, add_end(x);
  }
}

/* Writes as much as the door takes, a bounded part of the file in one turn. A small message is one write. */
static void go_on(runner *r, injection *x)
{
  unsigned int turns = 4;
  while (!x->mute && (x->sent < x->out.len || x->step < STEP_WAIT) && turns--) {
    ssize_t n;
    if (x->sent == x->out.len)
      x->sent = x->out.len = 0;
    while (x->out.len < INJECTION_PIECE && x->step < STEP_WAIT)
      if (!add(x)) {
        failed(r, x, errno == ENOMEM ? "no memory for a new message" : "the message's file can't be read");
        return;
      }
    n = send(x->d.fd, x->out.s + x->sent, x->out.len - x->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
      break;
    if (n < 0) { /* an early refusal may be waiting to be read */
      x->mute = 1;
      break;
    }
    x->sent += (size_t)n;
    tain_addsec_g(&x->deadline, INJECTION_DEADLINE);
  }
  int more = !x->mute && (x->sent < x->out.len || x->step < STEP_WAIT);
  watch_want(&r->watch, &x->w, more ? WATCH_READ | WATCH_WRITE : WATCH_READ);
}

static void acted(void *data, unsigned int got)
{
  injection *x = data;
  runner *r = x->r;
  frame f;
  if (got & WATCH_READ) {
    char id_text[ID_LEN + 1] = "";
    result why;
    switch (door_get(&x->d, &f)) {
    case DOOR_FRAME:
      (void)submission_answer(&f, &why, id_text);
      end(r, x, why.class, &why, id_text);
      return;
    case DOOR_NOTHING: break;
    default: lost(r, x); return;
    }
  }
  if (got & WATCH_WRITE)
    go_on(r, x);
}

/* ---- the queue of them */

static void begin(runner *r, injection *x)
{
  tain deadline = STAMP;
  x->out.len = x->sent = 0;
  x->at = 0;
  x->step = STEP_ENVELOPE;
  x->mute = 0;
  x->d.fd = -1;
  if (!door_knock(&x->d, lane_names[LANE_QUEUE], DOOR_REFUSE_FDS, &deadline)) {
    lane_failed(r, LANE_QUEUE);
    return;
  }
  if (!watch_add(&r->watch, &x->w, x->d.fd, WATCH_READ, &acted, x)) {
    door_close(&x->d);
    return;
  }
  r->injections.n++;
  tain_addsec_g(&x->deadline, INJECTION_DEADLINE);
  ring_append(&r->injections.running, &x->queue);
  go_on(r, x);
}

/* Nobody takes it for now. */
static void give_up(runner *r)
{
  ring *first;
  while ((first = ring_take(&r->injections.waiting))) {
    injection *x = ring_of(injection, queue, first);
    result why;
    lane_reason(LANE_QUEUE, &why);
    x->m->park = r->lanes[LANE_QUEUE].parked;
    end(r, x, RESULT_TEMPORARY, &why, 0);
  }
}

void injection_act(runner *r, tain *deadline)
{
  injections *j = &r->injections;
  if (lane_away(r, LANE_QUEUE))
    give_up(r);
  while (j->n < INJECTIONS_MAX && !ring_empty(&j->waiting) && lane_up(r, LANE_QUEUE)) {
    unsigned int before = j->n;
    begin(r, ring_of(injection, queue, j->waiting.next));
    if (j->n <= before)
      break;
  }
  for (ring *i = j->running.next, *next; i != &j->running; i = next) {
    injection *x = ring_of(injection, queue, i);
    next = i->next;
    if (!tain_future(&x->deadline))
      failed(r, x, "tern-queue does not answer");
    else if (tain_less(&x->deadline, deadline))
      *deadline = x->deadline;
  }
}
