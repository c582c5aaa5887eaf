/* watch - level-triggered in both ways, so that nothing is lost when a batch is full or a callee reads only a
 * part. */
#include <errno.h>
#include <poll.h>
#ifdef __linux__
#include <sys/epoll.h>
#endif
#include <unistd.h>
#include <skalibs/djbunix.h>
#include "send/watch.h"

#define ALL(w) genalloc_s(watched *, &(w)->all)
#define ALL_N(w) genalloc_len(watched *, &(w)->all)
#define FDS(w) genalloc_s(struct pollfd, &(w)->fds)

/* ---- epoll */
#ifdef __linux__

static int start(void)
{
  return epoll_create1(EPOLL_CLOEXEC);
}

static int tell(watch *w, watched *x, int op)
{
  struct epoll_event e = {.events =
                              (x->want & WATCH_READ ? EPOLLIN : 0) | (x->want & WATCH_WRITE ? EPOLLOUT : 0),
                          .data = {.ptr = x}};
  return epoll_ctl(w->epfd, op, x->fd, &e) == 0;
}
#define TELL_ADD EPOLL_CTL_ADD
#define TELL_CHANGE EPOLL_CTL_MOD
#define TELL_REMOVE EPOLL_CTL_DEL

static int gather(watch *w, int ms)
{
  struct epoll_event e[WATCH_BATCH];
  int n = epoll_wait(w->epfd, e, WATCH_BATCH, ms);
  for (int i = 0; i < n; i++) {
    w->batch[i] = e[i].data.ptr;
    w->got[i] =
        (e[i].events & EPOLLOUT ? WATCH_WRITE : 0) | (e[i].events & ~(unsigned)EPOLLOUT ? WATCH_READ : 0);
  }
  w->n = n > 0 ? (unsigned int)n : 0;
  return n >= 0;
}

#else
#define TELL_ADD 1
#define TELL_CHANGE 2
#define TELL_REMOVE 3
static int start(void)
{
  return -1;
}
static int tell(watch *w, watched *x, int op)
{
  (void)w;
  (void)x;
  (void)op;
  return 1;
}
static int gather(watch *w, int ms)
{
  (void)w;
  (void)ms;
  return (errno = ENOSYS, 0);
}
#endif

/* ---- poll */

static short events(unsigned int want)
{
  return (short)((want & WATCH_READ ? POLLIN : 0) | (want & WATCH_WRITE ? POLLOUT : 0));
}

static int gather_by_poll(watch *w, int ms)
{
  size_t all = ALL_N(w);
  w->n = 0;
  if (poll(FDS(w), all, ms) < 0)
    return 0;
  for (size_t k = 0; k < all && w->n < WATCH_BATCH; k++) {
    size_t i = (w->turn + k) % all;
    short r = FDS(w)[i].revents;
    if (!r)
      continue;
    w->batch[w->n] = ALL(w)[i];
    w->got[w->n++] = (r & POLLOUT ? WATCH_WRITE : 0) | (r & ~POLLOUT ? WATCH_READ : 0);
  }
  w->turn += WATCH_BATCH;
  return 1;
}

/* ---- both */

int watch_init(watch *w, enum watch_how how)
{
  *w = (watch){.epfd = -1};
  if (how == WATCH_BEST)
    w->epfd = start();
  return 1;
}

void watch_free(watch *w)
{
  if (w->epfd >= 0)
    fd_close(w->epfd);
  genalloc_free(watched *, &w->all);
  genalloc_free(struct pollfd, &w->fds);
  w->epfd = -1;
}

int watch_add(watch *w, watched *x, int fd, unsigned int want, void (*act)(void *, unsigned int), void *data)
{
  struct pollfd p = {.fd = fd, .events = events(want)};
  *x = (watched){.fd = fd, .want = want, .place = ALL_N(w), .act = act, .data = data};
  if (!genalloc_append(watched *, &w->all, &x))
    return (x->fd = -1, 0);
  if (w->epfd >= 0 ? tell(w, x, TELL_ADD) : genalloc_append(struct pollfd, &w->fds, &p))
    return 1;
  genalloc_setlen(watched *, &w->all, x->place);
  return (x->fd = -1, 0);
}

void watch_want(watch *w, watched *x, unsigned int want)
{
  if (x->fd < 0 || x->want == want)
    return;
  x->want = want;
  if (w->epfd >= 0)
    (void)tell(w, x, TELL_CHANGE);
  else
    FDS(w)[x->place].events = events(want);
}

void watch_remove(watch *w, watched *x)
{
  size_t last = ALL_N(w) - 1;
  if (x->fd < 0)
    return;
  for (unsigned int i = 0; i < w->n; i++)
    if (w->batch[i] == x)
      w->batch[i] = 0;
  if (w->epfd >= 0)
    (void)tell(w, x, TELL_REMOVE);
  else {
    FDS(w)[x->place] = FDS(w)[last];
    genalloc_setlen(struct pollfd, &w->fds, last);
  }
  ALL(w)[x->place] = ALL(w)[last];
  ALL(w)[x->place]->place = x->place;
  genalloc_setlen(watched *, &w->all, last);
  x->fd = -1;
}

/* Milliseconds until the deadline, rounded up. */
static int until(tain const *deadline)
{
  tain left;
  int ms;
  if (!tain_future(deadline))
    return 0;
  tain_sub(&left, deadline, &STAMP);
  ms = tain_to_millisecs(&left);
  return ms < 0 || ms > 3600000 ? 3600000 : ms + 1;
}

int watch_wait(watch *w, tain const *deadline)
{
  int ms = until(deadline);
  int ok = w->epfd >= 0 ? gather(w, ms) : gather_by_poll(w, ms);
  int e = errno;
  tain_now_g();
  if (!ok)
    return e == EINTR || e == EAGAIN || (errno = e, 0);
  for (unsigned int i = 0; i < w->n; i++)
    if (w->batch[i])
      w->batch[i]->act(w->batch[i]->data, w->got[i]);
  w->n = 0;
  return 1;
}
