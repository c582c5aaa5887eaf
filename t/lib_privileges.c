/* Tests of lib/privileges: each in a child, which can't have back what it gave away. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "lib/privileges.h"

static int in_child(int (*f)(void *), void *data)
{
  pid_t pid = fork();
  int wstat;
  if (!pid)
    _exit((*f)(data));
  waitpid(pid, &wstat, 0);
  return wstat;
}

/* ---- drop */

typedef struct drop_s drop;
struct drop_s {
  uid_t uid;
  gid_t gid;
  gid_t groups[2];
  size_t n;
  enum privileges_root root;
};

static int do_drop(void *data)
{
  drop const *d = data;
  uid_t r, e, s;
  gid_t now[8];
  if (!privileges_drop(d->uid, d->gid, d->groups, d->n, d->root))
    return 1;
  if (getresuid(&r, &e, &s) || r != d->uid || e != d->uid || s != d->uid)
    return 2;
  if (getresgid(&r, &e, &s) || r != d->gid || e != d->gid || s != d->gid)
    return 3;
  if (getgroups(8, now) != (int)d->n)
    return 4;
  if (!setuid(0) || !setgid(0) || !setgroups(0, 0) || !chroot("/"))
    return 5;
  return 0;
}

static void dropping(void **state)
{
  static struct {
    char const *name;
    drop d;
    int want;
  } cases[] = {
      {"no groups", {54321, 54322, {0, 0}, 0, PRIVILEGES_KEEP_ROOT_FOLDER}, 0},
      {"two groups, unsorted", {54321, 54322, {70, 60}, 2, PRIVILEGES_KEEP_ROOT_FOLDER}, 0},
      {"a group twice", {54321, 54322, {70, 70}, 2, PRIVILEGES_KEEP_ROOT_FOLDER}, 0},
      {"chroot", {54321, 54322, {0, 0}, 0, PRIVILEGES_CHROOT}, 0},
      {"to root", {0, 54322, {0, 0}, 0, PRIVILEGES_KEEP_ROOT_FOLDER}, 1},
      {"to root's group", {54321, 0, {0, 0}, 0, PRIVILEGES_KEEP_ROOT_FOLDER}, 1},
      {"with root's group", {54321, 54322, {70, 0}, 2, PRIVILEGES_KEEP_ROOT_FOLDER}, 1},
  };
  size_t i;
  (void)state;
  if (getuid())
    skip();
  for (i = 0; i < sizeof cases / sizeof *cases; i++) {
    int got = in_child(&do_drop, &cases[i].d);
    if (got != cases[i].want << 8)
      fail_msg("%s: got %x want %x", cases[i].name, (unsigned int)got, (unsigned int)cases[i].want << 8);
  }
}

static int not_root(void *data)
{
  (void)data;
  if (!getuid() && setresuid(54321, 54321, 54321))
    return 1;
  return !privileges_drop(getuid(), 77, 0, 0, PRIVILEGES_CHROOT) ||
         privileges_drop(getuid() + 1, 77, 0, 0, PRIVILEGES_CHROOT);
}

static int half_root(void *data)
{
  (void)data;
  return setresuid(0, 54321, 54321) || privileges_drop(54321, 54321, 0, 0, PRIVILEGES_KEEP_ROOT_FOLDER);
}

static void who_is_not_root_only_checks(void **state)
{
  (void)state;
  assert_int_equal(in_child(&not_root, 0), 0);
  if (!getuid())
    assert_int_equal(in_child(&half_root, 0), 0);
}

/* ---- jail: what each level refuses, and what none does. A call returns what the system call returns, 0 or
 * more. */

static long call_exec(void)
{
  char *const argv[] = {"true", 0};
  return execv("/bin/true", argv) < 0 && errno == EPERM ? -1 : 0;
}
static long call_ptrace(void)
{
  return ptrace(PTRACE_TRACEME, 0, 0, 0);
}
static long call_unshare(void)
{
  return unshare(CLONE_FILES);
}
static long call_fork(void)
{
  pid_t pid = fork();
  if (!pid)
    _exit(0);
  if (pid > 0)
    waitpid(pid, 0, 0);
  return pid;
}
static long call_kill(void)
{
  return kill(getppid(), 0);
}
static long call_open(void)
{
  return open("/dev/null", O_RDONLY);
}
static long call_old_open(void)
{
#ifdef SYS_open
  return syscall(SYS_open, "/dev/null", O_RDONLY, 0);
#else
  return open("/dev/null", O_RDONLY);
#endif
}
static long call_rename(void)
{
  return rename("/tmp/lib_privileges.no", "/tmp/lib_privileges.not") < 0 && errno == EPERM ? -1 : 0;
}
static long call_unlink(void)
{
  return unlink("/tmp/lib_privileges.no") < 0 && errno == EPERM ? -1 : 0;
}
static long call_chmod(void)
{
  return chmod("/tmp/lib_privileges.no", 0) < 0 && errno == EPERM ? -1 : 0;
}
static long call_netlink(void)
{
  return socket(AF_NETLINK, SOCK_RAW, 0);
}
static long call_bind(void)
{
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  return bind(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&a, sizeof a);
}
static long call_bind_door(void)
{
  struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "/nonexistent/folder/for/a/socket"};
  return bind(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&a, sizeof a) < 0 && errno == EPERM ? -1
                                                                                                      : 0;
}
static long call_code(void)
{
  return mmap(0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}
static long call_listen_door(void)
{
  struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "/tmp/lib_privileges.no"};
  int r = connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&a, sizeof a);
  return r < 0 && errno == ENOENT ? 0 : -1; /* it looked for it */
}
static long call_inet6(void)
{
  int fd = socket(AF_INET6, SOCK_DGRAM, 0);
  return fd < 0 && errno != EPERM ? 0 : fd; /* a machine without the family says so itself */
}
static long call_tcp(void)
{
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr = {htonl(INADDR_LOOPBACK)}};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  return connect(fd, (struct sockaddr *)&a, sizeof a) < 0 && errno != ECONNREFUSED ? -1 : 0;
}
static long call_messages(void)
{
  int p[2];
  char c = 'x';
  struct iovec v = {&c, 1};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) || sendmsg(p[0], &m, MSG_NOSIGNAL) != 1)
    return -1;
  if (poll(&(struct pollfd){p[1], POLLIN, 0}, 1, 100) != 1 || recvmsg(p[1], &m, 0) != 1)
    return -1;
  return write(p[1], "x", 1) == 1 && read(p[0], &c, 1) == 1 ? 0 : -1;
}
static long call_memory(void)
{
  char *s = malloc(10000000);
  if (!s)
    return -1;
  memset(s, 1, 10000000);
  free(s);
  return 0;
}
static long call_clock(void)
{
  struct timespec t;
  char c;
  return clock_gettime(CLOCK_MONOTONIC, &t) || getrandom(&c, 1, 0) != 1 ? -1 : 0;
}
static long call_limits(void)
{
  struct rlimit l;
  return getrlimit(RLIMIT_NOFILE, &l);
}
static long call_raise(void)
{
  return raise(SIGURG);
}
static long call_future(void)
{
  return syscall(1000) < 0 && errno == ENOSYS ? 0 : -1;
}

#define NEVER 99

static struct {
  char const *name;
  long (*call)(void);
  int from; /* the first level that refuses it */
} const calls[] = {
    {"exec", &call_exec, JAIL_NO_EXEC},
    {"ptrace", &call_ptrace, JAIL_NO_EXEC},
    {"unshare", &call_unshare, JAIL_NO_EXEC},
    {"fork", &call_fork, JAIL_NO_PROCESS},
    {"kill", &call_kill, JAIL_NO_PROCESS},
    {"open", &call_open, JAIL_NO_FILES_BUT_BIND},
    {"open by its old number", &call_old_open, JAIL_NO_FILES_BUT_BIND},
    {"rename", &call_rename, JAIL_NO_FILES_BUT_BIND},
    {"unlink", &call_unlink, JAIL_NO_FILES_BUT_BIND},
    {"chmod", &call_chmod, JAIL_NO_FILES_BUT_BIND},
    {"a netlink socket", &call_netlink, JAIL_NO_FILES_BUT_BIND},
    {"bind", &call_bind, JAIL_NO_FILES},
    {"bind a Unix socket", &call_bind_door, JAIL_NO_FILES_BUT_BIND},
    {"memory to execute", &call_code, JAIL_NO_FILES_BUT_BIND},
    {"connect to a door", &call_listen_door, NEVER},
    {"an IPv6 socket", &call_inet6, NEVER},
    {"a TCP connection", &call_tcp, NEVER},
    {"sendmsg, poll, recvmsg", &call_messages, NEVER},
    {"memory", &call_memory, NEVER},
    {"clock and random", &call_clock, NEVER},
    {"getrlimit", &call_limits, NEVER},
    {"raise", &call_raise, NEVER},
    {"a call of the future", &call_future, NEVER},
};

typedef struct jailed_call_s jailed_call;
struct jailed_call_s {
  enum privileges_jail level;
  long (*call)(void);
};

enum { ALLOWED = 0, REFUSED = 1, FAILED = 2, NO_JAIL = 3 };

static int do_call(void *data)
{
  jailed_call const *j = data;
  int jailed;
  if (!privileges_jail(j->level, &jailed))
    return FAILED;
  if (!jailed)
    return NO_JAIL;
  return (*j->call)() < 0 ? REFUSED : ALLOWED;
}

static void jails(void **state)
{
  int level;
  size_t i;
  (void)state;
  for (level = JAIL_NO_EXEC; level <= JAIL_NO_FILES; level++)
    for (i = 0; i < sizeof calls / sizeof *calls; i++) {
      jailed_call j = {(enum privileges_jail)level, calls[i].call};
      int want = level >= calls[i].from ? REFUSED : ALLOWED;
      int got = in_child(&do_call, &j);
      if (WIFEXITED(got) && WEXITSTATUS(got) == NO_JAIL)
        skip();
      if (got != want << 8)
        fail_msg("%s at level %d: got status %x want %x", calls[i].name, level, (unsigned int)got,
                 (unsigned int)want << 8);
    }
}

static int do_abort(void *data)
{
  (void)data;
  return privileges_jail(JAIL_NO_FILES, 0) ? (abort(), 0) : 1;
}

static int do_nothing(void *data)
{
  (void)data;
  return !privileges_jail(JAIL_NO_FILES, 0) || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1;
}

static void a_jailed_program_ends_as_it_should(void **state)
{
  int got;
  (void)state;
  assert_int_equal(in_child(&do_nothing, 0), 0);
  got = in_child(&do_abort, 0);
  if (!WIFSIGNALED(got) || WTERMSIG(got) != SIGABRT)
    fail_msg("abort: got status %x want SIGABRT", (unsigned int)got);
}

/* ---- Landlock */

static int do_readonly(void *data)
{
  static char const *const folders[] = {"open"};
  int jailed;
  int fd;
  (void)data;
  if (!privileges_readonly(folders, 1, &jailed))
    return FAILED;
  if (!jailed)
    return NO_JAIL;
  fd = open("open/file", O_RDONLY);
  if (fd < 0 || open("open/file", O_RDWR) >= 0 || open("open/new", O_RDWR | O_CREAT, 0600) >= 0)
    return 10;
  if (open("shut/file", O_RDONLY) >= 0 || open("/etc/passwd", O_RDONLY) >= 0 ||
      !rename("open/file", "open/other"))
    return 11;
  if (!unlink("open/file") || !truncate("open/file", 0))
    return 12;
  return 0;
}

static int do_no_file(void *data)
{
  int jailed;
  (void)data;
  if (!privileges_readonly(0, 0, &jailed))
    return FAILED;
  return !jailed ? NO_JAIL : open("open/file", O_RDONLY) >= 0;
}

static void reading_only(void **state)
{
  char dir[] = "/tmp/lib_privileges.XXXXXX";
  int got, none;
  (void)state;
  assert_non_null(mkdtemp(dir));
  assert_false(chdir(dir) || mkdir("open", 0700) || mkdir("shut", 0700));
  close(open("open/file", O_CREAT | O_WRONLY, 0600));
  close(open("shut/file", O_CREAT | O_WRONLY, 0600));
  got = in_child(&do_readonly, 0);
  none = in_child(&do_no_file, 0);
  unlink("open/file");
  unlink("shut/file");
  rmdir("open");
  rmdir("shut");
  assert_false(chdir("/"));
  rmdir(dir);
  if (got == NO_JAIL << 8)
    skip();
  assert_int_equal(got, 0);
  assert_int_equal(none, 0);
}

int main(void)
{
  struct CMUnitTest const tests[] = {
      cmocka_unit_test(dropping),     cmocka_unit_test(who_is_not_root_only_checks),
      cmocka_unit_test(jails),        cmocka_unit_test(a_jailed_program_ends_as_it_should),
      cmocka_unit_test(reading_only),
  };
  return cmocka_run_group_tests(tests, 0, 0);
}
