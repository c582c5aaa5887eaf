/* lib/id: ids differ, grow, sort as text, and have one text each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <cmocka.h>
#include "lib/id.h"

static void text_and_packed(void **state)
{
  static id const table[] = {
      {.usec = 0},
      {.usec = 1, .worker = 1, .random = 1},
      {.usec = UINT64_C(1795485123456789), .worker = 517, .random = 0xdeadbeef},
      {.usec = (UINT64_C(1) << 55) - 1, .worker = ID_WORKER_MAX, .random = 0xffffffff}};
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    char text[ID_LEN + 1], packed[ID_PACK];
    id back;
    id_fmt(text, table + i);
    assert_int_equal(strlen(text), ID_LEN);
    assert_true(id_scan(&back, text, ID_LEN));
    if (id_cmp(&back, table + i))
      fail_msg("%s: got another id back", text);
    for (size_t k = 0; k < ID_LEN; k++)
      text[k] = (char)(text[k] >= 'A' ? text[k] | 32 : text[k]);
    assert_true(id_scan(&back, text, ID_LEN));
    assert_int_equal(id_cmp(&back, table + i), 0);
    id_pack(packed, table + i);
    memset(&back, 0, sizeof back);
    id_unpack(&back, packed);
    assert_int_equal(id_cmp(&back, table + i), 0);
    assert_int_equal("0123456789ABCDEFGHIJKLMNOPQRSTUV"[table[i].random & 31],
                     text[ID_LEN - 1] >= 'a' ? text[ID_LEN - 1] - 32 : text[ID_LEN - 1]);
  }
}

static void not_ids(void **state)
{
  static char const *const table[] = {"",
                                      "0123456789ABCDEFGHI",
                                      "0123456789ABCDEFGHIJK",
                                      "0123456789ABCDEFGHIW",
                                      "4123456789ABCDEFGHIJ",
                                      "../456789ABCDEFGHIJK",
                                      "0123456789 BCDEFGHIJ"};
  id i;
  (void)state;
  for (size_t k = 0; k < sizeof table / sizeof *table; k++)
    if (id_scan(&i, table[k], strlen(table[k])))
      fail_msg("\"%s\" was taken for an id", table[k]);
}

static void grow_and_sort(void **state)
{
  char before[ID_LEN + 1] = "", text[ID_LEN + 1], p[ID_PACK], q[ID_PACK] = "";
  id i, last = ID_ZERO;
  (void)state;
  for (unsigned int n = 0; n < 100000; n++) {
    id_make(&i, n % 7);
    id_fmt(text, &i);
    id_pack(p, &i);
    if (strcmp(before, text) >= 0 || id_cmp(&last, &i) >= 0 || memcmp(q, p, ID_PACK) >= 0)
      fail_msg("%s does not come after %s", text, before);
    memcpy(before, text, sizeof before);
    memcpy(q, p, sizeof q);
    last = i;
  }
}

static time_t jump; /* seconds that the clock is off */
int clock_gettime(clockid_t which, struct timespec *t)
{
  int r = (int)syscall(SYS_clock_gettime, which, t);
  if (which == CLOCK_REALTIME)
    t->tv_sec += jump;
  return r;
}

static void a_clock_that_goes_back_repeats_none(void **state)
{
  static time_t const jumps[] = {0, -1, -86400, 315360000, -315360000, -4000000000, 0};
  id i, last = ID_ZERO;
  (void)state;
  for (unsigned int n = 0; n < sizeof jumps / sizeof *jumps; n++)
    for (unsigned int k = 0; k < 10; k++) {
      jump = jumps[n];
      id_make(&i, 0);
      if (id_cmp(&last, &i) >= 0)
        fail_msg("%lld seconds off: an id does not come after the one before", (long long)jump);
      last = i;
    }
  jump = 0;
}

static void children_draw_their_own(void **state)
{
  id mine, theirs;
  int p[2], same = 0;
  (void)state;
  id_make(&mine, 0);
  for (unsigned int n = 0; n < 4; n++) {
    assert_return_code(pipe(p), 0);
    pid_t pid = fork();
    if (!pid) {
      id_make(&theirs, 0);
      _exit(write(p[1], &theirs, sizeof theirs) != sizeof theirs);
    }
    assert_int_equal(read(p[0], &theirs, sizeof theirs), sizeof theirs);
    waitpid(pid, 0, 0);
    close(p[0]);
    close(p[1]);
    if (n)
      same += theirs.random == mine.random;
    mine = theirs;
  }
  assert_int_equal(same, 0);
}

int main(void)
{
  struct CMUnitTest const tests[] = {
      cmocka_unit_test(text_and_packed), cmocka_unit_test(not_ids), cmocka_unit_test(grow_and_sort),
      cmocka_unit_test(a_clock_that_goes_back_repeats_none), cmocka_unit_test(children_draw_their_own)};
  return cmocka_run_group_tests(tests, 0, 0);
}
