/* tools/summary: entries of the queue, counted by destination, as a table and as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "lib/listing.h"
#include "lib/record.h"
#include "queue/store.h"
#include "tools/hosts.h"
#include "tools/summary.h"

#define NOW 1795490000u

typedef struct message_s message;
struct message_s {
  unsigned int age; /* seconds */
  char state;
  unsigned int next; /* seconds from now; 0: now */
  struct {
    char const *address, *reason;
    unsigned int tried; /* seconds ago */
  } rcpt[4];
};

static void put(summary *s, message const *m, unsigned int n)
{
  static queue_entry e = QUEUE_ENTRY_ZERO;
  stralloc f = STRALLOC_ZERO;
  char id_text[ID_LEN + 1];
  snprintf(id_text, sizeof id_text, "06C3V22HDQRO%08u", n % 100000000);
  assert_true(record_puts(&f, LISTING_ID, id_text) && record_puts(&f, LISTING_SENDER, "s@x"));
  assert_true(record_put_number(&f, LISTING_ARRIVAL, NOW - m->age) &&
              record_put(&f, LISTING_STATE, &m->state, 1) &&
              record_put_number(&f, LISTING_NEXT, m->next ? NOW + m->next : 0));
  for (unsigned int k = 0; k < 4 && m->rcpt[k].address; k++) {
    char state = m->rcpt[k].reason ? STORE_DEFERRED : STORE_NEW;
    assert_true(record_puts(&f, LISTING_RCPT, m->rcpt[k].address) &&
                record_put(&f, LISTING_RCPT_STATE, &state, 1));
    if (m->rcpt[k].reason)
      assert_true(record_puts(&f, LISTING_REASON, m->rcpt[k].reason) &&
                  record_put_number(&f, LISTING_TRIED, NOW - m->rcpt[k].tried));
  }
  assert_true(queue_entry_take(&e, f.s, f.len) && summary_add(s, &e));
  stralloc_free(&f);
}

static void check(char const *name, stralloc *out, char const *want)
{
  assert_true(stralloc_0(out));
  if (strcmp(out->s, want))
    fail_msg("%s: got\n%s\nwant\n%s", name, out->s, want);
  out->len = 0;
}

static message const queue[] = {
    {400000, LISTING_DEFERRED, 700, {{"a@Far.test", "no answer", 3000}, {"b@far.test", "no answer", 3000}}},
    {3000, LISTING_DEFERRED, 300, {{"c@far.test", "\033[2Jrefused", 60}, {"x@near.test", 0, 0}}},
    {100, LISTING_HOLD, 0, {{"d@held.test", 0, 0}}},
    {90000, LISTING_NEW, 0, {{"", 0, 0}}}};

static void table(void **state)
{
  static char const want[] = "-Destination-                 -Wait-    <5m   <20m    <1h    <4h    <1d    <5d "
                             "  more  -Oldest- Failing-    Next-\n"
                             "far.test                           3      0      0      1      0      0      2 "
                             "     0     4d15h    4d15h       5m\n"
                             "    (?[2Jrefused)\n"
                             "near.test                          1      0      0      1      0      0      0 "
                             "     0       50m        -       5m\n"
                             "held.test                          1      1      0      0      0      0      0 "
                             "     0        1m        -     hold\n"
                             "(hidden)                           1      0      0      0      0      0      1 "
                             "     0     1d01h        -      now\n"
                             "TOTAL                              6      1      0      2      0      0      3 "
                             "     0     4d15h    4d15h      now\n"
                             "-- 6 recipient(s) of 4 message(s) wait for 4 destination(s).\n";
  static char const object[] = "{\"destination\":\"far.test\",\"recipients\":3,\"messages\":2,\"active\":0,"
                               "\"deferred\":3,\"hold\":0,\"ages\":{"
                               "\"5m\":0,\"20m\":0,\"1h\":1,\"4h\":0,\"1d\":0,\"5d\":2,\"more\":0},"
                               "\"oldest\":1795090000,\"failing\":1795090000,"
                               "\"tried\":1795489940,\"next\":1795490300,\"reason\":\"\\u001b[2Jrefused\"}\n";
  selection all = SELECTION_ZERO, far = SELECTION_ZERO;
  stralloc out = STRALLOC_ZERO;
  summary s;
  (void)state;
  for (unsigned int json = 0; json < 2; json++) {
    summary_begin(&s, NOW, &all);
    for (unsigned int k = 0; k < sizeof queue / sizeof *queue; k++)
      put(&s, queue + k, k);
    assert_true(json ? summary_json(&s, &out) : summary_text(&s, &out));
    if (!json)
      check("table", &out, want);
    else {
      assert_true(out.len > sizeof object);
      out.len = sizeof object - 1;
      check("json", &out, object);
    }
    summary_free(&s);
  }
  assert_true(selection_add(&far, SELECTION_DOMAIN, "near.test", 9));
  summary_begin(&s, NOW, &far);
  put(&s, queue + 1, 1);
  assert_true(summary_json(&s, &out) && stralloc_0(&out));
  assert_non_null(strstr(out.s, "near.test"));
  assert_null(strstr(out.s, "far.test"));
  summary_free(&s);
  out.len = 0;
  summary_begin(&s, NOW, &all);
  assert_true(summary_text(&s, &out));
  check("empty", &out, "Mail queue is empty\n");
  summary_free(&s);
  selection_free(&far);
  stralloc_free(&out);
}

static void many_destinations(void **state)
{
  selection all = SELECTION_ZERO;
  stralloc out = STRALLOC_ZERO;
  summary s;
  char address[64];
  (void)state;
  summary_begin(&s, NOW, &all);
  for (unsigned int k = 0; k < SUMMARY_MAX + 500; k++) {
    message m = {.age = 5, .state = LISTING_NEW};
    snprintf(address, sizeof address, "a@d%u.test", k);
    m.rcpt[0].address = address;
    put(&s, &m, k);
  }
  assert_true(summary_text(&s, &out) && stralloc_0(&out));
  char const *others = strstr(out.s, "(others) ");
  assert_non_null(others);
  assert_int_equal(atoi(others + 28), 500);
  summary_free(&s);
  stralloc_free(&out);
}

static void hosts(void **state)
{
  stralloc r = STRALLOC_ZERO, out = STRALLOC_ZERO;
  (void)state;
  assert_true(record_puts(&r, LISTING_DOMAIN, "[192.0.2.1]:25") &&
              record_put_number(&r, LISTING_ARRIVAL, NOW - 7260) &&
              record_put_number(&r, LISTING_NEXT, NOW + 59) &&
              record_puts(&r, LISTING_REASON, "no\033 answer"));
  assert_true(hosts_append_one(&out, r.s, r.len, 0, NOW));
  check("host", &out, "[192.0.2.1]:25 has not answered for 2h01m; next try: 59s\n    (no? answer)\n");
  assert_true(hosts_append_one(&out, r.s, r.len, 1, NOW));
  check("host as json", &out,
        "{\"host\":\"[192.0.2.1]:25\",\"failing\":1795482740,\"next\":1795490059,\"reason\":\"no\\u001b "
        "answer\"}\n");
  assert_false(hosts_append_one(&out, r.s, r.len - 1, 1, NOW));
  assert_false(hosts_append_one(&out, "", 0, 1, NOW));
  assert_false(hosts_append_one(&out, "\x83\0\0", 3, 1, NOW));
  stralloc_free(&r);
  stralloc_free(&out);
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(table), cmocka_unit_test(many_destinations),
                                     cmocka_unit_test(hosts)};
  return cmocka_run_group_tests(tests, 0, 0);
}
