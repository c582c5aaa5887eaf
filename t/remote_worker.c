/* A worker and its runner: jobs one after the other over one connection of each kind, and who may not knock.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <cmocka.h>
#include "lib/door.h"
#include "remote/worker.h"
#include "t/remote_peer.h"

#define EHLO ">220 hi\n<EHLO\n>250-s\n>250 PIPELINING\n"
#define MAIL "<MAIL\n<RCPT\n<DATA\n>250 ok\n>250 ok\n>354 go\n.\n"

static pid_t worker_pid;

/* The runner's end of a worker's connection. */
static int start_worker(uid_t runner_uid)
{
  int pair[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  peer_prepare(2);
  peer_settings.ids.uid[TERNS] = runner_uid;
  worker_pid = fork();
  if (!worker_pid) {
    close(pair[0]);
    _exit(!worker_enter(&peer_settings, 0) ? 9 : worker_serve(&peer_settings, 0, pair[1]) ? 0 : 1);
  }
  close(pair[1]);
  return pair[0];
}

static int end_of_worker(void)
{
  int status;
  assert_int_equal(waitpid(worker_pid, &status, 0), worker_pid);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void put(door *d, uint64_t number, uint16_t port)
{
  job j;
  peer_job(&j, "s@y", "a@x", "a\n", 2);
  peer_route(&j, "127.0.0.1", port);
  j.number = number;
  assert_true(job_put(d, &j));
  job_free(&j);
}

static void get(door *d, uint64_t number, char const *text)
{
  static job_done done;
  frame f;
  tain deadline;
  tain_now_g();
  tain_addsec_g(&deadline, 10);
  assert_true(door_wait(d, &f, &deadline));
  assert_true(job_take_done(&done, &f));
  assert_int_equal(done.number, number);
  assert_int_equal(done.n, 1);
  if (!strstr(done.results[0].text, text) || !strstr(done.remote, "127.0.0.1[127.0.0.1]:"))
    fail_msg("job %u: got \"%s\" by %s, want \"%s\"", (unsigned)number, done.results[0].text, done.remote,
             text);
}

static void test_series(void **state)
{
  static char const *const first[] = {EHLO MAIL ">250 one\n" MAIL ">250 two\n" MAIL ">250 three\n<QUIT\n", 0};
  static char const *const second[] = {EHLO MAIL ">250 four\n<QUIT\n", 0};
  static peer a, b;
  door d;
  tain deadline;
  (void)state;
  peer_start_at(&a, "127.0.0.1", 0, first);
  peer_start_at(&b, "127.0.0.1", 0, second);
  door_init(&d, start_worker(getuid()), DOOR_REFUSE_FDS);
  put(&d, 1, a.port);
  put(&d, 2, a.port); /* one ahead */
  tain_addsec_g(&deadline, 10);
  assert_true(door_send(&d, &deadline));
  get(&d, 1, "one");
  put(&d, 3, a.port);
  assert_true(door_send(&d, &deadline));
  get(&d, 2, "two");
  get(&d, 3, "three");
  put(&d, 4, b.port);
  assert_true(door_send(&d, &deadline));
  get(&d, 4, "four");
  /* the idle connection is given up, the runner's stays */
  peer_finish(&a);
  for (int i = 0; i < 80 && waitpid(b.pid, 0, WNOHANG) == 0; i++)
    usleep(100000);
  peer_stop(&b);
  if (!strstr(b.heard, "QUIT\r\n[end]"))
    fail_msg("no QUIT of an idle connection: %s", b.heard);
  assert_int_equal(waitpid(worker_pid, 0, WNOHANG), 0);
  door_close(&d);
  assert_int_equal(end_of_worker(), 0);
  if (!strstr(a.heard, "QUIT\r\n[end]"))
    fail_msg("no QUIT: %s", a.heard);
}

static void test_stranger(void **state)
{
  (void)state;
  int fd = start_worker(getuid() + 1);
  char c;
  assert_int_equal(end_of_worker(), 1);
  assert_int_equal(read(fd, &c, 1), 0);
  close(fd);
}

static void test_nonsense(void **state)
{
  (void)state;
  static char const *const frames[] = {"\0\0\0\2\0\0\1x", "\0\0\0\2\0\0\2j", "\377\377\377\377\0\0\1j",
                                       "\0\0\0\5\0\1\1j\300\0\1"};
  size_t i;
  for (i = 0; i < sizeof frames / sizeof *frames; i++) {
    int fd = start_worker(getuid()), code;
    assert_true(write(fd, frames[i], i == 3 ? 11 : 8) > 0);
    shutdown(fd, SHUT_WR);
    code = end_of_worker();
    close(fd);
    if (code != 1)
      fail_msg("frame %zu: got %d, want 1", i, code);
  }
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(test_series), cmocka_unit_test(test_stranger),
                                     cmocka_unit_test(test_nonsense)};
  signal(SIGPIPE, SIG_IGN);
  return cmocka_run_group_tests(tests, 0, 0);
}
