/* tools/queue_entry: an entry of the queue as text and as JSON, hidden or not, in one frame or several. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include "lib/listing.h"
#include "lib/record.h"
#include "tools/queue_entry.h"

#define ID "06C3V22HDQRO0AAO7ETM"

static void begin(stralloc *f, char state, char const *sender)
{
  f->len = 0;
  assert_true(record_puts(f, LISTING_ID, ID));
  assert_true(!sender || record_puts(f, LISTING_SENDER, sender));
  assert_true(record_put_number(f, LISTING_SIZE, 1234));
  assert_true(record_put_number(f, LISTING_ARRIVAL, 1795486176));
  assert_true(record_put(f, LISTING_STATE, &state, 1));
  assert_true(record_put_number(f, LISTING_ATTEMPTS, 2));
  assert_true(record_put_number(f, LISTING_NEXT, 1795486999));
}

static void rcpt(stralloc *f, char const *address, char const *reason)
{
  assert_true(record_puts(f, LISTING_RCPT, address));
  assert_true(record_puts(f, LISTING_RCPT_STATE, reason ? "d" : "n"));
  assert_true(!reason || record_puts(f, LISTING_REASON, reason));
}

static void check(queue_entry *e, char const *text, char const *json)
{
  stralloc out = STRALLOC_ZERO;
  assert_true(queue_entry_text(&out, e) && stralloc_0(&out));
  assert_string_equal(out.s, text);
  out.len = 0;
  assert_true(queue_entry_json(&out, e) && stralloc_0(&out));
  assert_string_equal(out.s, json);
  stralloc_free(&out);
}

#define PAD "                                         "
#define NUMBERS "\"size\":1234,\"arrival\":1795486176"

static void forms(void **state)
{
  queue_entry e = QUEUE_ENTRY_ZERO;
  stralloc f = STRALLOC_ZERO;
  (void)state;
  setenv("TZ", "UTC0", 1);
  tzset();
  begin(&f, LISTING_DEFERRED, "joe@x");
  rcpt(&f, "a@y", "no answer");
  rcpt(&f, "b@y", "no answer");
  assert_true(queue_entry_take(&e, f.s, f.len));
  f.len = 0;
  assert_true(record_puts(&f, LISTING_ID, ID));
  rcpt(&f, "c\"@z", "odd \033 thing");
  assert_true(queue_entry_take(&e, f.s, f.len));
  check(&e,
        ID "      1234 Tue Nov 24 02:09:36  joe@x\n(no answer)\n" PAD "a@y\n" PAD "b@y\n(odd ? thing)\n" PAD
           "c\"@z\n\n",
        "{\"id\":\"" ID "\",\"sender\":\"joe@x\"," NUMBERS
        ",\"state\":\"deferred\",\"attempts\":2,\"next\":1795486999,"
        "\"recipients\":[{\"address\":\"a@y\",\"state\":\"deferred\",\"reason\":\"no answer\"},"
        "{\"address\":\"b@y\",\"state\":\"deferred\",\"reason\":\"no answer\"},"
        "{\"address\":\"c\\\"@z\",\"state\":\"deferred\",\"reason\":\"odd \\u001b thing\"}]}\n");
  queue_entry_free(&e);
  e = (queue_entry)QUEUE_ENTRY_ZERO;
  begin(&f, LISTING_HOLD, 0);
  rcpt(&f, "", 0);
  assert_true(queue_entry_take(&e, f.s, f.len));
  check(&e, ID "!     1234 Tue Nov 24 02:09:36  (hidden)\n" PAD "(hidden)\n\n",
        "{\"id\":\"" ID "\",\"sender\":null," NUMBERS
        ",\"state\":\"hold\",\"attempts\":2,\"next\":1795486999,"
        "\"recipients\":[{\"address\":null,\"state\":\"new\",\"reason\":\"\"}]}\n");
  queue_entry_free(&e);
  e = (queue_entry)QUEUE_ENTRY_ZERO;
  begin(&f, LISTING_ACTIVE, "");
  assert_true(queue_entry_take(&e, f.s, f.len));
  check(&e, ID "*     1234 Tue Nov 24 02:09:36  MAILER-DAEMON\n\n",
        "{\"id\":\"" ID "\",\"sender\":\"\"," NUMBERS
        ",\"state\":\"active\",\"attempts\":2,\"next\":1795486999,"
        "\"recipients\":[]}\n");
  queue_entry_free(&e);
  stralloc_free(&f);
}

#define S(x) x, sizeof x - 1
static void nonsense(void **state)
{
  static struct {
    char const *s;
    size_t len;
  } const table[] = {{S("")},
                     {S("\x81\0\3abc")},
                     {S("\x82\0\3abc")},
                     {S("\x81\0\x14" ID "\x83\0\1x")},
                     {S("\x81\0\x14" ID "\x85\0\2ab")},
                     {S("\x81\0\x14" ID "\x89\0\1d")},
                     {S("\x81\0\x14" ID "\x8a\0\1d")},
                     {S("\x81\0\x14" ID "\xf0\0\1d")},
                     {S("\x81\0\x14" ID "\x82\0\3a\0b")},
                     {S("\x81\0\x14" ID "\x82\0\x20x")}};
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    queue_entry e = QUEUE_ENTRY_ZERO;
    if (queue_entry_take(&e, table[i].s, table[i].len))
      fail_msg("%zu: was taken", i);
    queue_entry_free(&e);
  }
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(forms), cmocka_unit_test(nonsense)};
  return cmocka_run_group_tests(tests, 0, 0);
}
