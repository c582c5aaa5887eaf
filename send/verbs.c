/* verbs - the callers at door `send`: who is let in, and whose turn it is. What each of them asks for is caller.c's. */
#include <errno.h>
#include <sys/socket.h>
#include <skalibs/djbunix.h>
#include "lib/listing.h"
#include "send/caller.h"

void verbs_message_over(runner *r, char const *id_text, int gone)
{
  for (ring *i = r->verbs.callers.next, *next; i != &r->verbs.callers; i = next) {
    caller *c = ring_of(caller, queue, i);
    next = i->next;
    if (!caller_message_over(c, id_text, gone))
      caller_hang_up(c);
  }
}

/* ---- who knocks */

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
      caller_new(r, fd, uid);
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
    caller_hang_up(ring_of(caller, queue, r->verbs.callers.next));
}

/* Who comes first in one turn comes last in the next. */
void verbs_act(runner *r, tain *deadline)
{
  unsigned int left = VERBS_TURN;
  ring *first = r->verbs.callers.next;
  if (first != &r->verbs.callers)
    ring_append(&r->verbs.callers, first);
  for (ring *i = r->verbs.callers.next, *next; i != &r->verbs.callers; i = next) {
    next = i->next;
    caller_act(ring_of(caller, queue, i), &left, deadline);
  }
  if (!tain_future(&r->verbs.again))
    watch_want(&r->watch, &r->verbs.w, WATCH_READ);
  else
    caller_wait(&r->verbs.again, deadline);
}
