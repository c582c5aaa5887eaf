/* lib/result: texts stay one line, codes are believed only when they fit, the serial form survives nonsense.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "lib/result.h"

static void replies(void **state)
{
  static struct {
    char const *reply, *code, *text;
  } const table[] = {
      {"250 2.0.0 ok", "2.0.0", "250 2.0.0 ok"},
      {"250", "2.0.0", "250"},
      {"250 ", "2.0.0", "250"},
      {"450 4.2.0 later", "4.2.0", "450 4.2.0 later"},
      {"550 5.1.1 no", "5.1.1", "550 5.1.1 no"},
      {"550 4.1.1 no", "5.0.0", "550 4.1.1 no"},
      {"550 5.1.1000 no", "5.0.0", "550 5.1.1000 no"},
      {"550 5.999.999", "5.999.999", "550 5.999.999"},
      {"550 5.1.1no", "5.0.0", "550 5.1.1no"},
      {"354 go on", "4.0.0", "354 go on"},
      {"921 what", "4.0.0", "921 what"},
      {"25", "4.5.0", "25"},
      {"", "4.5.0", ""},
      {"hello", "4.5.0", "hello"},
      {"2500 ok", "4.5.0", "2500 ok"},
      {"553-5.1.3 a\r\n553-\r\n", "5.1.3", "553-5.1.3 a  553-"},
      {"550 5.7.1\nBcc: x\033[2J", "5.7.1", "550 5.7.1 Bcc: x [2J"},
      {"550 \303\244", "5.0.0", "550 \303\244"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    result r = RESULT_ZERO;
    char code[12];
    result_from_reply(&r, table[i].reply, strlen(table[i].reply));
    result_code(&r, code);
    if (strcmp(code, table[i].code) || strcmp(r.text, table[i].text))
      fail_msg("\"%s\": got %s \"%s\", want %s \"%s\"", table[i].reply, code, r.text, table[i].code,
               table[i].text);
  }
}

static void set(void **state)
{
  char longest[2000], code[12];
  result r;
  (void)state;
  memset(longest, 'x', sizeof longest);
  longest[sizeof longest - 1] = 0;
  result_set(&r, RESULT_PERMANENT, STATUS_UNKNOWN_MAILBOX, "no user %s\r\nhere", "joe");
  assert_string_equal(r.text, "no user joe  here");
  assert_string_equal(result_code(&r, code), "5.1.1");
  result_set(&r, RESULT_TEMPORARY, STATUS_NULL_MX, "%s", longest);
  assert_int_equal(strlen(r.text), RESULT_TEXT - 1);
  assert_string_equal(result_code(&r, code), "4.1.10");
  result_set(&r, RESULT_OK, 4294967295u, "%%n is %s", "%n%s%x");
  assert_string_equal(r.text, "%n is %n%s%x");
  assert_true(strlen(result_code(&r, code)) < 12);
}

static void packed(void **state)
{
  stralloc sa = STRALLOC_ZERO;
  result r, back;
  static char junk[6 + RESULT_TEXT] = "5";
  (void)state;
  result_set(&r, RESULT_PERMANENT, STATUS_LOOP, "round and round");
  assert_true(result_pack(&sa, &r));
  assert_true(result_unpack(&back, sa.s, sa.len));
  assert_int_equal(back.class, RESULT_PERMANENT);
  assert_int_equal(back.status, STATUS_LOOP);
  assert_string_equal(back.text, "round and round");
  assert_false(result_unpack(&back, sa.s, 4));
  assert_false(result_unpack(&back, "3\0\0\0\0x", 6));
  assert_false(result_unpack(&back, "5\377\377\377\377x", 6));
  assert_false(result_unpack(&back, junk, sizeof junk));
  assert_true(result_unpack(&back, "5\0\0\0\0a\0b\nc", 10));
  assert_string_equal(back.text, "a b c");
  stralloc_free(&sa);
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(replies), cmocka_unit_test(set),
                                     cmocka_unit_test(packed)};
  return cmocka_run_group_tests(tests, 0, 0);
}
