/* lookups - the root door's side: who is asked, who is slow, who is gone. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include "local/failure.h"
#include "local/lookup_process.h"
#include "local/lookups.h"

static void since_now(lookup *x)
{
  tain_now_g();
  x->since = STAMP;
}

static int is_past(lookup const *x, unsigned int milliseconds)
{
  tain end;
  tain_addsec(&end, &x->since, (int)(milliseconds / 1000));
  if (milliseconds % 1000) {
    tain rest;
    tain_from_millisecs(&rest, (int)(milliseconds % 1000));
    tain_add(&end, &end, &rest);
  }
  return !tain_future(&end);
}

void lookups_init(lookups *l, identities const *ids, control const *c)
{
  l->ids = ids;
  l->c = c;
  for (unsigned int i = 0; i < LOOKUPS_MAX; i++)
    l->one[i].fd = -1;
}

static int start(lookups *l, lookup *x)
{
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
    return 0;
  x->pid = fork();
  if (!x->pid)
    lookup_process(fds[1], l->c, l->ids);
  int e = errno;
  fd_close(fds[1]);
  if (x->pid < 0) {
    fd_close(fds[0]);
    return (errno = e, 0);
  }
  x->fd = fds[0];
  x->n = 0;
  x->slow = 0;
  since_now(x);
  return 1;
}

/* One that will answer soon; 0: errno. */
static lookup *pick(lookups *l)
{
  lookup *free_one = 0;
  for (unsigned int i = 0; i < LOOKUPS_MAX; i++) {
    lookup *x = l->one + i;
    if (x->fd < 0)
      free_one = free_one ? free_one : x;
    else if (!x->slow && x->n < LOOKUPS_AHEAD)
      return x;
  }
  if (!free_one)
    return (errno = EAGAIN, (lookup *)0);
  return start(l, free_one) ? free_one : 0;
}

int lookups_ask(lookups *l, question const *q)
{
  size_t len = offsetof(question, name) + strlen(q->name) + 1;
  lookup *x = pick(l);
  if (!x)
    return 0;
  if (send(x->fd, q, len, MSG_DONTWAIT | MSG_NOSIGNAL) != (ssize_t)len && errno != EPIPE)
    return 0; /* a dead one is seen at its end: it gives its questions back */
  if (!x->n)
    since_now(x);
  memcpy(x->q + x->n++, q, len);
  return 1;
}

/* ---- what comes of it */

typedef struct teller_s teller;
struct teller_s {
  void (*answer)(void *, question const *, who const *);
  void *data;
};

static void fail(teller const *t, question const *q)
{
  static who w;
  failure_set(&w.r, errno, "look up", q->name);
  (*t->answer)(t->data, q, &w);
}

/* The questions from the i-th on are another's. */
static void give_back(lookups *l, lookup *x, unsigned int i, teller const *t)
{
  unsigned int n = x->n;
  x->n = i < n ? i : n;
  for (; i < n; i++)
    if (!lookups_ask(l, x->q + i))
      fail(t, x->q + i);
}

/* It is gone: for which question, if it had any, is to be said. */
static void end(lookups *l, lookup *x, teller const *t)
{
  (void)kill(x->pid, SIGKILL); /* not reaped yet: a number that is its own */
  fd_close(x->fd);
  x->fd = -1;
  if (!x->n)
    return;
  errno = ETIMEDOUT;
  fail(t, x->q);
  give_back(l, x, 1, t);
  x->n = 0;
}

static void answered(lookups *l, lookup *x, uint64_t number, who const *w, teller const *t)
{
  (void)l;
  since_now(x);
  x->slow = 0;
  for (unsigned int i = 0; i < x->n; i++)
    if (x->q[i].number == number) {
      (*t->answer)(t->data, x->q + i, w); /* never asks */
      x->n--;
      memmove(x->q + i, x->q + i + 1, (x->n - i) * sizeof *x->q);
      return;
    }
}

/* Takes what it says. 0: it is gone, or says what makes no sense. */
static int hear(lookups *l, lookup *x, teller const *t)
{
  static lookup_answer a;
  for (;;) {
    ssize_t r = recv(x->fd, &a, sizeof a, MSG_DONTWAIT);
    if (r < 0)
      return errno == EAGAIN || errno == EINTR;
    if ((size_t)r < offsetof(lookup_answer, w) ||
        !who_is_sound(&a.w, (size_t)r - offsetof(lookup_answer, w), l->ids))
      return 0;
    answered(l, x, a.number, &a.w, t);
  }
}

static void look_at_clock(lookups *l, lookup *x, teller const *t)
{
  if (!x->n) {
    if (is_past(x, LOOKUPS_IDLE * 1000))
      end(l, x, t);
  } else if (is_past(x, LOOKUPS_GIVEN_UP * 1000))
    end(l, x, t);
  else if (!x->slow && is_past(x, LOOKUPS_SLOW)) {
    x->slow = 1;
    give_back(l, x, 1, t);
  }
}

void lookups_act(lookups *l, void (*answer)(void *, question const *, who const *), void *data)
{
  teller t = {.answer = answer, .data = data};
  tain_now_g();
  for (unsigned int i = 0; i < LOOKUPS_MAX; i++) {
    lookup *x = l->one + i;
    if (x->fd < 0)
      continue;
    if (!hear(l, x, &t))
      end(l, x, &t);
    else
      look_at_clock(l, x, &t);
  }
}

void lookups_renew(lookups *l, void (*answer)(void *, question const *, who const *), void *data)
{
  teller t = {.answer = answer, .data = data};
  static question all[LOOKUPS_MAX * LOOKUPS_AHEAD];
  unsigned int n = 0;
  for (unsigned int i = 0; i < LOOKUPS_MAX; i++) {
    lookup *x = l->one + i;
    if (x->fd < 0)
      continue;
    memcpy(all + n, x->q, x->n * sizeof *x->q);
    n += x->n;
    x->n = 0;
    end(l, x, &t);
  }
  for (unsigned int i = 0; i < n; i++)
    if (!lookups_ask(l, all + i))
      fail(&t, all + i);
}

unsigned int lookups_prepare(lookups const *l, iopause_fd *x, tain *deadline)
{
  unsigned int n = 0;
  for (unsigned int i = 0; i < LOOKUPS_MAX; i++) {
    lookup const *one = l->one + i;
    tain end;
    if (one->fd < 0)
      continue;
    x[n++] = (iopause_fd){.fd = one->fd, .events = IOPAUSE_READ};
    tain_addsec(&end, &one->since,
                one->n && !one->slow ? 1
                : one->n             ? (int)LOOKUPS_GIVEN_UP
                                     : (int)LOOKUPS_IDLE);
    if (tain_less(&end, deadline))
      *deadline = end;
  }
  return n;
}
