/* Tests of lib/service: how a daemon starts, tells that it is ready, hears signals and hands over. Each in a
   child that owns its HOME. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <skalibs/tai.h>
#include "lib/service.h"

static char home[32];
static int notify[2];

static int setup(void **state)
{
  (void)state;
  strcpy(home, "/tmp/lib_service.XXXXXX");
  if (!mkdtemp(home) || pipe(notify) || setenv("TERN_HOME", home, 1))
    return -1;
  (void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  return !getuid() && chown(home, 54321, 54321);
}

static int teardown(void **state)
{
  (void)state;
  close(notify[0]);
  close(notify[1]);
  return rmdir(home);
}

static int in_child(void (*f)(void))
{
  pid_t pid = fork();
  int wstat;
  if (!pid) {
    dup2(open("/dev/null", O_WRONLY), 2);
    dup2(notify[1], 3);
    if (!getuid() && setresuid(54321, 54321, 54321))
      _exit(50);
    (*f)();
    _exit(0);
  }
  waitpid(pid, &wstat, 0);
  return WIFEXITED(wstat) ? WEXITSTATUS(wstat) : 1000 + WTERMSIG(wstat);
}

static void start(void)
{
  identities ids;
  service_start("test", 1, &ids);
  if (ids.root || ids.owner != getuid())
    _exit(51);
}

static void with_arguments(void)
{
  identities ids;
  service_start("test", 2, &ids);
}

static void starts(void **state)
{
  (void)state;
  assert_int_equal(in_child(&start), 0);
  assert_int_equal(in_child(&with_arguments), 100);
  assert_false(chmod(home, 0777));
  assert_int_equal(in_child(&start), 102);
  assert_false(setenv("TERN_HOME", "/nonexistent", 1));
  assert_int_equal(in_child(&start), 111);
}

static void be_ready(void)
{
  char cwd[64];
  start();
  if (!getcwd(cwd, sizeof cwd) || strcmp(cwd, home))
    _exit(52);
  service_ready();
  service_ready();
  if (fcntl(3, F_GETFD) >= 0)
    _exit(53);
}

static void readiness(void **state)
{
  char s[8];
  (void)state;
  assert_int_equal(in_child(&be_ready), 0);
  assert_int_equal(read(notify[0], s, sizeof s), 1);
  assert_int_equal(*s, '\n');
}

static void hear(void)
{
  static struct {
    int sig;
    enum service_signal want;
  } const cases[] = {{SIGHUP, SERVICE_RELOAD}, {SIGALRM, SERVICE_NOW},   {SIGTERM, SERVICE_DRAIN},
                     {SIGINT, SERVICE_DRAIN},  {SIGCHLD, SERVICE_CHILD}, {SIGPIPE, SERVICE_NONE}};
  size_t i;
  int fd;
  signal(SIGHUP, SIG_IGN); /* as the run script does */
  signal(SIGALRM, SIG_IGN);
  start();
  fd = service_signals();
  for (i = 0; i < sizeof cases / sizeof *cases; i++) {
    raise(cases[i].sig);
    if (poll(&(struct pollfd){fd, POLLIN, 0}, 1, 0) != (cases[i].want != SERVICE_NONE))
      _exit(60 + (int)i);
    if (service_signal_get() != cases[i].want || service_signal_get() != SERVICE_NONE)
      _exit(70 + (int)i);
  }
}

static void signals(void **state)
{
  (void)state;
  assert_int_equal(in_child(&hear), 0);
}

static void hand_over(void)
{
  pid_t before = getpid();
  int fd;
  start();
  fd = service_signals();
  if (!service_hand_over() || getpid() == before)
    _exit(80);
  raise(SIGTERM); /* still heard */
  if (poll(&(struct pollfd){fd, POLLIN, 0}, 1, 1000) != 1 || service_signal_get() != SERVICE_DRAIN)
    _exit(81);
  _exit(7);
}

static void handing_over(void **state)
{
  int wstat;
  (void)state;
  assert_int_equal(in_child(&hand_over), 0); /* the parent, at once */
  assert_true(waitpid(-1, &wstat, 0) > 0);   /* the child, which is ours now */
  assert_int_equal(WEXITSTATUS(wstat), 7);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
  struct CMUnitTest const tests[] = {T(starts), T(readiness), T(signals), T(handing_over)};
  return cmocka_run_group_tests(tests, 0, 0);
}
