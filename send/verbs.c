/* verbs - the callers at door `send`. Each has one request at a time, which is worked off a few messages a turn, so that
   "all" of a deep queue stops nobody's mail; nor does the disk: what many messages need to be durable is the syncer's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <skalibs/djbunix.h>
#include "lib/listing.h"
#include "lib/log.h"
#include "send/answers.h"
#include "send/delivery.h"
#include "send/hosts.h"
#include "send/lane.h"
#include "send/request.h"
#include "send/verb.h"
#include "send/verbs.h"

#define FULL_PAUSE 50 /* milliseconds */

typedef struct caller_s caller;
struct caller_s {
  ring queue;
  runner *r;
  answers a;
  watched w;
  verb_caller who;
  int busy; /* with a request */
  request q;
  int all_said;                        /* its messages have been gone through */
  char waits[VERBS_WAITS][ID_LEN + 1]; /* for the ends of these messages' passes */
  unsigned int waiting;
  tain full; /* there was no room for a message: not before */
  tain deadline;
};

static void hang_up(caller *c)
{
  runner *r = c->r;
  watch_remove(&r->watch, &c->w);
  answers_free(&c->a);
  ring_leave(&c->queue);
  stralloc_free(&c->q.ids);
  free(c);
  if (!--r->verbs.n)
    syncer_stop(&r->verbs.syncer);
}

/* ---- working it off. Where it gives 0 there is no memory to answer: the caller is to go. */

static int answer(caller *c, char const *id_text, enum result_class class, unsigned int status,
                  char const *text)
{
  result why;
  result_set(&why, class, status, "%s", text);
  return answers_put(&c->a, VERB_DONE, id_text, &why);
}

static int finish(caller *c, enum result_class class, unsigned int status, char const *text)
{
  result why;
  c->busy = 0;
  c->q.ids.len = 0;
  result_set(&why, class, status, "%s", text);
  tain_addsec_g(&c->deadline, VERBS_TAKE);
  return answers_put(&c->a, LISTING_END, 0, &why);
}

static void begin(caller *c)
{
  c->all_said = 0;
  c->who.all = c->q.all;
  c->who.sync = !c->q.all && c->q.ids.len / ID_PACK <= VERBS_ALONE;
  if (c->q.all && c->q.verb == VERB_RETRY && c->who.admin) {
    lane_all_now(c->r);
    delivery_all_now(c->r);
  }
}

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

static int one_message(caller *c)
{
  char id_text[ID_LEN + 1];
  uint32_t n = next_message(c, id_text);
  result why;
  if (!*id_text)
    return c->all_said = 1;
  tain_addsec_g(&c->deadline, VERBS_DEADLINE);
  if (n == WAITING_NONE)
    return answer(c, id_text, RESULT_PERMANENT, STATUS_NONE, "there is no such message");
  switch (verb_do(c->r, c->q.verb, n, &c->who, &why)) {
  case VERB_FOREIGN:
    return c->q.all || answer(c, id_text, RESULT_PERMANENT, STATUS_NOT_AUTHORIZED, "it is not your message");
  case VERB_PASSED: return 1;
  case VERB_WAITS: memcpy(c->waits[c->waiting++], id_text, ID_LEN + 1); return 1;
  case VERB_FULL:
    c->q.at--;
    tain_from_millisecs(&c->full, FULL_PAUSE);
    tain_add_g(&c->full, &c->full);
    return 1;
  case VERB_WRITTEN: return answers_keep(&c->a, id_text, &why);
  case VERB_FINISHED: break;
  }
  return answers_put(&c->a, VERB_DONE, id_text, &why);
}

static int is_ready(caller const *c)
{
  return c->busy && !c->all_said && c->waiting < VERBS_WAITS && answers_room(&c->a) && !tain_future(&c->full);
}

static int tell_hosts(caller *c)
{
  if (!c->who.admin)
    return finish(c, RESULT_PERMANENT, STATUS_NOT_AUTHORIZED, "this is not for you to know");
  return hosts_put(c->r, &c->a.d) && finish(c, RESULT_OK, STATUS_NONE, "that is all");
}

/* 0: the caller is to go. */
static int take_request(caller *c, frame const *f)
{
  tain_addsec_g(&c->deadline, VERBS_DEADLINE);
  if (f->type == HOSTS_ASK && !f->len)
    return tell_hosts(c);
  c->busy = request_take(&c->q, f);
  if (!c->busy)
    return finish(c, RESULT_PERMANENT, STATUS_NONE, "the request makes no sense");
  begin(c);
  return 1;
}

/* One request at a time: the next one is read when this one is answered. 0: the caller is gone. */
static int listen_to(caller *c)
{
  frame f;
  switch (door_get(&c->a.d, &f)) {
  case DOOR_FRAME:
    if (take_request(c, &f))
      return 1;
    break;
  case DOOR_NOTHING: return 1;
  default: break;
  }
  hang_up(c);
  return 0;
}

/* left: messages that may still be looked at in this turn. 0: no memory, or the caller went away. */
static int work(caller *c, unsigned int *left)
{
  for (; *left && is_ready(c); --*left)
    if (!one_message(c))
      return 0;
  if (c->busy && !answers_act(&c->a, &c->r->verbs.syncer))
    return 0;
  if (c->busy && c->all_said && !c->waiting && !answers_kept(&c->a) &&
      !finish(c, RESULT_OK, STATUS_NONE, "done"))
    return 0;
  return !door_wants_flush(&c->a.d) || door_flush(&c->a.d) || errno == EAGAIN;
}

/* 0: the caller is gone. */
static int take_turn(caller *c, unsigned int *left)
{
  if (!work(c, left)) {
    hang_up(c);
    return 0;
  }
  while (!c->busy && door_has_frame(&c->a.d))
    if (!listen_to(c))
      return 0;
  watch_want(&c->r->watch, &c->w,
             (c->busy ? WATCH_NOTHING : WATCH_READ) |
                 (door_wants_flush(&c->a.d) ? WATCH_WRITE : WATCH_NOTHING));
  return 1;
}

/* Its place among those that the caller waits for; c->waiting: none. */
static unsigned int place_of(caller const *c, char const *id_text)
{
  unsigned int k = 0;
  while (k < c->waiting && strcmp(c->waits[k], id_text))
    k++;
  return k;
}

void verbs_message_over(runner *r, char const *id_text, int gone)
{
  for (ring *i = r->verbs.callers.next, *next; i != &r->verbs.callers; i = next) {
    caller *c = ring_of(caller, queue, i);
    unsigned int k = place_of(c, id_text);
    next = i->next;
    if (k == c->waiting)
      continue;
    memcpy(c->waits[k], c->waits[--c->waiting], ID_LEN + 1);
    tain_addsec_g(&c->deadline, VERBS_DEADLINE);
    if (gone ? !answer(c, id_text, RESULT_OK, STATUS_NONE, "returned to its sender")
             : !answer(c, id_text, RESULT_TEMPORARY, STATUS_SYSTEM,
                       "its report could not be queued; it waits on"))
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
  c->who = (verb_caller){.uid = uid, .admin = settings_is_admin(&r->set, &r->ids, uid)};
  door_start(&c->a.d, fd, DOOR_REFUSE_FDS);
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
    ordinary += !c->who.admin;
    same += !c->who.admin && c->who.uid == uid;
  }
  return r->verbs.n < VERBS_CALLERS &&
         (settings_is_admin(&r->set, &r->ids, uid) || (ordinary < VERBS_ORDINARY && same < VERBS_USER));
}

/* One try to say why: nobody is waited for. */
static void turn_away(int fd)
{
  answers a = {.ticket = 0};
  result why;
  door_start(&a.d, fd, DOOR_REFUSE_FDS);
  result_set(&why, RESULT_TEMPORARY, STATUS_NOT_ACCEPTING, "too many requests at once; try again later");
  if (answers_put(&a, LISTING_END, 0, &why))
    (void)door_flush(&a.d);
  answers_free(&a);
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
  syncer_init(&r->verbs.syncer, &r->watch);
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
    (void)shutdown(ring_of(caller, queue, i)->a.d.fd, SHUT_RD);
}

void verbs_free(runner *r)
{
  while (!ring_empty(&r->verbs.callers))
    hang_up(ring_of(caller, queue, r->verbs.callers.next));
}

static void wait_for(tain const *t, tain *deadline)
{
  if (tain_less(t, deadline))
    *deadline = *t;
}

/* Who comes first in one turn comes last in the next. */
void verbs_act(runner *r, tain *deadline)
{
  unsigned int left = VERBS_TURN;
  ring *first = r->verbs.callers.next;
  if (first != &r->verbs.callers)
    ring_append(&r->verbs.callers, first);
  for (ring *i = r->verbs.callers.next, *next; i != &r->verbs.callers; i = next) {
    caller *c = ring_of(caller, queue, i);
    next = i->next;
    if (!tain_future(&c->deadline)) {
      hang_up(c);
      continue;
    }
    if (!take_turn(c, &left))
      continue;
    wait_for(is_ready(c) ? &STAMP : &c->deadline, deadline);
    if (c->busy && tain_future(&c->full))
      wait_for(&c->full, deadline);
  }
  if (!tain_future(&r->verbs.again))
    watch_want(&r->watch, &r->verbs.w, WATCH_READ);
  else
    wait_for(&r->verbs.again, deadline);
}
