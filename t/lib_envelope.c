/* lib/envelope: nothing is lost on the way through records, and nonsense is told apart from what is new. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>
#include "lib/envelope.h"

static void fill(envelope *e, size_t rcpts)
{
  assert_true(envelope_set_sender(e, "s@x", 3));
  assert_true(envelope_set(e, &e->envid, "e+2Bid", 6));
  assert_true(envelope_set(e, &e->parent, "0123456789ABCDEFGHIJ", 20));
  assert_true(envelope_set(e, &e->client_address, "192.0.2.1", 9));
  assert_true(envelope_set(e, &e->client_helo, "helo", 4));
  assert_true(envelope_set(e, &e->protocol, "ESMTP", 5));
  assert_true(envelope_set(e, &e->tls, "TLSv1.3", 7));
  assert_true(envelope_set(e, &e->auth, "joe", 3));
  e->uid = 1000;
  e->ret = 'H';
  e->body = '8';
  e->bounce = 1;
  e->smtputf8 = 1;
  e->parent_claimed = 1;
  for (size_t i = 0; i < rcpts; i++) {
    char address[32];
    envelope_rcpt *r = envelope_add(e, address, (size_t)snprintf(address, sizeof address, "r%zu@y", i));
    assert_non_null(r);
    r->notify = NOTIFY_SUCCESS | NOTIFY_DELAY;
    r->final = FINAL_USER;
    assert_true(envelope_rcpt_set(e, i, offsetof(envelope_rcpt, original), "o@z", 3));
    assert_true(envelope_rcpt_set(e, i, offsetof(envelope_rcpt, orcpt), "rfc822;o@z", 10));
  }
}

static void compare(envelope const *e, size_t rcpts)
{
  assert_true(e->has_sender);
  assert_string_equal(envelope_string(e, e->sender), "s@x");
  assert_string_equal(envelope_string(e, e->envid), "e+2Bid");
  assert_string_equal(envelope_string(e, e->parent), "0123456789ABCDEFGHIJ");
  assert_string_equal(envelope_string(e, e->client_address), "192.0.2.1");
  assert_string_equal(envelope_string(e, e->client_helo), "helo");
  assert_string_equal(envelope_string(e, e->protocol), "ESMTP");
  assert_string_equal(envelope_string(e, e->tls), "TLSv1.3");
  assert_string_equal(envelope_string(e, e->auth), "joe");
  assert_int_equal(e->uid, 1000);
  assert_int_equal(e->ret, 'H');
  assert_int_equal(e->body, '8');
  assert_int_equal(e->bounce, 1);
  assert_true(e->smtputf8 && e->parent_claimed);
  assert_int_equal(envelope_count(e), rcpts);
  for (size_t i = 0; i < rcpts; i++) {
    char address[32];
    envelope_rcpt const *r = envelope_rcpts(e) + i;
    snprintf(address, sizeof address, "r%zu@y", i);
    assert_string_equal(envelope_string(e, r->address), address);
    assert_string_equal(envelope_string(e, r->original), "o@z");
    assert_string_equal(envelope_string(e, r->orcpt), "rfc822;o@z");
    assert_int_equal(r->notify, NOTIFY_SUCCESS | NOTIFY_DELAY);
    assert_int_equal(r->final, FINAL_USER);
  }
}

static void round_trip(void **state)
{
  envelope e = ENVELOPE_ZERO, back = ENVELOPE_ZERO;
  stralloc packed = STRALLOC_ZERO;
  (void)state;
  fill(&e, 3);
  assert_true(envelope_pack_all(&e, &packed));
  assert_int_equal(envelope_unpack(&back, packed.s, packed.len), ENVELOPE_OK);
  compare(&back, 3);
  envelope_clear(&back);
  assert_int_equal(envelope_unpack(&back, packed.s, packed.len), ENVELOPE_OK);
  compare(&back, 3);
  envelope_free(&e);
  envelope_free(&back);
  stralloc_free(&packed);
}

static void in_pieces(void **state)
{
  envelope e = ENVELOPE_ZERO, back = ENVELOPE_ZERO;
  stralloc packed = STRALLOC_ZERO;
  size_t next = 0, pieces = 0;
  (void)state;
  fill(&e, 1000);
  do {
    packed.len = 0;
    assert_true(envelope_pack(&e, &packed, next, 4000, &next));
    assert_true(packed.len <= 4000);
    assert_int_equal(envelope_unpack(&back, packed.s, packed.len), ENVELOPE_OK);
    pieces++;
  } while (next < 1000);
  assert_true(pieces > 5);
  compare(&back, 1000);
  packed.len = 0;
  assert_true(envelope_pack(&e, &packed, 5, 1, &next)); /* one at least, or it would never end */
  assert_int_equal(next, 6);
  envelope_free(&e);
  envelope_free(&back);
  stralloc_free(&packed);
}

#define S(x) x, sizeof x - 1
static void nonsense(void **state)
{
  static struct {
    char const *name, *s;
    size_t len;
    enum envelope_unpacked want;
  } const table[] = {
      {"null sender", S("\x81\0\0\x82\0\1r"), ENVELOPE_OK},
      {"claims too much", S("\x81\0\5ab"), ENVELOPE_BROKEN},
      {"two senders", S("\x81\0\1a\x81\0\1b"), ENVELOPE_BROKEN},
      {"two senders, first null", S("\x81\0\0\x81\0\1b"), ENVELOPE_BROKEN},
      {"empty recipient", S("\x82\0\0"), ENVELOPE_BROKEN},
      {"line break", S("\x82\0\3a\nb"), ENVELOPE_BROKEN},
      {"NUL", S("\x82\0\3a\0b"), ENVELOPE_BROKEN},
      {"DEL", S("\x81\0\1\177"), ENVELOPE_BROKEN},
      {"original before a recipient", S("\3\0\1a"), ENVELOPE_BROKEN},
      {"NOTIFY of nobody", S("\x85\0\1\2"), ENVELOPE_BROKEN},
      {"NOTIFY never", S("\x82\0\1r\x85\0\1\1"), ENVELOPE_OK},
      {"NOTIFY never and success", S("\x82\0\1r\x85\0\1\3"), ENVELOPE_BROKEN},
      {"NOTIFY 16", S("\x82\0\1r\x85\0\1\x10"), ENVELOPE_BROKEN},
      {"NOTIFY twice", S("\x82\0\1r\x85\0\1\2\x85\0\1\2"), ENVELOPE_BROKEN},
      {"FINAL 3", S("\x82\0\1r\x86\0\1\3"), ENVELOPE_BROKEN},
      {"RET X", S("\x11\0\1X"), ENVELOPE_BROKEN},
      {"RET without data", S("\x11\0\0"), ENVELOPE_BROKEN},
      {"BODY 9",
       S("\x12\0\1"
         "9"),
       ENVELOPE_BROKEN},
      {"uid of 4 bytes", S("\x14\0\4abcd"), ENVELOPE_BROKEN},
      {"SMTPUTF8 with data", S("\x93\0\1x"), ENVELOPE_BROKEN},
      {"parent twice", S("\x15\0\1x\x16\0\1y"), ENVELOPE_BROKEN},
      {"envid twice", S("\x10\0\1x\x10\0\1y"), ENVELOPE_BROKEN},
      {"unknown, may be skipped", S("\x40\0\1x\x82\0\1r"), ENVELOPE_OK},
      {"unknown, must be understood", S("\xc0\0\1x\x82\0\1r"), ENVELOPE_FOREIGN},
      {"unknown about a recipient, must", S("\x82\0\1r\x8a\0\0"), ENVELOPE_FOREIGN},
      {"unknown about a recipient", S("\x82\0\1r\x0a\0\0"), ENVELOPE_OK},
      {"type 0", S("\0\0\0"), ENVELOPE_OK},
  };
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    envelope e = ENVELOPE_ZERO;
    enum envelope_unpacked got = envelope_unpack(&e, table[i].s, table[i].len);
    if (got != table[i].want)
      fail_msg("%s: got %d, want %d", table[i].name, (int)got, (int)table[i].want);
    envelope_free(&e);
  }
}

static void limits(void **state)
{
  envelope e = ENVELOPE_ZERO;
  char longest[ENVELOPE_ADDRESS_MAX + 1];
  (void)state;
  memset(longest, 'a', sizeof longest);
  assert_non_null(envelope_add(&e, longest, ENVELOPE_ADDRESS_MAX));
  assert_null(envelope_add(&e, longest, ENVELOPE_ADDRESS_MAX + 1));
  assert_int_equal(errno, ENAMETOOLONG);
  assert_null(envelope_add(&e, "a\nb", 3));
  assert_int_equal(errno, EINVAL);
  assert_int_equal(envelope_count(&e), 1);
  while (envelope_count(&e) < ENVELOPE_RCPT_MAX)
    assert_non_null(envelope_add(&e, "a", 1));
  assert_null(envelope_add(&e, "a", 1));
  assert_int_equal(errno, E2BIG);
  assert_int_equal(envelope_unpack(&e, "\x82\0\1r", 4), ENVELOPE_TOOMANY);
  envelope_free(&e);
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(round_trip), cmocka_unit_test(in_pieces),
                                     cmocka_unit_test(nonsense), cmocka_unit_test(limits)};
  return cmocka_run_group_tests(tests, 0, 0);
}
