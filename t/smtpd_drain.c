/* A service that is told to end while clients are there: new ones find the successor's socket, old ones
   finish what they do until timeoutdrain, then idle sessions and open messages get 421. A reload waits for
   nobody and cuts nobody off. */
#include "lib/pool.h"
#include "t/smtpd_house.h"

#define DRAIN 2u /* seconds */

static int serve(void *data, unsigned int slot, int fd)
{
  ip46 peer;
  uint16_t port;
  (void)data;
  return socket_remote46(fd, &peer, &port) < 0 ||
         session_serve(&house_session, &house_policy, fd, slot, &peer);
}

static int enter_worker(void *data, unsigned int slot)
{
  (void)data;
  (void)slot;
  session_init(&house_session, &doors, 0);
  return 1;
}

static int reload(void *data, pool_spec *spec)
{
  (void)data;
  (void)spec;
  house_settings();
  return 1;
}

static struct sockaddr_in where = {.sin_family = AF_INET};

static pid_t start(void)
{
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  socklen_t len = sizeof where;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  where.sin_port = 0;
  assert_int_equal(bind(listener, (struct sockaddr *)&where, sizeof where), 0);
  assert_int_equal(listen(listener, 10), 0);
  getsockname(listener, (struct sockaddr *)&where, &len);
  pid_t pid = fork();
  if (!pid) {
    pool_spec spec = {.min = 2, .max = 10, .linger = 60, .drain = DRAIN, .listeners = &listener, .n = 1};
    spec.enter = &enter_worker;
    spec.serve = &serve;
    spec.reload = &reload;
    close(2);
    open("log", O_WRONLY | O_CREAT | O_APPEND, 0600);
    _exit(pool_run(&spec));
  }
  close(listener);
  return pid;
}

static int dial(void)
{
  struct timeval const patience = {.tv_sec = 20};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&where, sizeof where), 0);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return fd;
}

/* Says this (0: nothing) and wants a reply that begins so. */
static void expect(int fd, char const *say, char const *want)
{
  char got[1024] = "";
  if (say)
    assert_int_equal(send(fd, say, strlen(say), MSG_NOSIGNAL), (ssize_t)strlen(say));
  ssize_t r = read(fd, got, sizeof got - 1);
  if (r < 0 || strncmp(got, want, strlen(want)))
    fail_msg("after \"%s\": got \"%s\", want \"%s\"", say ? say : "", got, want);
}

static int begun(void)
{
  int fd = dial();
  expect(fd, 0, "220 ");
  expect(fd, "HELO c\r\n", "250 ");
  expect(fd, "MAIL FROM:<s@x.test>\r\n", "250 ");
  expect(fd, "RCPT TO:<u1@here.test>\r\n", "250 ");
  return fd;
}

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void drain(void **state)
{
  stralloc got = STRALLOC_ZERO;
  int wstat;
  (void)state;
  pid_t pid = start();
  int idle = dial(), open = begun(), busy = begun();
  expect(idle, 0, "220 ");
  expect(open, "DATA\r\n", "354 ");
  assert_int_equal(send(open, "half\r\n", 6, MSG_NOSIGNAL), 6);
  double start_at = now();
  kill(pid, SIGTERM);
  waitpid(pid, &wstat, 0);
  if (now() - start_at > 1 || !WIFEXITED(wstat) || WEXITSTATUS(wstat))
    fail_msg("the master: got status %d after %.1f s, want 0 at once", wstat, now() - start_at);
  expect(busy, "DATA\r\n", "354 ");
  expect(busy, "whole\r\n.\r\n", "250 2.0.0 Ok: queued as ");
  expect(idle, "NOOP\r\n", "250 ");
  expect(idle, 0, "421 4.3.2 ");
  expect(open, 0, "421 4.3.2 ");
  expect(busy, 0, "421 4.3.2 ");
  if (now() - start_at < DRAIN - 0.5 || now() - start_at > DRAIN + 3)
    fail_msg("got 421 after %.1f s, want %u", now() - start_at, DRAIN);
  close(idle);
  close(open);
  close(busy);
  assert_true(house_take(&got));
  assert_false(house_take(&got));
  stralloc_free(&got);
}

static void reloaded(void **state)
{
  (void)state;
  pid_t pid = start();
  int old = begun();
  house_put("me", "other.test");
  kill(pid, SIGHUP);
  usleep(300000);
  int new = dial();
  expect(new, 0, "220 other.test ");
  expect(old, "DATA\r\n", "354 ");
  expect(old, "x\r\n.\r\n", "250 ");
  expect(old, "QUIT\r\n", "221 2.0.0 here.test");
  expect(new, "QUIT\r\n", "221 ");
  kill(pid, SIGTERM);
  waitpid(pid, 0, 0);
  close(old);
  close(new);
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(drain), cmocka_unit_test(reloaded)};
  return cmocka_run_group_tests_name("smtpd_drain", tests, house_enter, house_leave);
}
