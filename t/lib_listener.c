/* Tests of lib/listener: what is bound, and that a client who connects between two runs is served by the
   second one. The second run of a service is this program with an argument, started by s6-fdholder-getdump.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "lib/listener.h"

static char dir[32];
static pid_t holder;

static int setup(void **state)
{
  (void)state;
  strcpy(dir, "/tmp/lib_listener.XXXXXX");
  return !mkdtemp(dir) || chdir(dir) || mkdir("run", 0700);
}

static int teardown(void **state)
{
  char cmd[64];
  (void)state;
  if (holder > 0) {
    kill(holder, SIGTERM);
    waitpid(holder, 0, 0);
    holder = 0;
  }
  snprintf(cmd, sizeof cmd, "rm -rf %s", dir);
  return chdir("/") || system(cmd);
}

static int connect_door(char const *path)
{
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  strcpy(to.sun_path, path);
  if (!connect(fd, (struct sockaddr *)&to, sizeof to))
    return fd;
  close(fd);
  return -1;
}

static int connect_tcp(uint16_t port)
{
  struct sockaddr_in to = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (!connect(fd, (struct sockaddr *)&to, sizeof to))
    return fd;
  close(fd);
  return -1;
}

static uint16_t free_port(void)
{
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t len = sizeof a;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_false(bind(fd, (struct sockaddr *)&a, sizeof a) || getsockname(fd, (struct sockaddr *)&a, &len));
  close(fd);
  return ntohs(a.sin_port);
}

static void a_door(void **state)
{
  struct stat st;
  int fd, again, c;
  (void)state;
  fd = listener_door("x", getuid(), getgid(), 0640);
  assert_true(fd >= 0);
  assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
  assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
  assert_false(stat("run/x", &st));
  assert_int_equal(st.st_mode & 07777, 0640);
  c = connect_door("run/x");
  assert_true(c >= 0);
  close(c);
  close(fd);
  assert_int_equal(connect_door("run/x"), -1); /* stale now */
  again = listener_door("x", getuid(), getgid(), 0666);
  assert_true(again >= 0);
  c = connect_door("run/x");
  assert_true(c >= 0);
  close(c);
  close(again);
  unlink("run/x");
  close(open("run/x", O_CREAT | O_WRONLY, 0600)); /* not ours: not touched */
  assert_int_equal(listener_door("x", getuid(), getgid(), 0666), -1);
  assert_int_equal(errno, EADDRINUSE);
  assert_false(stat("run/x", &st) || !S_ISREG(st.st_mode));
}

static void lines_that_make_no_sense(void **state)
{
  static char const *const lines[] = {"",
                                      ":",
                                      "25",
                                      "127.0.0.1",
                                      "127.0.0.1:",
                                      "127.0.0.1:0",
                                      ":65536",
                                      ":-1",
                                      ":25x",
                                      "256.0.0.1:25",
                                      "127.1:25",
                                      "::1:25",
                                      "[::1]",
                                      "[]:25",
                                      "[127.0.0.1]:25",
                                      "[::1:25",
                                      "localhost:25",
                                      " :25",
                                      "[fe80::1%lo]:25"};
  size_t i;
  int fds[2];
  (void)state;
  for (i = 0; i < sizeof lines / sizeof *lines; i++) {
    errno = 0;
    if (listener_tcp(lines[i], 0, fds) || errno != EINVAL)
      fail_msg("\"%s\": got errno %d want EINVAL", lines[i], errno);
  }
}

static void tcp(void **state)
{
  char line[64];
  int fds[2], other[2];
  uint16_t port = free_port();
  int c, a;
  int on = 0;
  socklen_t len = sizeof on;
  (void)state;
  snprintf(line, sizeof line, "127.0.0.1:%u", port);
  assert_int_equal(listener_tcp(line, 0, fds), 1);
  c = connect_tcp(port);
  assert_true(c >= 0);
  a = accept(fds[0], 0, 0);
  assert_true(a >= 0);
  assert_false(getsockopt(a, IPPROTO_TCP, TCP_NODELAY, &on, &len));
  assert_int_equal(on, 1);
  assert_int_equal(listener_tcp(line, 0, other), 0);
  assert_int_equal(errno, EADDRINUSE);
  close(fds[0]);
  close(c);
  close(a);
  assert_int_equal(listener_tcp(line, 0, fds), 1); /* the old connections do not keep the address */
  close(fds[0]);
  snprintf(line, sizeof line, ":%u", port);
  assert_in_range(listener_tcp(line, 0, fds), 1, 2);
  close(fds[0]);
}

/* ---- with a holder */

static void write_file(char const *name, char const *text)
{
  int fd = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0644);
  assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
  close(fd);
}

static void write_rules(void)
{
  static char const *const rights[] = {"GETDUMP", "SETDUMP", "LIST", "STORE_REGEX", "RETRIEVE_REGEX"};
  char name[128];
  size_t i;
  assert_false(mkdir("run/holder", 0700) || mkdir("rules", 0755) || mkdir("rules/uid", 0755));
  snprintf(name, sizeof name, "rules/uid/%u", (unsigned int)getuid());
  assert_false(mkdir(name, 0755));
  snprintf(name, sizeof name, "rules/uid/%u/allow", (unsigned int)getuid());
  write_file(name, "");
  snprintf(name, sizeof name, "rules/uid/%u/env", (unsigned int)getuid());
  assert_false(mkdir(name, 0755));
  for (i = 0; i < 5; i++) {
    snprintf(name, sizeof name, "rules/uid/%u/env/S6_FDHOLDER_%s", (unsigned int)getuid(), rights[i]);
    write_file(name, i < 3 ? "1\n" : "^\n");
  }
}

static void start_holder(void)
{
  int p[2];
  char c;
  write_rules();
  assert_false(pipe(p));
  holder = fork();
  if (!holder) {
    dup2(p[1], 1);
    close(p[0]);
    close(p[1]);
    execlp("s6-fdholder-daemon", "s6-fdholder-daemon", "-1", "-i", "rules", "run/holder/s", (char *)0);
    _exit(127);
  }
  close(p[1]);
  if (read(p[0], &c, 1) != 1) {
    waitpid(holder, 0, 0);
    holder = -1;
  }
  close(p[0]);
}

/* A run of a service: door x and the line given; answers `clients` clients at each with one octet. */
static int run(char const *line, int clients, char octet)
{
  int fds[3];
  unsigned int n;
  unsigned int i;
  listener_inherit();
  if (getenv("S6_FD#") || getenv("S6_FD_0") || getenv("S6_FDID_0") || getenv("S6_FDLIMIT_0"))
    return 10;
  fds[0] = listener_door("x", getuid(), getgid(), 0666);
  n = listener_tcp(line, 1, fds + 1);
  if (fds[0] < 0 || !n)
    return 11;
  listener_finish("tcp/");
  for (i = 0; i <= n && clients; i++) {
    struct pollfd x = {.fd = fds[i], .events = POLLIN};
    int c = poll(&x, 1, i < 2 ? 2000 : 0) == 1 ? accept(fds[i], 0, 0) : -1;
    if (i < 2 && (c < 0 || write(c, &octet, 1) != 1))
      return 12;
  }
  return 0;
}

static int run_by_getdump(char const *self, char const *line, char const *clients)
{
  pid_t pid = fork();
  int wstat;
  if (!pid) {
    execlp("s6-fdholder-getdump", "s6-fdholder-getdump", "-t", "1000", "run/holder/s", self, line, clients,
           (char *)0);
    _exit(127);
  }
  waitpid(pid, &wstat, 0);
  return WIFEXITED(wstat) ? WEXITSTATUS(wstat) : 128;
}

static void list_is(char const *want)
{
  char got[512];
  FILE *f = popen("s6-fdholder-list -t 1000 run/holder/s | sort", "r");
  size_t n = fread(got, 1, sizeof got - 1, f);
  got[n] = 0;
  pclose(f);
  if (strcmp(got, want))
    fail_msg("the holder's list: got \"%s\" want \"%s\"", got, want);
}

static void nobody_is_refused_between_two_runs(void **state)
{
  char self[256];
  char line[64], wide[64], want[128];
  uint16_t port = free_port();
  int d, t;
  char c[2] = {0};
  struct stat before, after;
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  (void)state;
  self[n] = 0;
  start_holder();
  if (holder < 0)
    skip();
  snprintf(line, sizeof line, "127.0.0.1:%u", port);
  assert_int_equal(run_by_getdump(self, line, "none"), 0);
  snprintf(want, sizeof want, "door/x\ntcp/127.0.0.1:%u\n", port);
  list_is(want);
  assert_false(stat("run/x", &before));
  d = connect_door("run/x"); /* nobody runs now */
  t = connect_tcp(port);
  assert_true(d >= 0 && t >= 0);
  assert_int_equal(run_by_getdump(self, line, "one"), 0);
  assert_int_equal(read(d, c, 1), 1);
  assert_int_equal(read(t, c + 1, 1), 1);
  assert_memory_equal(c, "!!", 2);
  close(d);
  close(t);
  assert_false(stat("run/x", &after));
  assert_int_equal(before.st_ino, after.st_ino);
  list_is(want);
  /* a wildcard takes the place of the address it covers; the name of the door was removed by somebody */
  unlink("run/x");
  snprintf(wide, sizeof wide, "0.0.0.0:%u", port);
  assert_int_equal(run_by_getdump(self, wide, "none"), 0);
  snprintf(want, sizeof want, "door/x\ntcp/0.0.0.0:%u\n", port);
  list_is(want);
  assert_int_equal(run_by_getdump(self, line, "none"), 0);
  snprintf(want, sizeof want, "door/x\ntcp/127.0.0.1:%u\n", port);
  list_is(want);
  d = connect_door("run/x");
  assert_true(d >= 0);
  close(d);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(int argc, char **argv)
{
  struct CMUnitTest const tests[] = {T(a_door), T(lines_that_make_no_sense), T(tcp),
                                     T(nobody_is_refused_between_two_runs)};
  if (argc == 3)
    return run(argv[1], !strcmp(argv[2], "one"), '!');
  return cmocka_run_group_tests(tests, 0, 0);
}
