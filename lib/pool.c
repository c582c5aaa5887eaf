/* pool - the master of a pool: forks workers, replaces those that die, sends some away when too many are
   idle.

   It asks nothing of its workers but a byte in a pipe when nobody is idle, and touches no client. It sleeps
   for as long as nothing happens. Fork failing, or workers that die before their first client, make it wait
   and try again; it never exits but by DRAIN. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include <skalibs/iopause.h>
#include <skalibs/sig.h>
#include "lib/exits.h"
#include "lib/log.h"
#include "lib/pool_board.h"
#include "lib/service.h"
#include "lib/text.h"

#define BATCH 16u        /* forks between two looks at the signals */
#define PAUSE_FORK 1000u /* milliseconds after a fork that failed */
#define PAUSE_DEATH 250u /* after a worker that died before it could serve */
#define PAUSE_FULL 100u  /* between two looks whether a client waits while all are busy */

static struct {
  pool_spec *spec;
  pool_board *board;
  int wake[2];
  unsigned int workers;
  unsigned int size;       /* as many workers are wanted */
  unsigned int generation; /* of the settings that a fork takes along */
  tain hold;               /* no fork before this */
  int held;
  tain look; /* when to look for idle workers next */
  tain full; /* when to look for a client that waits next, while all are busy */
  pid_t pid[POOL_SLOTS];
} master;

static unsigned int max_workers(void)
{
  unsigned int max = master.spec->max;
  return !max ? 1 : max < POOL_SLOTS ? max : POOL_SLOTS;
}

static unsigned int min_workers(void)
{
  unsigned int max = max_workers();
  return !master.spec->min ? 1 : master.spec->min < max ? master.spec->min : max;
}

/* How many should be idle when this many are busy. */
static unsigned int spare(unsigned int busy)
{
  unsigned int least = busy && master.spec->spare ? master.spec->spare : min_workers();
  return busy / 4 > least ? busy / 4 : least;
}

static void look_again(void)
{
  tain_addsec_g(&master.look, master.spec->linger ? (int)master.spec->linger : 1);
}

static void pause_forks(unsigned int ms)
{
  tain t;
  tain_from_millisecs(&t, (int)ms);
  tain_add_g(&master.hold, &t);
  master.held = 1;
}

static void be_worker(unsigned int slot, pid_t parent)
{
  fd_close(master.wake[0]);
  (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) /* died before we asked to be told */
    _exit(EXITS_OK);
  pool_worker(master.spec, master.board, slot, master.wake[1], master.generation);
}

/* 0: no slot is free, or the system gives no process now. */
static int start_worker(void)
{
  unsigned int max = max_workers();
  unsigned int slot = 0;
  pid_t parent = getpid();
  pid_t pid;
  while (slot < max && master.pid[slot])
    slot++;
  if (slot == max)
    return 0;
  if (slot >= atomic_load(&master.board->slots))
    atomic_store(&master.board->slots, slot + 1);
  atomic_store(&master.board->state[slot], POOL_FRESH);
  pid = fork();
  if (!pid)
    be_worker(slot, parent);
  if (pid < 0) {
    atomic_store(&master.board->state[slot], POOL_NOBODY);
    log_warn("fork", "a worker");
    pause_forks(PAUSE_FORK);
    return 0;
  }
  master.pid[slot] = pid;
  master.workers++;
  return 1;
}

/* Forks what is missing. 1: more is missing, come back at once. */
static int fill(void)
{
  unsigned int i = 0;
  if (master.held) {
    if (tain_future(&master.hold))
      return 0;
    master.held = 0;
  }
  for (; master.workers < master.size && i < BATCH; i++)
    if (!start_worker())
      return 0;
  return master.workers < master.size;
}

/* Somebody took the last free place. */
static void grow(void)
{
  char buf[64];
  unsigned int idle;
  unsigned int size;
  while (read(master.wake[0], buf, sizeof buf) > 0)
    ;
  idle = pool_board_idle(master.board);
  if (idle)
    return;
  size = master.workers + spare(master.workers);
  if (size > max_workers())
    size = max_workers();
  if (size > master.size)
    master.size = size;
  look_again();
}

/* Tells up to n idle workers, highest slot first, that they are not needed. One that gets a client in this
   moment serves it first. */
static void retire(unsigned int n)
{
  unsigned int slot = POOL_SLOTS;
  while (n && slot--)
    if (master.pid[slot] && atomic_load(&master.board->state[slot]) == POOL_IDLE) {
      (void)kill(master.pid[slot], SIGUSR1);
      n--;
    }
}

/* Once in `linger` seconds: as many as were idle all the time, beyond the spare ones, go. */
static void shrink(void)
{
  unsigned int idle = pool_board_idle(master.board);
  unsigned int low = atomic_exchange(&master.board->low, idle);
  unsigned int keep;
  unsigned int n;
  if (low > idle)
    low = idle;
  if (low > master.workers)
    low = master.workers;
  keep = spare(master.workers - low);
  n = low > keep ? low - keep : 0;
  if (master.size - n < min_workers())
    n = master.size > min_workers() ? master.size - min_workers() : 0;
  master.size -= n;
  retire(n);
  look_again();
}

static void tell_death(unsigned int slot, pid_t pid, int wstat)
{
  log_entry l;
  log_begin(&l, 0, "warning");
  log_add(&l, "what", "a worker died");
  log_add_number(&l, "pid", (uint64_t)pid);
  if (WIFSIGNALED(wstat))
    log_add_number(&l, "signal", (uint64_t)WTERMSIG(wstat));
  else
    log_add_number(&l, "exit", (uint64_t)WEXITSTATUS(wstat));
  log_end(&l);
  if (master.spec->died)
    (*master.spec->died)(master.spec->data, slot, wstat);
}

static void bury(pid_t pid, int wstat)
{
  unsigned int slot = 0;
  int fresh;
  while (slot < POOL_SLOTS && master.pid[slot] != pid)
    slot++;
  if (slot == POOL_SLOTS) {
    if (master.spec->lost)
      (*master.spec->lost)(master.spec->data, pid);
    return;
  }
  fresh = atomic_exchange(&master.board->state[slot], POOL_NOBODY) == POOL_FRESH;
  master.pid[slot] = 0;
  master.workers--;
  if (!wstat)
    return;
  tell_death(slot, pid, wstat);
  if (fresh)
    pause_forks(PAUSE_DEATH);
}

static void reap(void)
{
  for (;;) {
    int wstat;
    pid_t pid = waitpid(-1, &wstat, WNOHANG);
    if (pid <= 0)
      return;
    bury(pid, wstat);
  }
}

static void tell_all(int sig)
{
  unsigned int slot = 0;
  for (; slot < POOL_SLOTS; slot++)
    if (master.pid[slot])
      (void)kill(master.pid[slot], sig);
}

static void reload(void)
{
  if (!master.spec->reload || !(*master.spec->reload)(master.spec->data, master.spec))
    return;
  if (master.size < min_workers())
    master.size = min_workers();
  if (master.size > max_workers())
    master.size = max_workers();
  atomic_store(&master.board->generation, ++master.generation);
  tell_all(SIGUSR1);
}

/* 1: go on. */
static int hear(void)
{
  for (;;) {
    switch (service_signal_get()) {
    case SERVICE_NONE: return 1;
    case SERVICE_RELOAD: reload(); break;
    case SERVICE_CHILD: reap(); break;
    case SERVICE_DRAIN: return 0;
    case SERVICE_NOW: break; /* a pool has nothing that waits */
    }
  }
}

static void stop(void)
{
  unsigned int i = 0;
  for (; i < master.spec->n; i++)
    fd_close(master.spec->listeners[i]);
  tell_all(SIGTERM);
  fd_close(master.wake[0]);
  fd_close(master.wake[1]);
}

/* The listeners are shared with the holder and with whoever ran before: say how they are to be used. */
static int set_listeners(pool_spec const *spec)
{
  unsigned int i = 0;
  for (; i < spec->n; i++)
    if ((spec->n == 1 ? ndelay_off(spec->listeners[i]) : ndelay_on(spec->listeners[i])) < 0)
      return 0;
  return 1;
}

static int is_full(void)
{
  return master.spec->full && master.workers >= max_workers() && !pool_board_idle(master.board);
}

/* While all are busy: does a client wait? Then those that `full` names are interrupted. */
static void look_for_clients(void)
{
  unsigned int slots[POOL_ASK_MAX];
  unsigned int n, i = 0;
  int waits = 0;
  tain pause;
  tain_from_millisecs(&pause, (int)PAUSE_FULL);
  tain_add_g(&master.full, &pause);
  for (; i < master.spec->n && !waits; i++)
    waits = poll(&(struct pollfd){.fd = master.spec->listeners[i], .events = POLLIN}, 1, 0) == 1;
  n = waits ? (*master.spec->full)(master.spec->data, slots) : 0;
  for (i = 0; i < n; i++)
    if (slots[i] < POOL_SLOTS && master.pid[slots[i]])
      (void)kill(master.pid[slots[i]], SIGUSR1);
}

static int sleep_until_something(int signals, int more)
{
  iopause_fd x[2] = {{.fd = signals, .events = IOPAUSE_READ}, {.fd = master.wake[0], .events = IOPAUSE_READ}};
  tain now = STAMP;
  tain *deadline = 0;
  if (more)
    deadline = &now;
  else {
    if (master.workers > min_workers())
      deadline = &master.look;
    if (master.workers < master.size && master.held && (!deadline || tain_less(&master.hold, deadline)))
      deadline = &master.hold;
    if (is_full() && (!deadline || tain_less(&master.full, deadline)))
      deadline = &master.full;
  }
  if (iopause_g(x, 2, deadline) < 0) {
    if (errno != EINTR) {
      log_warn("wait for", "workers");
      (void)nanosleep(&(struct timespec){.tv_nsec = 100000000}, 0);
    }
    return 1;
  }
  if (x[1].revents)
    grow();
  return !x[0].revents || hear();
}

int pool_run(pool_spec *spec)
{
  int signals = service_signals();
  int more = 1;
  master.spec = spec;
  master.board = mmap(0, sizeof *master.board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (signals < 0 || master.board == MAP_FAILED || pipenbcoe(master.wake) < 0 || !set_listeners(spec))
    service_fail("prepare", "a pool of workers");
  sig_block(SIGUSR1); /* until a fresh worker has its handler */
  master.size = min_workers();
  tain_now_g();
  look_again();
  service_ready(); /* the sockets listen: who comes now waits for the first worker, which shall not inherit
                      s6's pipe */
  more = fill();
  text_release(); /* forking needed more than waiting does */
  while (sleep_until_something(signals, more)) {
    if (master.workers > min_workers() && !tain_future(&master.look))
      shrink();
    if (is_full() && !tain_future(&master.full))
      look_for_clients();
    more = fill();
  }
  stop();
  return EXITS_OK;
}
