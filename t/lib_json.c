/* lib/json: whatever comes in, a valid JSON string comes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "lib/json.h"

static void strings(void **state)
{
  static struct {
    char const *in;
    size_t len;
    char const *want;
  } const table[] = {
      {"", 0, "\"\""},
      {"plain", 5, "\"plain\""},
      {"a\"b\\c/", 6, "\"a\\\"b\\\\c/\""},
      {"\n\r\t\b\f\1\177", 7, "\"\\n\\r\\t\\b\\f\\u0001\\u007f\""},
      {"a\0b", 3, "\"a\\u0000b\""},
      {"\303\244\342\202\254\360\237\222\214", 9, "\"\303\244\342\202\254\360\237\222\214\""},
      {"\303", 1, "\"\357\277\275\""},
      {"\300\257", 2, "\"\357\277\275\357\277\275\""},
      {"\355\240\200", 3, "\"\357\277\275\357\277\275\357\277\275\""},
      {"\364\220\200\200x", 5, "\"\357\277\275\357\277\275\357\277\275\357\277\275x\""},
      {"ok\377ok", 5, "\"ok\357\277\275ok\""},
  };
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    stralloc out = STRALLOC_ZERO;
    assert_true(json_string(&out, table[i].in, table[i].len) && stralloc_0(&out));
    if (strcmp(out.s, table[i].want))
      fail_msg("%zu: got %s, want %s", i, out.s, table[i].want);
    stralloc_free(&out);
  }
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(strings)};
  return cmocka_run_group_tests(tests, 0, 0);
}
