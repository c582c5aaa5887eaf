/* Tests queue/notice: records through the FIFO, a full one, readers that come and go. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "queue/notice.h"

static char home[] = "/tmp/tern-notice.XXXXXX";

static int set_up(void **state)
{
  (void)state;
  signal(SIGPIPE, SIG_IGN);
  umask(077);
  return !mkdtemp(home) || chdir(home) < 0 || mkdir("run", 0755) < 0;
}

static int tear_down(void **state)
{
  (void)state;
  unlink("run/notice");
  rmdir("run");
  return chdir("/") < 0 || rmdir(home) < 0;
}

static int open_reader(notice_reader *r)
{
  *r = (notice_reader){.fd = notice_open(getuid(), getgid())};
  return r->fd;
}

static void round_trip(void **state)
{
  static notice_reader r;
  struct stat st;
  int fd = -1;
  id i, got;
  (void)state;
  id_make(&i, 3);
  assert_true(notice_tell(&fd, &i)); /* nobody reads: the runner scans when it starts */
  assert_int_equal(fd, -1);
  assert_true(open_reader(&r) >= 0);
  assert_true(!stat("run/notice", &st) && S_ISFIFO(st.st_mode));
  assert_int_equal(st.st_mode & 07777, 0620);
  assert_int_equal(notice_get(&r, &got), NOTICE_NONE);
  assert_true(notice_tell(&fd, &i) && notice_scan(&fd) && notice_tell(&fd, &i));
  assert_int_equal(notice_get(&r, &got), NOTICE_ID);
  assert_int_equal(id_cmp(&i, &got), 0);
  assert_int_equal(notice_get(&r, &got), NOTICE_SCAN);
  assert_int_equal(notice_get(&r, &got), NOTICE_ID);
  assert_int_equal(notice_get(&r, &got), NOTICE_NONE);
  /* the reader goes and another comes; the writer finds it */
  close(r.fd);
  assert_true(notice_tell(&fd, &i));
  assert_int_equal(fd, -1);
  assert_true(open_reader(&r) >= 0);
  assert_true(notice_tell(&fd, &i));
  assert_int_equal(notice_get(&r, &got), NOTICE_ID);
  /* the FIFO is another one */
  close(r.fd);
  unlink("run/notice");
  assert_true(open_reader(&r) >= 0);
  assert_true(notice_tell(&fd, &i));
  assert_int_equal(notice_get(&r, &got), NOTICE_ID);
  close(r.fd);
  close(fd);
}

static void full(void **state)
{
  static notice_reader r;
  int fd = -1;
  unsigned int told = 0, n = 0;
  enum notice_got g;
  id i, got;
  (void)state;
  assert_true(open_reader(&r) >= 0);
  for (int size = 65536; size >= 4096; size /= 16) { /* as large as it comes, and as small as it may become */
    assert_true(fcntl(r.fd, F_SETPIPE_SZ, size) >= 0);
    for (told = n = 0; id_make(&i, 1), notice_tell(&fd, &i); told++)
      ;
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(told, size / NOTICE);
    assert_false(notice_scan(&fd));
    while ((g = notice_get(&r, &got)) == NOTICE_ID)
      n++;
    if (g != NOTICE_SCAN || n != told)
      fail_msg("%d bytes: got %d after %u, want a scan after %u", size, g, n, told);
    assert_int_equal(notice_get(&r, &got), NOTICE_NONE);
    /* nearly full is not full */
    for (n = 1; n < told; n++)
      assert_true(notice_tell(&fd, &i));
    while ((g = notice_get(&r, &got)) == NOTICE_ID)
      ;
    assert_int_equal(g, NOTICE_NONE);
  }
  close(r.fd);
  close(fd);
}

/* Parts of records make a scan, and what comes later is read as it was written. */
static void nonsense(void **state)
{
  static notice_reader r;
  int fd = -1, raw;
  id i, got;
  (void)state;
  assert_true(open_reader(&r) >= 0);
  raw = open("run/notice", O_WRONLY | O_NONBLOCK);
  for (size_t n = 1; n < 2 * NOTICE; n += NOTICE - 1) {
    id_make(&i, 2);
    assert_int_equal(write(raw, "abcdefghijklmnopqrstuvwxyz012345", n), n);
    assert_true(notice_tell(&fd, &i));
    while (notice_get(&r, &got) == NOTICE_ID)
      ;
    assert_int_equal(notice_get(&r, &got), NOTICE_NONE);
    assert_int_equal(write(raw, "abcdefghijklmnopqrstuvwxyz012345", n), n);
    for (size_t k = 0; k < n / NOTICE; k++)
      assert_int_equal(notice_get(&r, &got), NOTICE_ID);
    assert_int_equal(notice_get(&r, &got), n % NOTICE ? NOTICE_SCAN : NOTICE_NONE);
    assert_true(notice_tell(&fd, &i));
    assert_int_equal(notice_get(&r, &got), NOTICE_ID);
    assert_int_equal(id_cmp(&i, &got), 0);
    assert_int_equal(notice_get(&r, &got), NOTICE_NONE);
  }
  close(raw);
  close(r.fd);
  close(fd);
}

/* Something else of that name: it is replaced, as run/ is nobody's but ours. */
static void other_things(void **state)
{
  static notice_reader r;
  struct stat st;
  int fd = -1;
  (void)state;
  unlink("run/notice");
  close(open("run/notice", O_WRONLY | O_CREAT, 0666));
  assert_true(open_reader(&r) >= 0);
  assert_true(!stat("run/notice", &st) && S_ISFIFO(st.st_mode));
  close(r.fd);
  unlink("run/notice");
  assert_true(!symlink("/dev/null", "run/notice"));
  id i;
  id_make(&i, 1);
  assert_false(notice_tell(&fd, &i));
  assert_true(open_reader(&r) >= 0);
  assert_true(!lstat("run/notice", &st) && S_ISFIFO(st.st_mode));
  close(r.fd);
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(round_trip), cmocka_unit_test(full),
                                     cmocka_unit_test(nonsense), cmocka_unit_test(other_things)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
