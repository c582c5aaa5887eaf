/* Tests of lib/door: frames whole, in pieces, too long, with descriptors wanted and unwanted; knocking. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <skalibs/tai.h>
#include "lib/door.h"

static door a, b; /* two ends */

static int both_ends(void **state)
{
  int p[2];
  (void)state;
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, p) < 0)
    return -1;
  tain_now_set_stopwatch_g();
  door_init(&a, p[0], DOOR_ACCEPT_FDS);
  door_init(&b, p[1], DOOR_ACCEPT_FDS);
  return 0;
}

static int no_ends(void **state)
{
  (void)state;
  door_close(&a);
  door_close(&b);
  door_close(&b);
  return 0;
}

static int highest_fd(void)
{
  int fd = dup(0);
  close(fd);
  return fd;
}

static void want(char const *what, long got, long wanted)
{
  if (got != wanted)
    fail_msg("%s: got %ld want %ld (errno %d)", what, got, wanted, errno);
}

static void frames_arrive_in_order(void **state)
{
  static char const *const s[] = {"", "one", "two", "a longer one"};
  frame f;
  size_t i;
  (void)state;
  for (i = 0; i < 4; i++)
    assert_true(door_put(&a, (unsigned char)('a' + i), s[i], strlen(s[i])));
  assert_true(door_wants_flush(&a));
  assert_true(door_flush(&a));
  assert_false(door_wants_flush(&a));
  for (i = 0; i < 4; i++) {
    want("door_get", door_get(&b, &f), DOOR_FRAME);
    want("type", f.type, (long)('a' + i));
    assert_int_equal(f.len, strlen(s[i]));
    assert_memory_equal(f.s, s[i], f.len);
    want("fd", f.fd, -1);
    want("has_frame", door_has_frame(&b), i < 3); /* all four came with one read */
  }
  want("at the end", door_get(&b, &f), DOOR_NOTHING);
  door_close(&a);
  want("closed", door_get(&b, &f), DOOR_CLOSED);
}

/* More than the socket takes, in frames of every kind of length: short writes must not repeat or lose
 * anything. */
static void short_writes_lose_nothing(void **state)
{
  static size_t const lengths[] = {DOOR_MAX - 2, 0, 1, 5000, DOOR_MAX - 2, 4088, 4089, 4090, 4091, 33333};
  static char body[DOOR_MAX];
  int small = 2048;
  frame f;
  size_t got = 0;
  size_t i;
  unsigned int rounds = 0;
  (void)state;
  setsockopt(a.fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
  for (i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    memset(body, 'A' + (int)i, sizeof body);
    assert_true(door_put(&a, (unsigned char)i, body, lengths[i]));
  }
  while (got < i && rounds++ < 10000) {
    enum door_got g;
    if (!door_flush(&a))
      want("flush", errno, EAGAIN);
    while ((g = door_get(&b, &f)) == DOOR_FRAME) {
      want("type", f.type, (long)got);
      want("length", (long)f.len, (long)lengths[got]);
      memset(body, 'A' + (int)got, f.len);
      assert_memory_equal(f.s, body, f.len);
      got++;
    }
    want("door_get", g, DOOR_NOTHING);
  }
  want("frames", (long)got, (long)i);
  assert_false(door_wants_flush(&a));
}

/* A door that is never empty must not keep what it has sent. */
static void a_busy_door_does_not_grow(void **state)
{
  static char body[3000];
  frame f;
  int i;
  (void)state;
  for (i = 0; i < 20000; i++) {
    assert_true(door_put(&a, 'x', body, sizeof body));
    assert_true(door_put(&a, 'y', body, sizeof body));
    (void)door_flush(&a);
    while (a.out.data.len < 20 * sizeof body && i < 400)
      assert_true(door_put(&a, 'z', body, sizeof body));
    if (i > 400 || i % 2)
      while (door_get(&b, &f) == DOOR_FRAME)
        ;
  }
  assert_true(a.out.data.a < 1000000);
}

static void too_long_is_not_sent(void **state)
{
  static char body[DOOR_MAX];
  (void)state;
  assert_true(door_put(&a, 'x', body, DOOR_MAX - 2));
  want("one more", door_put(&a, 'x', body, DOOR_MAX - 1), 0);
  want("errno", errno, EMSGSIZE);
}

static void bad_headers_are_refused(void **state)
{
  static struct {
    char const *name;
    char const *s;
    size_t len;
  } const cases[] = {
      {"256 MiB", "\x10\0\0\0\0\0", 6},
      {"4 GiB", "\xff\xff\xff\xff\0\0", 6},
      {"64 KiB and 1", "\0\1\0\1\0\0", 6},
      {"nothing in it", "\0\0\0\0\0\0", 6},
      {"a byte", "\0\0\0\1\0\0\1", 7},
      {"two descriptors", "\0\0\0\2\0\2\1x", 8},
      {"65535 descriptors", "\0\0\0\2\377\377\1x", 8},
      {"a descriptor that is not there", "\0\0\0\2\0\1\1x", 8},
      {"another version", "\0\0\0\2\0\0\2x", 8},
      {"smtp", "EHLO me\r\n", 9},
  };
  size_t i;
  (void)state;
  for (i = 0; i < sizeof cases / sizeof *cases; i++) {
    frame f;
    no_ends(0);
    both_ends(0);
    assert_int_equal(write(a.fd, cases[i].s, cases[i].len), cases[i].len);
    if (door_get(&b, &f) != DOOR_BROKEN || errno != EPROTO)
      fail_msg("%s: got errno %d want EPROTO", cases[i].name, errno);
    if (b.in.maindata.a > 64)
      fail_msg("%s: got %zu bytes of memory want none", cases[i].name, b.in.maindata.a);
  }
}

static void frames_in_single_bytes(void **state)
{
  char const wire[] = "\0\0\0\5\0\0\1tabc\0\0\0\2\0\0\1u";
  frame f;
  size_t i;
  (void)state;
  for (i = 0; i < sizeof wire - 1; i++) {
    assert_int_equal(write(a.fd, wire + i, 1), 1);
    want("door_get", door_get(&b, &f), i == 10 || i == sizeof wire - 2 ? DOOR_FRAME : DOOR_NOTHING);
    want("mid frame", door_is_mid_frame(&b), i != 10 && i != sizeof wire - 2);
  }
  want("type", f.type, 'u');
  assert_int_equal(write(a.fd, wire, 7), 7);
  door_close(&a);
  want("end in a frame", door_get(&b, &f), DOOR_BROKEN);
}

static void descriptors_go_along_and_are_closed(void **state)
{
  int before = highest_fd();
  frame f;
  int i;
  struct stat st;
  (void)state;
  for (i = 0; i < 5; i++) {
    assert_true(door_put(&a, 'p', "plain", 5));
    assert_true(door_put_fd(&a, 'f', "file", 4, open("/dev/null", O_RDONLY | O_CLOEXEC)));
  }
  assert_true(door_flush(&a));
  want("descriptors after sending", highest_fd(), before);
  for (i = 0; i < 5; i++) {
    want("plain", door_get(&b, &f), DOOR_FRAME);
    want("its fd", f.fd, -1);
    want("with one", door_get(&b, &f), DOOR_FRAME);
    assert_true(f.fd >= 0 && !fstat(f.fd, &st) && S_ISCHR(st.st_mode));
    assert_true(fcntl(f.fd, F_GETFD) & FD_CLOEXEC);
    close(f.fd);
  }
  /* unsent and unread ones */
  assert_true(door_put_fd(&a, 'f', "file", 4, open("/dev/null", O_RDONLY | O_CLOEXEC)));
  assert_true(door_flush(&a));
  assert_true(door_put_fd(&a, 'f', "file", 4, open("/dev/null", O_RDONLY | O_CLOEXEC)));
  door_close(&a);
  door_close(&b);
  want("descriptors at the end", highest_fd(), before - 2);
}

static void send_raw_fds(int to, char const *s, size_t len, int n)
{
  union {
    struct cmsghdr align;
    char s[CMSG_SPACE(32 * sizeof(int))];
  } control = {.s = {0}};
  struct iovec v = {.iov_base = (char *)s, .iov_len = len};
  struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &control};
  int i;
  m.msg_controllen = CMSG_SPACE((size_t)n * sizeof(int));
  control.align.cmsg_level = SOL_SOCKET;
  control.align.cmsg_type = SCM_RIGHTS;
  control.align.cmsg_len = CMSG_LEN((size_t)n * sizeof(int));
  for (i = 0; i < n; i++)
    memcpy(CMSG_DATA(&control.align) + (size_t)i * sizeof(int), &(int){0}, sizeof(int));
  assert_int_equal(sendmsg(to, &m, 0), len);
}

static void unwanted_descriptors(void **state)
{
  int before = highest_fd();
  int fds;
  (void)state;
  /* to one who refuses, with and without a header that admits it; to one who takes one: too many, unannounced
   */
  for (fds = 0; fds < 4; fds++) {
    frame f;
    int p[2];
    no_ends(0);
    assert_false(socketpair(AF_UNIX, SOCK_STREAM, 0, p));
    door_init(&a, p[0], DOOR_ACCEPT_FDS);
    door_init(&b, p[1], fds < 2 ? DOOR_REFUSE_FDS : DOOR_ACCEPT_FDS);
    send_raw_fds(a.fd, fds == 1 ? "\0\0\0\2\0\1\1x" : "\0\0\0\2\0\0\1x", 8, fds == 2 ? 30 : 1);
    want("door_get", door_get(&b, &f), DOOR_BROKEN);
    door_close(&b);
    door_close(&a);
    want("leaked", highest_fd(), before - 2);
  }
}

static void no_descriptor_free(void **state)
{
  struct rlimit old, none;
  enum door_got got;
  frame f;
  int e;
  (void)state;
  getrlimit(RLIMIT_NOFILE, &old);
  assert_true(door_put_fd(&a, 'f', "file", 4, open("/dev/null", O_RDONLY | O_CLOEXEC)));
  assert_true(door_flush(&a));
  none = old;
  none.rlim_cur = (rlim_t)highest_fd();
  setrlimit(RLIMIT_NOFILE, &none);
  got = door_get(&b, &f);
  e = errno;
  setrlimit(RLIMIT_NOFILE, &old);
  want("door_get", got, DOOR_BROKEN);
  want("errno", e, EMFILE);
}

static void bytes_after_a_frame(void **state)
{
  char s[16];
  frame f;
  (void)state;
  assert_true(door_put(&a, 'x', "frame", 5));
  assert_true(door_flush(&a));
  assert_int_equal(write(a.fd, "stream", 6), 6);
  want("door_get", door_get(&b, &f), DOOR_FRAME);
  want("readahead", (long)door_readahead(&b, s, 4), 4);
  want("the rest", (long)door_readahead(&b, s + 4, 12), 2);
  assert_memory_equal(s, "stream", 6);
  assert_memory_equal(f.s, "frame", 5);
  want("no more", (long)door_readahead(&b, s, 12), 0);
}

static tain soon(int ms)
{
  tain t;
  tain_now_g();
  tain_from_millisecs(&t, ms);
  tain_add_g(&t, &t);
  return t;
}

static void waiting_ends_at_the_deadline(void **state)
{
  static char body[DOOR_MAX];
  tain deadline = soon(50);
  frame f;
  int i;
  (void)state;
  want("wait", door_wait(&b, &f, &deadline), 0);
  want("errno", errno, ETIMEDOUT);
  for (i = 0; i < 20; i++)
    assert_true(door_put(&a, 'x', body, 60000));
  deadline = soon(50);
  want("send", door_send(&a, &deadline), 0);
  want("errno", errno, ETIMEDOUT);
  door_close(&b);
  deadline = soon(50);
  want("send to nobody", door_send(&a, &deadline), 0); /* and no SIGPIPE */
  want("errno", errno == EPIPE || errno == ECONNRESET, 1);
}

static void a_question_is_answered(void **state)
{
  tain deadline = soon(5000);
  frame f;
  pid_t pid = fork();
  int wstat;
  (void)state;
  if (!pid) {
    int ok = door_wait(&b, &f, &deadline) && f.type == 'q' && door_put(&b, 'a', f.s, f.len) &&
             door_send(&b, &deadline);
    _exit(!ok);
  }
  assert_true(door_ask(&a, 'q', "why", 3, &f, &deadline));
  want("type", f.type, 'a');
  assert_memory_equal(f.s, "why", 3);
  waitpid(pid, &wstat, 0);
  want("other side", wstat, 0);
  door_close(&b);
  want("nobody there", door_ask(&a, 'q', "why", 3, &f, &deadline), 0);
}

static void knocking(void **state)
{
  char dir[] = "/tmp/lib_door.XXXXXX";
  struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "run/x"};
  tain deadline = soon(5000);
  int l = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int c;
  uid_t uid = 12345;
  (void)state;
  no_ends(0);
  assert_non_null(mkdtemp(dir));
  assert_false(chdir(dir));
  assert_false(mkdir("run", 0700));
  want("no such door", door_knock(&a, "x", DOOR_REFUSE_FDS, &deadline), 0);
  want("errno", errno, ENOENT);
  assert_false(bind(l, (struct sockaddr *)&to, sizeof to));
  want("nobody in", door_knock(&a, "x", DOOR_REFUSE_FDS, &deadline), 0);
  want("errno", errno, ECONNREFUSED);
  assert_false(listen(l, 0));
  assert_true(door_knock(&a, "x", DOOR_REFUSE_FDS, &deadline));
  deadline = soon(100);
  want("a full backlog", door_knock(&b, "x", DOOR_REFUSE_FDS, &deadline), 0);
  want("errno", errno, EAGAIN);
  c = accept(l, 0, 0);
  assert_true(door_peer(c, &uid));
  want("uid", (long)uid, (long)getuid());
  deadline = soon(1000);
  want("free again", door_knock(&b, "x", DOOR_REFUSE_FDS, &deadline), 1);
  close(c);
  close(l);
  unlink("run/x");
  rmdir("run");
  assert_false(chdir("/"));
  rmdir(dir);
}

#define T(f) cmocka_unit_test_setup_teardown(f, both_ends, no_ends)

int main(void)
{
  struct CMUnitTest const tests[] = {
      T(frames_arrive_in_order),
      T(short_writes_lose_nothing),
      T(a_busy_door_does_not_grow),
      T(too_long_is_not_sent),
      T(bad_headers_are_refused),
      T(frames_in_single_bytes),
      T(descriptors_go_along_and_are_closed),
      T(unwanted_descriptors),
      T(no_descriptor_free),
      T(bytes_after_a_frame),
      T(waiting_ends_at_the_deadline),
      T(a_question_is_answered),
      T(knocking),
  };
  a.fd = b.fd = -1;
  return cmocka_run_group_tests(tests, 0, 0);
}
