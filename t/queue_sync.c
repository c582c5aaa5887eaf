/* Tests queue/sync and queue/lock: which file systems need their folder synced; who holds what. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <cmocka.h>
#include "queue/lock.h"
#include "queue/sync.h"

static void judgement(void **state)
{
  static struct {
    unsigned long type;
    char const *driver;
    enum sync_folder want;
  } const cases[] = {
      {0xef53, "ext4", SYNC_FILE_CARRIES_NAME},
      {0xef53, "ext3", SYNC_FILE_CARRIES_NAME},
      {0xef53, "ext2", SYNC_FOLDER_TOO}, /* its own driver syncs the file and not the name */
      {0xef53, "", SYNC_FOLDER_TOO},
      {0x58465342, "", SYNC_FILE_CARRIES_NAME},
      {0x9123683e, "", SYNC_FILE_CARRIES_NAME},
      {0xffffffff9123683eul, "", SYNC_FILE_CARRIES_NAME}, /* sign-extended, as 32-bit kernels have it */
      {0x01021994, "tmpfs", SYNC_FOLDER_TOO},
      {0x6969, "nfs", SYNC_FOLDER_TOO},
      {0x794c7630, "overlay", SYNC_FOLDER_TOO},
      {0, "", SYNC_FOLDER_TOO},
  };
  (void)state;
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
    if (sync_judge(cases[k].type, cases[k].driver) != cases[k].want)
      fail_msg("%lx %s: got %d, want %d", cases[k].type, cases[k].driver, !cases[k].want, cases[k].want);
}

/* Real ones, where this machine has them. */
static void paths(void **state)
{
  struct statfs fs;
  (void)state;
  assert_int_equal(sync_judge_path("/proc"), SYNC_FOLDER_TOO);
  assert_int_equal(sync_judge_path("/no/such/path"), SYNC_FOLDER_TOO);
  FILE *f = fopen("/proc/self/mountinfo", "r");
  char line[4096], path[1024], driver[64];
  unsigned int seen = 0;
  while (f && fgets(line, sizeof line, f)) {
    char const *dash = strstr(line, " - ");
    if (!dash || sscanf(line, "%*u %*u %*u:%*u %*s %1023s", path) != 1 ||
        sscanf(dash, " - %63s", driver) != 1 || strcmp(driver, "ext4") || statfs(path, &fs) < 0 ||
        (unsigned long)fs.f_type != 0xef53)
      continue;
    seen++;
    if (sync_judge_path(path) != SYNC_FILE_CARRIES_NAME)
      fail_msg("%s on %s: got a folder to sync, want none", driver, path);
  }
  if (f)
    fclose(f);
  if (!seen)
    print_message("no ext4 here\n");
}

static void locks(void **state)
{
  char path[] = "/tmp/tern-lock.XXXXXX";
  int held, a = mkstemp(path), b = open(path, O_RDWR), c = open(path, O_RDONLY);
  (void)state;
  assert_true(a >= 0 && b >= 0 && c >= 0);
  assert_true(lock_ask(c, &held) && !held);
  assert_int_equal(lock_take(a), LOCK_TAKEN);
  assert_int_equal(lock_take(a), LOCK_TAKEN); /* its own */
  assert_true(lock_ask(c, &held) && held);
  assert_true(lock_ask(a, &held) && !held); /* nobody else's */
  assert_int_equal(lock_take(b), LOCK_BUSY);
  close(open(path, O_RDWR)); /* closing another descriptor of the file drops nothing */
  assert_int_equal(lock_take(b), LOCK_BUSY);
  int d = dup(a);
  close(a);
  assert_int_equal(lock_take(b), LOCK_BUSY); /* it belongs to the open file: a fork's copy keeps it */
  close(d);
  assert_int_equal(lock_take(b), LOCK_TAKEN);
  close(b);
  close(c);
  unlink(path);
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(judgement), cmocka_unit_test(paths),
                                     cmocka_unit_test(locks)};
  return cmocka_run_group_tests(tests, 0, 0);
}
