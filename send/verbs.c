/* verbs - the callers at door `send`. Each has one request at a time, which is worked off a few messages a
   turn, so that "all" of a deep queue stops nobody's mail. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <skalibs/djbunix.h>
#include "lib/listing.h"
#include "lib/log.h"
#include "send/request.h"
#include "send/verb.h"
#include "send/verbs.h"

#define OUT_MAX 65536u /* octets of answers that wait before more are made */
#define LOOKS 64u      /* messages that are looked at in one turn */

typedef struct caller_s caller;
struct caller_s {
  ring queue;
  runner *r;
  door d;
  watched w;
  uid_t uid;
  int admin;
  int busy; /* with a request */
  request q;
  int waits; /* for the end of this message's pass: */
  char id[ID_LEN + 1];
  tain deadline;
};

static void hang_up(caller *c)
{
  watch_remove(&c->r->watch, &c->w);
  door_close(&c->d);
  ring_leave(&c->queue);
  stralloc_free(&c->q.ids);
  c->r->verbs.n--;
  free(c);
}

/* ---- answers */

static int put_result(stralloc *out, result const *why)
{
  stralloc one = STRALLOC_ZERO;
  int ok = result_pack(&one, why) && record_put(out, LISTING_RESULT, one.s, one.len);
  stralloc_free(&one);
  return ok;
}

/* 0: no memory. */
static int answer(caller *c, unsigned char type, char const *id_text, result const *why)
{
  stralloc out = STRALLOC_ZERO;
  int ok = (!id_text || record_puts(&out, LISTING_ID, id_text)) && put_result(&out, why) &&
           door_put(&c->d, type, out.s, out.len);
  stralloc_free(&out);
  tain_addsec_g(&c->deadline, VERBS_DEADLINE);
  return ok;
}

static int finish(caller *c, enum result_class class, char const *text)
{
  result why;
  int ok;
  c->busy = 0;
  c->q.ids.len = 0;
  result_set(&why, class, STATUS_NONE, "%s", text);
  ok = answer(c, LISTING_END, 0, &why);
  tain_addsec_g(&c->deadline, VERBS_TAKE);
  return ok;
}

/* ---- working it off */

/* The next message of the request; WAITING_NONE: it is done, or (*id_text not empty) there is no such
 * message. */
static uint32_t next_message(caller *c, char id_text[ID_LEN + 1])
{
  waiting *w = &c->r->schedule.w;
  id i;
  *id_text = 0;
  if (c->q.all) {
    while (c->q.at < w->top) {
      uint32_t n = c->q.at++;
      if (waiting_at(w, n)->place <= WAITING_LIST)
        continue;
      waiting_id(w, n, &i);
      id_fmt(id_text, &i);
      return n;
    }
    return WAITING_NONE;
  }
  if ((size_t)c->q.at * ID_PACK >= c->q.ids.len)
    return WAITING_NONE;
  id_unpack(&i, c->q.ids.s + (size_t)c->q.at++ * ID_PACK);
  id_fmt(id_text, &i);
  return waiting_find(w, &i);
}

/* 1: another message may follow in this turn; 0: not; -1: the caller is to go. */
static int one_message(caller *c, unsigned int *changed)
{
  char id_text[ID_LEN + 1];
  uint32_t n = next_message(c, id_text);
  result why;
  if (!*id_text)
    return finish(c, RESULT_OK, "done") ? 0 : -1;
  if (n == WAITING_NONE) {
    result_set(&why, RESULT_PERMANENT, STATUS_NONE, "there is no such message");
    return answer(c, VERB_DONE, id_text, &why) ? 1 : -1;
  }
  switch (verb_do(c->r, c->q.verb, n, c->uid, c->admin, &why)) {
  case VERB_FOREIGN:
    if (c->q.all)
      return 1;
    result_set(&why, RESULT_PERMANENT, STATUS_NOT_AUTHORIZED, "it is not your message");
    return answer(c, VERB_DONE, id_text, &why) ? 1 : -1;
  case VERB_WAITS:
    memcpy(c->id, id_text, sizeof c->id);
    c->waits = 1;
    return 0;
  case VERB_FINISHED: break;
  }
  ++*changed;
  return answer(c, VERB_DONE, id_text, &why) ? 1 : -1;
}

/* One request at a time: the next one is read when this one is answered. 0: the caller is gone. */
static int listen_to(caller *c)
{
  frame f;
  switch (door_get(&c->d, &f)) {
  case DOOR_FRAME:
    tain_addsec_g(&c->deadline, VERBS_DEADLINE);
    c->busy = request_take(&c->q, &f);
    if (c->busy || finish(c, RESULT_PERMANENT, "the request makes no sense"))
      return 1;
    break;
  case DOOR_NOTHING: return 1;
  default: break;
  }
  hang_up(c);
  return 0;
}

/* 0: the caller is gone. */
static int work(caller *c)
{
  unsigned int changed = 0;
  int more = 1;
  for (unsigned int k = 0; more > 0 && c->busy && !c->waits && k < LOOKS && changed < VERBS_TURN; k++) {
    if (c->d.out.data.len > OUT_MAX)
      break;
    more = one_message(c, &changed);
  }
  if (more < 0 || (door_wants_flush(&c->d) && !door_flush(&c->d) && errno != EAGAIN)) {
    hang_up(c);
    return 0;
  }
  while (!c->busy && door_has_frame(&c->d))
    if (!listen_to(c))
      return 0;
  watch_want(&c->r->watch, &c->w,
             (c->busy ? WATCH_NOTHING : WATCH_READ) |
                 (door_wants_flush(&c->d) ? WATCH_WRITE : WATCH_NOTHING));
  return 1;
}

void verbs_message_over(runner *r, char const *id_text, int gone)
{
  for (ring *i = r->verbs.callers.next, *next; i != &r->verbs.callers; i = next) {
    caller *c = ring_of(caller, queue, i);
    result why;
    next = i->next;
    if (!c->waits || strcmp(c->id, id_text))
      continue;
    c->waits = 0;
    if (gone)
      result_set(&why, RESULT_OK, STATUS_NONE, "returned to its sender");
    else
      result_set(&why, RESULT_TEMPORARY, STATUS_SYSTEM, "its report could not be queued; it waits on");
    if (!answer(c, VERB_DONE, id_text, &why))
      hang_up(c);
  }
}

/* ---- who knocks */

/* While a request is worked off nothing is read; what is told then is that the caller is gone. */
static void heard(void *data, unsigned int got)
{
  caller *c = data;
  if (!(got & WATCH_READ))
    return;
  if (c->busy)
    hang_up(c);
  else
    (void)listen_to(c);
}

static void let_in(runner *r, int fd, uid_t uid)
{
  caller *c = calloc(1, sizeof *c);
  if (!c) {
    fd_close(fd);
    return;
  }
  c->r = r;
  c->uid = uid;
  c->admin = settings_is_admin(&r->set, &r->ids, uid);
  door_start(&c->d, fd, DOOR_REFUSE_FDS);
  tain_addsec_g(&c->deadline, VERBS_ASK);
  ring_append(&r->verbs.callers, &c->queue);
  r->verbs.n++;
  if (!watch_add(&r->watch, &c->w, fd, WATCH_READ, &heard, c))
    hang_up(c);
}

/* No user keeps others out, and all users together no admin. */
static int has_place(runner const *r, uid_t uid)
{
  unsigned int ordinary = 0, same = 0;
  for (ring const *i = r->verbs.callers.next; i != &r->verbs.callers; i = i->next) {
    caller const *c = ring_of(caller, queue, i);
    ordinary += !c->admin;
    same += !c->admin && c->uid == uid;
  }
  return r->verbs.n < VERBS_CALLERS &&
         (settings_is_admin(&r->set, &r->ids, uid) || (ordinary < VERBS_ORDINARY && same < VERBS_USER));
}

/* One try to say why: nobody is waited for. */
static void turn_away(int fd)
{
  stralloc out = STRALLOC_ZERO;
  result why;
  door d;
  door_start(&d, fd, DOOR_REFUSE_FDS);
  result_set(&why, RESULT_TEMPORARY, STATUS_NOT_ACCEPTING, "too many requests at once; try again later");
  if (put_result(&out, &why) && door_put(&d, LISTING_END, out.s, out.len))
    (void)door_flush(&d);
  stralloc_free(&out);
  door_close(&d);
}

static void knocked(void *data, unsigned int got)
{
  runner *r = data;
  uid_t uid;
  (void)got;
  for (unsigned int k = 0; k < VERBS_CALLERS; k++) {
    int fd = accept4(r->verbs.fd, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
        watch_want(&r->watch, &r->verbs.w, WATCH_NOTHING);
        tain_addsec_g(&r->verbs.again, 1);
      }
      return;
    }
    if (!door_peer(fd, &uid) || !identity_may_knock(&r->ids, uid, KNOCK_ANYBODY, 0))
      fd_close(fd);
    else if (has_place(r, uid))
      let_in(r, fd, uid);
    else
      turn_away(fd);
  }
}

int verbs_init(runner *r, int fd)
{
  r->verbs = (verbs){.fd = fd, .w = WATCHED_ZERO};
  ring_init(&r->verbs.callers);
  return fd < 0 || watch_add(&r->watch, &r->verbs.w, fd, WATCH_READ, &knocked, r);
}

void verbs_stop(runner *r)
{
  watch_remove(&r->watch, &r->verbs.w);
  if (r->verbs.fd >= 0)
    fd_close(r->verbs.fd);
  r->verbs.fd = -1;
  for (ring *i = r->verbs.callers.next; i != &r->verbs.callers; i = i->next)
    (void)shutdown(ring_of(caller, queue, i)->d.fd, SHUT_RD);
}

void verbs_free(runner *r)
{
  while (!ring_empty(&r->verbs.callers))
    hang_up(ring_of(caller, queue, r->verbs.callers.next));
}

void verbs_act(runner *r, tain *deadline)
{
  for (ring *i = r->verbs.callers.next, *next; i != &r->verbs.callers; i = next) {
    caller *c = ring_of(caller, queue, i);
    next = i->next;
    if (!tain_future(&c->deadline)) {
      hang_up(c);
      continue;
    }
    if (!work(c))
      continue;
    if (c->busy && !c->waits && c->d.out.data.len <= OUT_MAX)
      *deadline = STAMP;
    else if (tain_less(&c->deadline, deadline))
      *deadline = c->deadline;
  }
  if (!tain_future(&r->verbs.again))
    watch_want(&r->watch, &r->verbs.w, WATCH_READ);
  else if (tain_less(&r->verbs.again, deadline))
    *deadline = r->verbs.again;
}
