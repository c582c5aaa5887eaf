/* caller - see caller.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <skalibs/djbunix.h>
#include "lib/listing.h"
#include "lib/log.h"
#include "send/caller.h"
#include "send/delivery.h"
#include "send/hosts.h"
#include "send/lane.h"

#define FULL_PAUSE 50 /* milliseconds */

void caller_hang_up(caller *c)
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
  caller_hang_up(c);
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
    caller_hang_up(c);
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

int caller_message_over(caller *c, char const *id_text, int gone)
{
  unsigned int k = place_of(c, id_text);
  if (k == c->waiting)
    return 1;
  memcpy(c->waits[k], c->waits[--c->waiting], ID_LEN + 1);
  tain_addsec_g(&c->deadline, VERBS_DEADLINE);
  return gone ? answer(c, id_text, RESULT_OK, STATUS_NONE, "returned to its sender")
              : answer(c, id_text, RESULT_TEMPORARY, STATUS_SYSTEM,
                       "its report could not be queued; it waits on");
}

/* ---- in each turn of the loop */

void caller_wait(tain const *t, tain *deadline)
{
  if (tain_less(t, deadline))
    *deadline = *t;
}

void caller_act(caller *c, unsigned int *left, tain *deadline)
{
  if (!tain_future(&c->deadline)) {
    caller_hang_up(c);
    return;
  }
  if (!take_turn(c, left))
    return;
  caller_wait(is_ready(c) ? &STAMP : &c->deadline, deadline);
  if (c->busy && tain_future(&c->full))
    caller_wait(&c->full, deadline);
}

/* While a request is worked off nothing is read; what is told then is that the caller is gone. */
static void heard(void *data, unsigned int got)
{
  caller *c = data;
  if (!(got & WATCH_READ))
    return;
  if (c->busy)
    caller_hang_up(c);
  else
    (void)listen_to(c);
}

void caller_new(runner *r, int fd, uid_t uid)
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
    caller_hang_up(c);
}
