/* callers - accepts, reads questions, writes answers; never waits for anybody. A caller who breaks the
   protocol, or asks what he may not, is disconnected, and nobody else notices. */
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <skalibs/djbunix.h>
#include "lib/door.h"
#include "lib/log.h"
#include "lib/question.h"
#include "alias/callers.h"

#define ACCEPT_BATCH 16     /* connections accepted in one turn */
#define QUESTIONS_A_TURN 4  /* of one caller, before the others' */
#define SAY_EVERY 10        /* seconds between two lines about refused connections */
#define ACCEPT_PAUSE 1      /* seconds without accept when there are no descriptors */
#define ANSWER_KEPT 262144u /* octets of memory kept for answers */

struct caller_s {
  door d;
  uid_t uid;
  int ordinary;
  tain deadline;
  stralloc question; /* the frames so far of one that comes in several */
};

int callers_init(callers *c, answerer *a)
{
  struct rlimit limit;
  c->a = a;
  if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
    return 0;
  if (limit.rlim_cur < CALLERS_MAX + CALLERS_SPARE_FDS) {
    rlim_t wanted = CALLERS_MAX + CALLERS_SPARE_FDS;
    limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
      return 0;
  }
  if (limit.rlim_cur < CALLERS_FEWEST_FDS)
    return (errno = EMFILE, 0);
  /* of a low limit half is for callers */
  rlim_t spare = limit.rlim_cur < 2 * CALLERS_SPARE_FDS ? limit.rlim_cur / 2 : CALLERS_SPARE_FDS;
  c->max = limit.rlim_cur < CALLERS_MAX + spare ? (unsigned int)(limit.rlim_cur - spare) : CALLERS_MAX;
  return 1;
}

static void expire_later(caller *one)
{
  tain_addsec_g(&one->deadline, one->ordinary ? CALLERS_IDLE : CALLERS_IDLE_SUITE);
}

/* ---- coming and going */

static void refuse(callers *c, int fd)
{
  fd_close(fd);
  c->refused++;
  if (tain_future(&c->said))
    return;
  log_entry l;
  log_begin(&l, 0, "warning");
  log_add(&l, "door", "alias");
  log_add(&l, "error", "connections refused: too many at once, or of users who may not ask");
  log_add_number(&l, "count", c->refused);
  log_end(&l);
  c->refused = 0;
  tain_addsec_g(&c->said, SAY_EVERY);
}

static unsigned int count_of(callers const *c, uid_t uid)
{
  unsigned int n = 0;
  for (unsigned int i = 0; i < c->n; i++)
    n += c->list[i]->uid == uid;
  return n;
}

static int is_welcome(callers const *c, uid_t uid, int ordinary)
{
  if (c->n >= c->max || !answers_may_knock(&c->a->ids, uid))
    return 0;
  return !ordinary || (c->ordinary < CALLERS_ORDINARY_MAX && count_of(c, uid) < CALLERS_USER_MAX);
}

/* The suite's own, root and the owner hold up nobody but themselves. */
static int is_ordinary(answerer const *a, uid_t uid)
{
  return uid && uid != a->ids.owner && !identity_is_suite(&a->ids, uid);
}

static void take(callers *c, int fd)
{
  uid_t uid;
  caller *one;
  int ordinary;
  if (!door_peer(fd, &uid)) {
    refuse(c, fd);
    return;
  }
  ordinary = is_ordinary(c->a, uid);
  one = is_welcome(c, uid, ordinary) ? calloc(1, sizeof *one) : 0;
  if (!one) {
    refuse(c, fd);
    return;
  }
  one->uid = uid;
  one->ordinary = ordinary;
  door_init(&one->d, fd, DOOR_REFUSE_FDS);
  expire_later(one);
  c->list[c->n++] = one;
  c->ordinary += !!ordinary;
}

void callers_accept(callers *c, int listener)
{
  for (int i = 0; i < ACCEPT_BATCH; i++) {
    int fd = accept4(listener, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd == -1) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
        log_warn("accept at", "door alias");
        tain_addsec_g(&c->accept_again, ACCEPT_PAUSE);
      }
      return;
    }
    take(c, fd);
  }
}

int callers_accepting(callers const *c, tain *deadline)
{
  if (!tain_future(&c->accept_again))
    return 1;
  if (tain_less(&c->accept_again, deadline))
    *deadline = c->accept_again;
  return 0;
}

static void dismiss(callers *c, unsigned int i)
{
  caller *one = c->list[i];
  c->ordinary -= !!one->ordinary;
  door_close(&one->d);
  stralloc_free(&one->question);
  free(one);
  c->list[i] = c->list[--c->n];
}

void callers_drain(callers *c)
{
  c->draining = 1;
  for (unsigned int i = 0; i < c->n; i++)
    (void)shutdown(c->list[i]->d.fd, SHUT_RD);
}

/* ---- questions */

static int put_answer(callers *c, caller *one, unsigned char type, char const *s, size_t len)
{
  int ok;
  c->answer.len = 0;
  ok = answer(c->a, one->uid, type, s, len, &c->answer) == 1 &&
       question_put_answer(&one->d, c->answer.s, c->answer.len);
  if (c->answer.a > ANSWER_KEPT)
    stralloc_free(&c->answer);
  return ok;
}

/* 0: disconnect. Frames of one question are put together; only who may resolve may keep us storing them. */
static int take_frame(callers *c, caller *one, frame const *f)
{
  int ok;
  if (f->type == QUESTION_RESOLVE_MORE || one->question.len) {
    if (!answers_may_resolve(&c->a->ids, one->uid) || one->question.len + f->len > ANSWERS_QUESTION_MAX ||
        (f->type != QUESTION_RESOLVE_MORE && f->type != QUESTION_RESOLVE) ||
        !stralloc_catb(&one->question, f->s, f->len))
      return 0;
    if (f->type == QUESTION_RESOLVE_MORE)
      return 1;
    ok = put_answer(c, one, f->type, one->question.s, one->question.len);
    stralloc_free(&one->question);
    return ok;
  }
  return put_answer(c, one, f->type, f->s, f->len);
}

/* 1: all is sent; 0: the caller must read first; -1: he is gone. */
static int flush(caller *one)
{
  if (!door_wants_flush(&one->d) || door_flush(&one->d))
    return 1;
  return errno == EAGAIN ? 0 : -1;
}

/* One caller's turn. 0: disconnect him. The next question is read only when the last answer is on its way. */
static int serve(callers *c, caller *one)
{
  for (int i = 0; i < QUESTIONS_A_TURN; i++) {
    frame f = {.fd = -1};
    int sent = flush(one);
    if (sent != 1)
      return sent == 0;
    switch (door_get(&one->d, &f)) {
    case DOOR_NOTHING: return 1;
    case DOOR_FRAME: break;
    default: return 0;
    }
    expire_later(one);
    if (!take_frame(c, one, &f))
      return 0;
  }
  return flush(one) >= 0;
}

/* ---- the loop's two questions */

void callers_prepare(callers const *c, iopause_fd *x, tain *deadline)
{
  for (unsigned int i = 0; i < c->n; i++) {
    caller const *one = c->list[i];
    int writing = door_wants_flush(&one->d);
    x[i].fd = one->d.fd;
    x[i].events = writing ? IOPAUSE_WRITE : IOPAUSE_READ;
    if (!writing && door_has_frame(&one->d))
      *deadline = STAMP;
    if (tain_less(&one->deadline, deadline))
      *deadline = one->deadline;
  }
}

/* Backwards: a caller that goes is replaced by the last one, whose turn was before. */
void callers_act(callers *c, iopause_fd const *x)
{
  for (unsigned int i = c->n; i--;) {
    caller *one = c->list[i];
    int ready = x[i].revents || (!door_wants_flush(&one->d) && door_has_frame(&one->d));
    if (ready ? !serve(c, one) : !tain_future(&one->deadline))
      dismiss(c, i);
  }
}
