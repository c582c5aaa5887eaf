/* Tests lib/checksum: the known sums, sums in pieces, and that both ways agree. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "lib/checksum.h"

static void known_sums(void **state)
{
  static struct {
    char const *name;
    char s[48];
    size_t len;
    uint32_t want;
  } const cases[] = {
      {"nothing", "", 0, 0},
      {"the check value", "123456789", 9, 0xe3069283u},
      {"32 zeros (RFC 3720)", "", 32, 0x8a9136aau},
      {"one letter", "a", 1, 0xc1d04330u},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    uint32_t got = checksum(0, cases[i].s, cases[i].len);
    if (got != cases[i].want)
      fail_msg("%s: got %08x, want %08x", cases[i].name, got, cases[i].want);
    got = checksum_by_table(0, cases[i].s, cases[i].len);
    if (got != cases[i].want)
      fail_msg("%s by table: got %08x, want %08x", cases[i].name, got, cases[i].want);
  }
}

static void pieces_and_both_ways(void **state)
{
  char s[200];
  (void)state;
  for (size_t i = 0; i < sizeof s; i++)
    s[i] = (char)(i * 7 + (i >> 3));
  for (size_t at = 0; at < 8; at++)
    for (size_t len = 0; len <= sizeof s - at; len++) {
      uint32_t want = checksum_by_table(0, s + at, len), got = checksum(0, s + at, len);
      if (got != want)
        fail_msg("%zu octets at %zu: got %08x, want %08x", len, at, got, want);
      got = checksum(checksum(0, s + at, len / 3), s + at + len / 3, len - len / 3);
      if (got != want)
        fail_msg("%zu octets in two pieces: got %08x, want %08x", len, got, want);
    }
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(known_sums), cmocka_unit_test(pieces_and_both_ways)};
  return cmocka_run_group_tests(tests, 0, 0);
}
