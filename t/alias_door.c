/* tern-alias itself, started from bin/ in an instance that is not root's: it answers, reads anew, withstands
   those who flood, babble and hang, and drains without leaving a question in doubt. When root runs the test,
   the instance is that of another uid, and a third one is the flooder. */
#include "t/alias_house.h"
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include "lib/question.h"

#define OWNER 20201
#define STRANGER 20202

static char program[PATH_MAX], compiler[PATH_MAX];
static pid_t service;
static door d = {.fd = -1};
static int is_root;

static void become(uid_t uid)
{
  if (is_root && (setgroups(0, 0) || setgid(uid) || setuid(uid)))
    _exit(99);
}

static void give_to_owner(void)
{
  char command[96];
  snprintf(command, sizeof command, "chown -R %u:%u .", OWNER, OWNER);
  if (is_root && system(command))
    fail();
}

static int run_newaliases(void)
{
  int status;
  pid_t pid = fork();
  if (!pid) {
    int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, 1);
    dup2(nowhere, 2);
    become(OWNER);
    execl(compiler, "newaliases", (char *)0);
    _exit(98);
  }
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Starts it and waits until it says that it is ready. */
static void start(void)
{
  int ready[2];
  char c;
  assert_int_equal(pipe(ready), 0);
  service = fork();
  if (!service) {
    int log = open("log", O_WRONLY | O_CREAT | O_APPEND, 0666);
    dup2(log, 2);
    if (ready[1] != 3)
      dup2(ready[1], 3);
    for (int fd = 4; fd < 64; fd++)
      close(fd);
    become(OWNER);
    execl(program, "tern-alias", (char *)0);
    _exit(97);
  }
  close(ready[1]);
  if (read(ready[0], &c, 1) != 1)
    fail_msg("tern-alias does not become ready");
  close(ready[0]);
}

static int enter(void **state)
{
  char cwd[PATH_MAX - 32];
  is_root = !geteuid();
  if (!getcwd(cwd, sizeof cwd))
    return 1;
  snprintf(program, sizeof program, "%s/bin/tern-alias", cwd);
  snprintf(compiler, sizeof compiler, "%s/bin/newaliases", cwd);
  if (house_enter(state) || chmod(".", 0755))
    return 1;
  house_put("aliases", "staff: joe, bob@far.example\n");
  house_put("control/timeoutdrain", "5\n");
  give_to_owner();
  setenv("TERN_HOME", house_folder, 1);
  if (run_newaliases())
    return 1;
  signal(SIGPIPE, SIG_IGN);
  start();
  return 0;
}

static int leave(void **state)
{
  door_close(&d);
  if (service > 0) {
    kill(service, SIGTERM);
    waitpid(service, 0, 0);
  }
  return house_leave(state);
}

static enum meaning exists(char const *address)
{
  result r;
  tain deadline;
  tain_now_g();
  tain_addsec_g(&deadline, 10);
  return question_exists(&d, address, strlen(address), &r, &deadline);
}

static int knock_raw(void)
{
  struct sockaddr_un addr = {.sun_family = AF_UNIX, .sun_path = "run/alias"};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof addr) == -1) {
    close(fd);
    fd = -1;
  }
  return fd;
}

static void expect(char const *address, enum meaning want)
{
  enum meaning got = exists(address);
  if (got != want)
    fail_msg("%s: got %c want %c", address, got, want);
}

static void answers(void **state)
{
  struct stat st;
  (void)state;
  assert_int_equal(stat("run/alias", &st), 0);
  assert_true(S_ISSOCK(st.st_mode) && (st.st_mode & 0777) == 0666);
  expect("joe", MEANING_USER);
  expect("staff@m.example", MEANING_EXPAND);
  expect("nosuch", MEANING_UNKNOWN);
  expect("x@far.example", MEANING_ELSEWHERE);
  expect("postmaster", MEANING_USER); /* that owner has no name in passwd: the first of users */
}

static void is_as_new_as_newaliases(void **state)
{
  (void)state;
  for (int i = 0; i < 20; i++) {
    char text[64], name[32];
    snprintf(name, sizeof name, "name%d", i);
    expect(name, MEANING_UNKNOWN);
    snprintf(text, sizeof text, "staff: joe\n%s: joe\n", name);
    house_put("aliases", text);
    assert_int_equal(run_newaliases(), 0);
    expect(name, MEANING_EXPAND);
  }
}

static void reads_settings_anew(void **state)
{
  int tries = 50;
  (void)state;
  house_put("control/locals", "m.example\nnew.example\n");
  expect("joe@new.example", MEANING_ELSEWHERE);
  kill(service, SIGHUP);
  while (exists("joe@new.example") != MEANING_USER && tries--)
    usleep(20000);
  expect("joe@new.example", MEANING_USER);
  house_put("control/locals", "this is ..no domain\n");
  kill(service, SIGHUP);
  usleep(100000);
  expect("joe@new.example", MEANING_USER);
  house_put("control/locals", "m.example\n");
  kill(service, SIGHUP);
}

static void withstands_babble(void **state)
{
  static char const frames[][12] = {"\x0f\xff\xff\xff\0\0", "\0\0\0\2\0\1\1x", "\0\0\0\2\0\0\2x",
                                    "\0\0\0\2\0\0\1z",      "\0\0\0\0\0\0",    "\0\1\0\0\0\0\1x"};
  (void)state;
  srand(3);
  for (unsigned int i = 0; i < 300; i++) {
    char noise[3000];
    int fd = knock_raw();
    size_t len = sizeof noise;
    assert_true(fd >= 0);
    for (size_t j = 0; j < sizeof noise; j++)
      noise[j] = (char)rand();
    if (i % 2) {
      memcpy(noise, frames[i / 2 % 6], 8);
      len = i % 4 == 1 ? 8 : sizeof noise;
    }
    (void)!send(fd, noise, len, MSG_DONTWAIT);
    close(fd);
  }
  expect("joe", MEANING_USER);
  assert_int_equal(waitpid(service, 0, WNOHANG), 0);
}

/* A descriptor that comes along is not kept. */
static void refuses_descriptors(void **state)
{
  union {
    struct cmsghdr align;
    char s[CMSG_SPACE(sizeof(int))];
  } c;
  char bytes[] = "\0\0\0\7\0\1\1x\x81\0\2me";
  struct iovec v = {.iov_base = bytes, .iov_len = 13};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof c};
  int fd = knock_raw(), zero = 0;
  struct pollfd x = {.fd = fd, .events = POLLIN};
  char byte;
  (void)state;
  memset(&c, 0, sizeof c);
  c.align.cmsg_level = SOL_SOCKET;
  c.align.cmsg_type = SCM_RIGHTS;
  c.align.cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(&c.align), &zero, sizeof zero);
  assert_true(fd >= 0 && sendmsg(fd, &m, MSG_NOSIGNAL) > 0);
  assert_int_equal(poll(&x, 1, 5000), 1);
  assert_true(read(fd, &byte, 1) <= 0);
  close(fd);
  expect("joe", MEANING_USER);
}

/* Holds as many connections as it gets; says how many of them live after a question each. */
static unsigned int hold(unsigned int n)
{
  static int fds[1000];
  static char const question[] = "\0\0\0\x08\0\0\1x\x81\0\3joe";
  unsigned int alive = 0;
  for (unsigned int i = 0; i < n; i++)
    fds[i] = knock_raw();
  for (unsigned int i = 0; i < n; i++) {
    char buf[200];
    struct pollfd x = {.fd = fds[i], .events = POLLIN};
    if (fds[i] < 0 || send(fds[i], question, sizeof question - 1, MSG_NOSIGNAL) <= 0)
      continue;
    if (poll(&x, 1, 5000) == 1 && read(fds[i], buf, sizeof buf) > 0)
      alive++;
  }
  return alive;
}

static void withstands_a_thousand(void **state)
{
  int result_pipe[2], go[2];
  unsigned int alive = 0;
  struct rlimit limit = {2000, 2000};
  pid_t pid;
  (void)state;
  assert_true(pipe(result_pipe) == 0 && pipe(go) == 0);
  pid = fork();
  if (!pid) {
    char c;
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    close(go[1]);
    become(STRANGER);
    alive = hold(1000);
    (void)!write(result_pipe[1], &alive, sizeof alive);
    (void)!read(go[0], &c, 1);
    _exit(0);
  }
  close(go[0]);
  assert_int_equal(read(result_pipe[0], &alive, sizeof alive), sizeof alive);
  door_close(&d);
  expect("joe", MEANING_USER); /* on a new connection, while they hang */
  if (is_root)
    assert_int_equal(alive, 32); /* CALLERS_USER_MAX: a stranger's share */
  else
    assert_true(alive >= 900 || alive + 64 >= limit.rlim_max); /* the owner may */
  close(go[1]);
  waitpid(pid, 0, 0);
  close(result_pipe[0]);
  close(result_pipe[1]);
}

/* A caller who asks much and reads nothing is waited for by nobody. */
static void withstands_who_never_reads(void **state)
{
  static char const question[] = "\0\0\0\x08\0\0\1e\x81\0\3joe";
  int fd = knock_raw();
  unsigned int sent = 0;
  (void)state;
  assert_true(fd >= 0);
  while (sent < 200000 && send(fd, question, sizeof question - 1, MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
    sent++;
  expect("joe", MEANING_USER);
  close(fd);
  expect("joe", MEANING_USER);
}

/* What was written before it drains is answered, then the connection ends; the successor is there at once. */
static void drains(void **state)
{
  static char const question[] = "\0\0\0\x08\0\0\1x\x81\0\3joe";
  char buf[200];
  int fd = knock_raw(), status;
  struct pollfd x = {.fd = fd, .events = POLLIN};
  (void)state;
  expect("joe", MEANING_USER); /* so fd was accepted, too */
  assert_int_equal(kill(service, SIGSTOP), 0);
  assert_true(send(fd, question, sizeof question - 1, MSG_NOSIGNAL) > 0);
  kill(service, SIGTERM);
  kill(service, SIGCONT);
  assert_int_equal(waitpid(service, &status, 0), service);
  assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  start();
  assert_int_equal(poll(&x, 1, 5000), 1);
  assert_true(read(fd, buf, sizeof buf) > 8 && buf[7] == ANSWER_LAST);
  x.revents = 0;
  assert_int_equal(poll(&x, 1, 5000), 1);
  assert_int_equal(read(fd, buf, sizeof buf), 0);
  close(fd);
  expect("joe", MEANING_USER); /* d notices, and asks again at the successor's door */
}

static void stops_for_a_bad_setting(void **state)
{
  int status;
  pid_t running = service;
  (void)state;
  kill(running, SIGTERM);
  waitpid(running, &status, 0);
  house_put("control/recipientdelimiter", "two\n");
  service = fork();
  if (!service) {
    int nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, 2);
    become(OWNER);
    execl(program, "tern-alias", (char *)0);
    _exit(97);
  }
  waitpid(service, &status, 0);
  service = 0;
  assert_true(WIFEXITED(status));
  assert_int_equal(WEXITSTATUS(status), 102);
}

int main(void)
{
  struct CMUnitTest const tests[] = {
      cmocka_unit_test(answers),
      cmocka_unit_test(is_as_new_as_newaliases),
      cmocka_unit_test(reads_settings_anew),
      cmocka_unit_test(withstands_babble),
      cmocka_unit_test(refuses_descriptors),
      cmocka_unit_test(withstands_a_thousand),
      cmocka_unit_test(withstands_who_never_reads),
      cmocka_unit_test(drains),
      cmocka_unit_test(stops_for_a_bad_setting),
  };
  return cmocka_run_group_tests(tests, enter, leave);
}
