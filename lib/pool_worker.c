/* pool_worker - the life of one worker: wait for a client, serve it, wait again.

   With one listener it blocks in accept4: one system call a client, and the kernel wakes one worker only.
   With several it waits in an epoll of its own (EPOLLEXCLUSIVE) first. No timer: who is idle for too long is
   told so by the master. A signal closes the listeners in its handler, so that one that comes just before
   accept4 is not lost: the call then fails. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include <skalibs/selfpipe.h>
#include <skalibs/sig.h>
#include <skalibs/tai.h>
#include "lib/exits.h"
#include "lib/log.h"
#include "lib/pool_board.h"
#include "lib/text.h"

#define GRACE 5u    /* seconds after `drain` when a worker that overstays is ended by SIGALRM */
#define FULL_MS 100 /* pause when the system has no descriptor or memory for a client */

static struct {
  pool_spec const *spec;
  pool_board *board;
  unsigned int generation;
  int epoll; /* -1: one listener */
  volatile sig_atomic_t retire;
  volatile sig_atomic_t drain;
  volatile sig_atomic_t ticks; /* seconds since the drain began */
  int timed;                   /* deadline is set */
  tain deadline;
} me = {.epoll = -1};

unsigned int pool_board_idle(pool_board *b)
{
  unsigned int n = atomic_load_explicit(&b->slots, memory_order_relaxed);
  unsigned int idle = 0;
  unsigned int i = 0;
  if (n > POOL_SLOTS)
    n = POOL_SLOTS;
  for (; i < n; i++) {
    unsigned char s = atomic_load_explicit(&b->state[i], memory_order_relaxed);
    idle += s == POOL_FRESH || s == POOL_IDLE;
  }
  return idle;
}

int pool_draining(tain *deadline)
{
  if (!me.drain)
    return 0;
  if (!me.timed) {
    tain_now_g();
    tain_addsec_g(&me.deadline, (int)me.spec->drain);
    me.timed = 1;
  }
  if (deadline && tain_less(&me.deadline, deadline))
    *deadline = me.deadline;
  return 1;
}

int pool_outdated(void)
{
  return me.board && atomic_load_explicit(&me.board->generation, memory_order_relaxed) != me.generation;
}

static void close_listeners(void)
{
  unsigned int i = 0;
  if (me.epoll >= 0)
    close(me.epoll);
  for (; i < me.spec->n; i++)
    close(me.spec->listeners[i]);
}

/* In a draining worker, each second: a wait that began just after the first signal is interrupted too, and
   looks at pool_draining again. Who overstays is ended. */
static void on_tick(int sig)
{
  if ((unsigned int)++me.ticks <= me.spec->drain + GRACE)
    return;
  (void)signal(sig, SIG_DFL);
  (void)raise(sig);
}

static void on_signal(int sig)
{
  static struct itimerval const second = {.it_interval = {.tv_sec = 1}, .it_value = {.tv_sec = 1}};
  int e = errno;
  if (!me.retire && !me.drain)
    close_listeners();
  if (sig == SIGUSR1)
    me.retire = 1;
  else if (!me.drain) {
    me.drain = 1;
    (void)setitimer(ITIMER_REAL, &second, 0);
  }
  errno = e;
}

/* The handlers first, then the end of the master's selfpipe, which lets in what came meanwhile. */
static void hear_signals(void)
{
  struct sigaction sa = {.sa_handler = &on_signal};
  struct sigaction const tick = {.sa_handler = &on_tick};
  sigemptyset(&sa.sa_mask);
  sigaddset(&sa.sa_mask, SIGTERM);
  sigaddset(&sa.sa_mask, SIGINT);
  sigaddset(&sa.sa_mask, SIGUSR1);
  (void)sigaction(SIGTERM, &sa, 0);
  (void)sigaction(SIGINT, &sa, 0);
  (void)sigaction(SIGUSR1, &sa, 0);
  (void)sigaction(SIGALRM, &tick, 0);
  (void)signal(SIGHUP, SIG_IGN);
  selfpipe_finish();
  sig_unblock(SIGUSR1);
}

static int open_epoll(void)
{
  unsigned int i = 0;
  if (me.spec->n == 1)
    return 1;
  me.epoll = epoll_create1(EPOLL_CLOEXEC);
  if (me.epoll < 0)
    return 0;
  for (; i < me.spec->n; i++) {
    struct epoll_event ev = {.events = EPOLLIN | EPOLLEXCLUSIVE, .data.fd = me.spec->listeners[i]};
    if (epoll_ctl(me.epoll, EPOLL_CTL_ADD, me.spec->listeners[i], &ev) < 0)
      return 0;
  }
  return 1;
}

static void leave(unsigned int slot, int code)
{
  atomic_store(&me.board->state[slot], POOL_NOBODY);
  _exit(code);
}

static struct sockaddr_storage peer;

struct sockaddr_storage const *pool_peer(void)
{
  return &peer;
}

/* A client, or -1: look at the flags and try again. */
static int next_client(void)
{
  struct epoll_event ev = {.data.fd = me.spec->listeners[0]};
  socklen_t len = sizeof peer;
  int fd;
  if (me.epoll >= 0 && epoll_wait(me.epoll, &ev, 1, -1) != 1)
    return -1;
  fd = accept4(ev.data.fd, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);
  if (fd >= 0)
    return fd;
  switch (errno) {
  case EMFILE:
  case ENFILE:
  case ENOMEM:
  case ENOBUFS:
    log_warn("accept", "a client");
    (void)poll(0, 0, FULL_MS);
    break;
  case EBADF:
  case EINVAL:
  case ENOTSOCK:
    if (!me.retire && !me.drain)
      _exit(EXITS_BUG);
    break;
  case EAGAIN: /* another was faster; or somebody has made the only listener non-blocking: do not spin */
    if (me.epoll < 0)
      (void)poll(&(struct pollfd){.fd = ev.data.fd, .events = POLLIN}, 1, -1);
    break;
  default: break; /* EINTR, or the client went away */
  }
  return -1;
}

/* Marks this worker busy; the one that leaves nobody idle wakes the master. The exchange orders the mark
   before the count, so that of two which take the last places at the same time at least one sees that there
   is none. */
static void become_busy(unsigned int slot, int wake)
{
  unsigned int low = atomic_load_explicit(&me.board->low, memory_order_relaxed);
  unsigned int idle;
  (void)atomic_exchange(&me.board->state[slot], POOL_BUSY);
  idle = pool_board_idle(me.board);
  while (idle < low && !atomic_compare_exchange_weak(&me.board->low, &low, idle))
    ;
  if (!idle && write(wake, "", 1) < 0 && errno != EAGAIN &&
      errno != EPIPE) /* EPIPE: the master is gone, we drain */
    log_warn("wake", "the master");
}

void pool_worker(pool_spec const *spec, pool_board *b, unsigned int slot, int wake, unsigned int generation)
{
  /* Not all at the same time: a quarter of the uses is spread over the slots. */
  unsigned int uses = spec->uses - (spec->uses ? slot * 7 % (spec->uses / 4 + 1) : 0);
  unsigned int served = 0;
  me.spec = spec;
  me.board = b;
  me.generation = generation;
  hear_signals();
  tain_now_g();
  if (!open_epoll() && !me.retire && !me.drain) { /* a signal closes what goes into it */
    log_warn("make", "an epoll");
    leave(slot, EXITS_TEMPORARY);
  }
  if (spec->enter && !(*spec->enter)(spec->data, slot))
    _exit(EXITS_TEMPORARY); /* the slot stays FRESH: the master then takes its time */
  text_release();
  atomic_store(&b->state[slot], POOL_IDLE);
  for (;;) {
    int stay;
    int fd;
    if (me.retire || me.drain || pool_outdated())
      leave(slot, EXITS_OK);
    fd = next_client();
    if (fd < 0)
      continue;
    become_busy(slot, wake);
    tain_now_g();
    stay = (*spec->serve)(spec->data, slot, fd);
    fd_close(fd);
    if (!stay || (uses && ++served >= uses))
      leave(slot, EXITS_OK);
    atomic_store(&b->state[slot], POOL_IDLE);
  }
}
