/* Tests of lib/pool: a pool in a child, clients here. A client is told the worker's pid and slot, and says
   what the worker shall do: 'q' stay, 'o' be odd, 'k' die by a signal, 'd' end at the drain's deadline, end
   of file: stay. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <skalibs/tai.h>
#include "lib/listener.h"
#include "lib/pool.h"

typedef struct shared_s shared;
struct shared_s {
  atomic_uint entered;
  atomic_uint died;
  atomic_uint failing; /* enter fails */
  atomic_uint setting;
};

typedef struct hello_s hello;
struct hello_s {
  pid_t pid;
  unsigned int slot;
  unsigned int setting;
};

static shared *sh;
static char dir[32];
static pid_t master;
static unsigned int setting; /* as the master last read it */
static unsigned int spare;

static int enter(void *data, unsigned int slot)
{
  (void)data;
  (void)slot;
  atomic_fetch_add(&sh->entered, 1);
  return !atomic_load(&sh->failing);
}

static int serve(void *data, unsigned int slot, int fd)
{
  hello h = {.pid = getpid(), .slot = slot, .setting = setting};
  char c = 'q';
  (void)data;
  if (write(fd, &h, sizeof h) < 0)
    return 0;
  while (read(fd, &c, 1) < 0 && errno == EINTR)
    ;
  if (c == 'k')
    raise(SIGKILL);
  while (c == 'd') {
    tain deadline = tain_infinite;
    tain_now_g();
    if (pool_draining(&deadline) && !tain_future(&deadline))
      break;
    (void)poll(0, 0, 20);
  }
  return c != 'o';
}

static int reload(void *data, pool_spec *spec)
{
  (void)data;
  (void)spec;
  setting = atomic_load(&sh->setting);
  return 1;
}

static void died(void *data, unsigned int slot, int wstat)
{
  (void)data;
  (void)slot;
  (void)wstat;
  atomic_fetch_add(&sh->died, 1);
}

static int start(unsigned int min, unsigned int max, unsigned int uses, unsigned int listeners)
{
  memset(sh, 0, sizeof *sh);
  master = fork();
  if (master < 0)
    return -1;
  if (!master) {
    int l[2];
    pool_spec spec = {
        .min = min, .max = max, .uses = uses, .linger = 1, .drain = 1, .listeners = l, .n = listeners};
    spec.spare = spare;
    spec.enter = &enter;
    spec.serve = &serve;
    spec.reload = &reload;
    spec.died = &died;
    tain_now_set_stopwatch_g();
    (void)close(2);
    (void)open("/dev/null", O_WRONLY);
    l[0] = listener_door("a", getuid(), getgid(), 0600);
    l[1] = listeners > 1 ? listener_door("b", getuid(), getgid(), 0600) : -1;
    _exit(pool_run(&spec));
  }
  return 0;
}

static int setup(void **state)
{
  (void)state;
  strcpy(dir, "/tmp/lib_pool.XXXXXX");
  return !mkdtemp(dir) || chdir(dir) || mkdir("run", 0700) || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

/* The number of processes of the pool that end within so many milliseconds. */
static unsigned int reap(int ms)
{
  unsigned int n = 0;
  for (;;) {
    pid_t pid = waitpid(-1, 0, WNOHANG);
    if (pid > 0) {
      n++;
      if (pid == master)
        master = 0;
      continue;
    }
    if (pid < 0 || ms <= 0)
      return n;
    (void)poll(0, 0, 10);
    ms -= 10;
  }
}

static int teardown(void **state)
{
  (void)state;
  if (master)
    kill(master, SIGTERM);
  (void)reap(3000);
  spare = 0;
  unlink("run/a");
  unlink("run/b");
  rmdir("run");
  return chdir("/") || rmdir(dir);
}

static int try_connect(char const *name)
{
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  snprintf(to.sun_path, sizeof to.sun_path, "run/%s", name);
  if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
    close(fd);
    return -1;
  }
  return fd;
}

static int dial(char const *name)
{
  int i;
  for (i = 0; i < 300; i++) {
    int fd = try_connect(name);
    if (fd >= 0)
      return fd;
    (void)poll(0, 0, 10);
  }
  fail_msg("run/%s: got %s want a connection", name, strerror(errno));
  return -1;
}

/* 0: nobody answered in so many milliseconds. */
static int greeted(int fd, hello *h, int ms)
{
  struct pollfd x = {.fd = fd, .events = POLLIN};
  return poll(&x, 1, ms) == 1 && read(fd, h, sizeof *h) == sizeof *h;
}

static hello visit(char const *name, char what)
{
  hello h = {.pid = 0};
  char c;
  int fd = dial(name);
  if (!greeted(fd, &h, 3000))
    fail_msg("got no worker within 3 seconds");
  assert_int_equal(write(fd, &what, 1), 1);
  (void)!read(fd, &c, 1); /* until it hangs up */
  close(fd);
  return h;
}

static void a_worker_serves_many_and_is_replaced(void **state)
{
  pid_t seen[64];
  unsigned int times[64] = {0};
  unsigned int n = 0;
  unsigned int i, j;
  (void)state;
  assert_false(start(2, 4, 5, 1));
  for (i = 0; i < 60; i++) {
    hello h = visit("a", 'q');
    assert_true(h.slot < 4);
    for (j = 0; j < n && seen[j] != h.pid; j++)
      ;
    if (j == n)
      seen[n++] = h.pid;
    times[j]++;
  }
  for (j = 0; j < n; j++)
    if (times[j] > 5)
      fail_msg("a worker: got %u clients want at most 5", times[j]);
  assert_in_range(n, 12, 20);
  assert_int_equal(atomic_load(&sh->died), 0);
}

static void a_pool_grows_to_its_bound_and_shrinks(void **state)
{
  int fd[12];
  hello h[12];
  unsigned int i, j;
  unsigned int up = 0;
  unsigned int forked;
  (void)state;
  assert_false(start(2, 8, 0, 1));
  for (i = 0; i < 12; i++)
    fd[i] = dial("a");
  for (i = 0; i < 12; i++)
    up += (unsigned int)greeted(fd[i], &h[i], i < 8 ? 2000 : 100);
  assert_int_equal(up, 8);
  for (i = 0; i < 8; i++)
    for (j = 0; j < i; j++)
      assert_true(h[i].slot != h[j].slot && h[i].pid != h[j].pid);
  for (i = 0; i < 8; i++)
    close(fd[i]);
  for (i = 8; i < 12; i++) {
    assert_true(greeted(fd[i], &h[i], 2000));
    close(fd[i]);
  }
  forked = atomic_load(&sh->entered);
  assert_int_equal(forked, 8);
  (void)poll(0, 0, 3500); /* some `linger`s later there are 2 again, and the door is open all the while */
  for (i = 0; i < 8; i++)
    fd[i] = dial("a");
  for (up = 0, i = 0; i < 8; i++)
    up += (unsigned int)greeted(fd[i], &h[i], 2000);
  assert_int_equal(up, 8);
  assert_int_equal(atomic_load(&sh->entered), forked + 6);
  for (i = 0; i < 8; i++)
    close(fd[i]);
}

/* The master's children: those that wait, and those that serve. */
static unsigned int workers(void)
{
  char path[64];
  unsigned int n = 0;
  int pid;
  snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)master, (int)master);
  FILE *f = fopen(path, "r");
  while (f && fscanf(f, "%d", &pid) == 1)
    n++;
  if (f)
    fclose(f);
  return n;
}

static void wait_for_workers(unsigned int want)
{
  unsigned int got = 0;
  for (unsigned int i = 0; i < 600 && (got = workers()) != want; i++)
    (void)poll(0, 0, 10);
  if (got != want)
    fail_msg("got %u workers want %u", got, want);
}

static void few_wait_at_rest_and_more_beside_a_busy_one(void **state)
{
  hello h;
  (void)state;
  if (access("/proc/thread-self/children", R_OK) < 0)
    skip(); /* a kernel that doesn't list them */
  spare = 3;
  assert_false(start(1, 8, 0, 1));
  wait_for_workers(1);
  int fd = dial("a");
  assert_true(greeted(fd, &h, 2000));
  wait_for_workers(4);
  (void)poll(0, 0, 1500); /* longer than `linger` */
  wait_for_workers(4);
  close(fd);
  wait_for_workers(1);
  assert_int_equal(visit("a", 'q').slot, 0); /* the lowest slots stay */
}

static void the_odd_and_the_dead_are_replaced(void **state)
{
  hello one, two;
  unsigned int i;
  (void)state;
  assert_false(start(1, 1, 0, 1));
  one = visit("a", 'q');
  two = visit("a", 'o');
  assert_int_equal(one.pid, two.pid);
  one = visit("a", 'q');
  assert_int_not_equal(one.pid, two.pid);
  assert_int_equal(atomic_load(&sh->died), 0);
  for (i = 0; i < 20; i++)
    (void)visit("a", 'k');
  two = visit("a", 'q');
  assert_int_not_equal(one.pid, two.pid);
  assert_int_equal(two.slot, 0);
  assert_int_equal(atomic_load(&sh->died), 20);
}

static void who_cannot_start_is_not_forked_for_ever(void **state)
{
  struct timespec before, after;
  unsigned int n;
  hello h;
  (void)state;
  assert_false(start(2, 4, 0, 1));
  h = visit("a", 'q');
  assert_true(h.pid);
  atomic_store(&sh->failing, 1);
  (void)visit("a", 'o');
  n = atomic_load(&sh->entered);
  clock_gettime(CLOCK_MONOTONIC, &before);
  (void)poll(0, 0, 1000);
  n = atomic_load(&sh->entered) - n;
  clock_gettime(CLOCK_MONOTONIC, &after); /* a busy machine sleeps longer */
  assert_in_range(n, 1, 8 * (1 + (unsigned int)(after.tv_sec - before.tv_sec)));
  atomic_store(&sh->failing, 0);
  (void)visit("a", 'q');
}

static void reload_replaces_who_is_idle_and_spares_who_is_not(void **state)
{
  hello busy, after;
  int fd;
  char c;
  (void)state;
  assert_false(start(2, 4, 0, 1));
  fd = dial("a");
  assert_true(greeted(fd, &busy, 2000));
  assert_int_equal(busy.setting, 0);
  atomic_store(&sh->setting, 7);
  kill(master, SIGHUP);
  (void)poll(0, 0, 200);
  after = visit("a", 'q');
  assert_int_equal(after.setting, 7);
  assert_int_equal(write(fd, "q", 1), 1);
  assert_int_equal(read(fd, &c, 1), 0); /* served to its end */
  close(fd);
  (void)poll(0, 0, 100);
  for (int i = 0; i < 8; i++)
    assert_int_equal(visit("a", 'q').setting, 7);
  assert_int_equal(atomic_load(&sh->died), 0);
}

static void drain_ends_the_master_now_and_workers_later(void **state)
{
  struct timespec from, to;
  hello h;
  char c;
  int fd, slow;
  (void)state;
  assert_false(start(2, 8, 0, 1));
  fd = dial("a");
  slow = dial("a");
  assert_true(greeted(fd, &h, 2000) && greeted(slow, &h, 2000));
  assert_int_equal(write(slow, "d", 1), 1);
  clock_gettime(CLOCK_MONOTONIC, &from);
  kill(master, SIGTERM);
  assert_true(reap(300) >= 1);
  assert_int_equal(master, 0);
  assert_int_equal(try_connect("a"), -1); /* nobody holds the listener */
  assert_int_equal(errno, ECONNREFUSED);
  assert_int_equal(write(fd, "q", 1), 1);
  assert_int_equal(read(fd, &c, 1), 0);
  close(fd);
  assert_int_equal(read(slow, &c, 1), 0);
  close(slow);
  clock_gettime(CLOCK_MONOTONIC, &to);
  assert_in_range((to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000, 900, 2000);
  (void)reap(200);
  assert_int_equal(waitpid(-1, 0, WNOHANG), -1); /* none is left */
}

static void a_killed_master_takes_its_workers_along(void **state)
{
  hello h;
  char c;
  int fd;
  (void)state;
  assert_false(start(3, 8, 0, 1));
  fd = dial("a");
  assert_true(greeted(fd, &h, 2000));
  kill(master, SIGKILL);
  (void)reap(300);
  assert_int_equal(write(fd, "q", 1), 1);
  assert_int_equal(read(fd, &c, 1), 0);
  close(fd);
  (void)reap(200);
  assert_int_equal(waitpid(-1, 0, WNOHANG), -1);
}

static void two_listeners(void **state)
{
  unsigned int i;
  int fd[16];
  hello h;
  (void)state;
  assert_false(start(2, 16, 3, 2));
  for (i = 0; i < 50; i++)
    (void)visit(i % 3 ? "a" : "b", i % 7 ? 'q' : 'o');
  for (i = 0; i < 16; i++)
    fd[i] = dial(i % 2 ? "a" : "b");
  for (i = 0; i < 16; i++)
    assert_true(greeted(fd[i], &h, 3000));
  for (i = 0; i < 16; i++)
    close(fd[i]);
  kill(master, SIGTERM);
  (void)reap(1000);
  assert_int_equal(try_connect("a"), -1);
  assert_int_equal(try_connect("b"), -1);
  assert_int_equal(waitpid(-1, 0, WNOHANG), -1);
}

static void knocks_during_retirement_are_served(void **state)
{
  unsigned int i;
  (void)state;
  assert_false(start(1, 2, 1, 1)); /* a fresh process for each client, and a reload now and then */
  for (i = 0; i < 200; i++) {
    if (i % 20 == 10)
      kill(master, SIGHUP);
    (void)visit("a", 'q');
  }
  assert_int_equal(atomic_load(&sh->died), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
  struct CMUnitTest const tests[] = {
      T(a_worker_serves_many_and_is_replaced),
      T(a_pool_grows_to_its_bound_and_shrinks),
      T(few_wait_at_rest_and_more_beside_a_busy_one),
      T(the_odd_and_the_dead_are_replaced),
      T(who_cannot_start_is_not_forked_for_ever),
      T(reload_replaces_who_is_idle_and_spares_who_is_not),
      T(drain_ends_the_master_now_and_workers_later),
      T(a_killed_master_takes_its_workers_along),
      T(two_listeners),
      T(knocks_during_retirement_are_served),
  };
  sh = mmap(0, sizeof *sh, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return cmocka_run_group_tests(tests, 0, 0);
}
