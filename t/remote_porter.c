/* The porter: which sockets it connects to, and that it is gone with its workers; LMTP through it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <cmocka.h>
#include "remote/porter.h"
#include "t/remote_peer.h"

#define STRANGER 54321 /* tern-remote's user, if root runs this */
#define LHLO ">220 hi\n<LHLO client.test\n>250-s\n>250 PIPELINING\n"
#define MAIL "<MAIL\n<RCPT\n<DATA\n>250 ok\n>250 ok\n>354 go\n.\n"

static char folder[] = "/tmp/porterXXXXXX";
static char named[64], other[64], later[64];
static int channel = -1;
static pid_t pid;

static void routes(char const *text)
{
  FILE *f = fopen("control/smtproutes", "w");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
}

static int start(void **state)
{
  identities ids = {.root = !getuid()};
  char text[256];
  (void)state;
  tain_now_set_stopwatch_g();
  if (!mkdtemp(folder) || chmod(folder, 0755) < 0 || chdir(folder) < 0 || mkdir("control", 0755) < 0)
    return -1;
  snprintf(named, sizeof named, "%s/Named", folder);
  snprintf(other, sizeof other, "%s/other", folder);
  snprintf(later, sizeof later, "%s/later", folder);
  snprintf(text, sizeof text, "# routes\na.test:lmtp:%s\nb.test:mx.test\n", named);
  routes(text);
  ids.uid[TERNR] = getuid() ? getuid() : STRANGER;
  ids.gid[TERNR] = getuid() ? getgid() : STRANGER;
  channel = porter_start(&ids, &pid);
  return channel < 0 ? -1 : 0;
}

static int stop(void **state)
{
  (void)state;
  return system("rm -rf \"$PWD\"");
}

static int knock(char const *path)
{
  tain deadline;
  int fd;
  tain_now_g();
  tain_addsec_g(&deadline, 5);
  errno = 0;
  fd = porter_connect(channel, path, -1, &deadline);
  if (fd >= 0)
    close(fd);
  return fd >= 0 ? 0 : errno;
}

static void test_paths(void **state)
{
  static char const *const scripts[] = {">hi\n", ">hi\n", ">hi\n", ">hi\n", 0};
  static peer p, q, r;
  char text[256];
  (void)state;
  assert_int_equal(knock(named), ENOENT);
  peer_start_socket(&p, named, scripts);
  peer_start_socket(&q, other, scripts);
  peer_start_socket(&r, later, scripts);
  assert_int_equal(knock(named), 0);
  assert_int_equal(knock(other), EPERM);
  assert_int_equal(knock("/dev/null"), EPERM);
  assert_int_equal(knock(""), EPERM);
  /* the server is started anew */
  peer_stop(&p);
  assert_int_equal(knock(named), ECONNREFUSED);
  peer_start_socket(&p, named, scripts);
  assert_int_equal(knock(named), 0);
  /* a new route; and settings that make no sense change nothing */
  snprintf(text, sizeof text, "a.test:lmtp:%s\nc.test:lmtp:%s\n", named, later);
  routes(text);
  assert_int_equal(knock(later), 0);
  routes("nonsense\n");
  assert_int_equal(knock(other), EPERM);
  assert_int_equal(knock(named), 0);
  if (!getuid()) {
    assert_int_equal(chmod(named, 0600), 0);
    assert_int_equal(knock(named), EACCES);
    assert_int_equal(chmod(named, 0666), 0);
  }
  peer_stop(&p);
  peer_stop(&q);
  peer_stop(&r);
}

/* Whoever took over a worker says what he likes. */
static void test_nonsense(void **state)
{
  static char const *const scripts[] = {">hi\n", 0};
  static char junk[4096];
  static peer p;
  (void)state;
  peer_start_socket(&p, named, scripts);
  assert_int_equal(send(channel, junk, sizeof junk, 0), sizeof junk);
  assert_int_equal(send(channel, "", 0, 0), 0);
  assert_int_equal(send(channel, named, strlen(named), 0),
                   strlen(named)); /* without a socket for the answer */
  assert_int_equal(knock(named), 0);
  peer_stop(&p);
}

static void test_lmtp(void **state)
{
  static char const *const scripts[] = {LHLO MAIL ">250 2.0.0 one\n" MAIL ">250 2.0.0 two\n",
                                        LHLO MAIL ">250 2.0.0 three\n<QUIT\n", 0};
  static char const *const want[] = {"one", "two", "three", "Connection refused"};
  static peer p;
  char route[80];
  (void)state;
  peer_prepare(2);
  peer_settings.porter = channel;
  peer_start_socket(&p, named, scripts);
  snprintf(route, sizeof route, "lmtp:%s", named);
  for (size_t i = 0; i < 4; i++) {
    job j;
    peer_job(&j, "s@y", "a@x", "a\n", 2);
    envelope_set(&j.e, &j.route, route, strlen(route));
    attempt_run(&peer_attempt, &j);
    job_free(&j);
    if (!strstr(peer_attempt.results[0].text, want[i]))
      fail_msg("%zu: got \"%s\", want \"%s\"", i, peer_attempt.results[0].text, want[i]);
    if (i != 1) {
      snprintf(route, sizeof route, "localhost[%s]", named);
      assert_string_equal(peer_attempt.k.remote, route);
      snprintf(route, sizeof route, "lmtp:%s", named);
    }
    if (i == 2) {
      connection_close(&peer_attempt.k);
      peer_finish(&p);
    }
  }
  if (strstr(p.heard, "[step"))
    fail_msg("heard %s", p.heard);
}

/* It is another user without any right but to connect; and it ends when nobody is left who could ask. */
static void test_end(void **state)
{
  char path[64], text[4096];
  FILE *f;
  size_t n;
  int status;
  (void)state;
  snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
  f = fopen(path, "r");
  assert_non_null(f);
  n = fread(text, 1, sizeof text - 1, f);
  text[n] = 0;
  fclose(f);
  if (!getuid())
    assert_non_null(strstr(text, "Uid:\t54321\t54321\t54321\t54321"));
  assert_non_null(strstr(text, "NoNewPrivs:\t1"));
  assert_int_equal(waitpid(pid, 0, WNOHANG), 0);
  close(channel);
  channel = -1;
  assert_int_equal(waitpid(pid, &status, 0), pid);
  assert_int_equal(status, 0);
}

/* Dead: said at once, no wait. */
static void test_dead(void **state)
{
  int p[2];
  (void)state;
  assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p), 0);
  channel = p[0];
  close(p[1]);
  assert_int_equal(knock(named), EPIPE);
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(test_paths), cmocka_unit_test(test_nonsense),
                                     cmocka_unit_test(test_lmtp), cmocka_unit_test(test_end),
                                     cmocka_unit_test(test_dead)};
  signal(SIGPIPE, SIG_IGN);
  return cmocka_run_group_tests(tests, &start, &stop);
}
