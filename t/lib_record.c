/* lib/record: what is written is read again, and what claims too much is broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>
#include "lib/record.h"

static void round_trip(void **state)
{
  static char const *const texts[] = {"", "a", "user@example.org", "\xff\x01 x"};
  stralloc sa = STRALLOC_ZERO;
  (void)state;
  for (size_t i = 0; i < 4; i++)
    assert_true(record_puts(&sa, (unsigned char)(i + 1), texts[i]));
  assert_true(record_put_number(&sa, 9, UINT64_C(0x0123456789abcdef)));
  record_reader r = RECORD_READER(sa.s, sa.len);
  record one;
  for (size_t i = 0; i < 4; i++) {
    char text[32];
    assert_int_equal(record_next(&r, &one), RECORD_ONE);
    assert_int_equal(one.type, i + 1);
    assert_true(record_string(&one, text, sizeof text));
    assert_string_equal(text, texts[i]);
  }
  uint64_t n;
  assert_int_equal(record_next(&r, &one), RECORD_ONE);
  assert_true(record_number(&one, &n));
  assert_true(n == UINT64_C(0x0123456789abcdef));
  assert_int_equal(record_next(&r, &one), RECORD_END);
  stralloc_free(&sa);
}

static void broken(void **state)
{
  static struct {
    char const *name;
    char const *s;
    size_t len;
    enum record_found want;
  } const table[] = {
      {"nothing", "", 0, RECORD_END},
      {"a type alone", "\1", 1, RECORD_BROKEN},
      {"half a length", "\1\0", 2, RECORD_BROKEN},
      {"no data", "\1\0\0", 3, RECORD_ONE},
      {"one short", "\1\0\2x", 4, RECORD_BROKEN},
      {"64 KiB claimed", "\1\377\377xyz", 6, RECORD_BROKEN},
      {"more follows", "\1\0\1xyz", 6, RECORD_ONE},
  };
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    record_reader r = RECORD_READER(table[i].s, table[i].len);
    record one;
    enum record_found got = record_next(&r, &one);
    if (got != table[i].want)
      fail_msg("%s: got %d, want %d", table[i].name, (int)got, (int)table[i].want);
  }
}

static void limits(void **state)
{
  static char big[RECORD_MAX + 1];
  stralloc sa = STRALLOC_ZERO;
  char text[4];
  uint64_t n;
  (void)state;
  assert_true(record_put(&sa, 1, big, RECORD_MAX));
  assert_int_equal(sa.len, RECORD_HEAD + RECORD_MAX);
  assert_false(record_put(&sa, 1, big, RECORD_MAX + 1));
  assert_int_equal(errno, ERANGE);
  record nul = {.type = 1, .s = "a\0b", .len = 3}, full = {.type = 1, .s = "abcd", .len = 4};
  assert_false(record_string(&nul, text, sizeof text));
  assert_false(record_string(&full, text, sizeof text));
  assert_false(record_number(&full, &n));
  stralloc_free(&sa);
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(round_trip), cmocka_unit_test(broken),
                                     cmocka_unit_test(limits)};
  return cmocka_run_group_tests(tests, 0, 0);
}
