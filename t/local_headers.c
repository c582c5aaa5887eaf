/* Headers: what is found and what is left out, however the octets come in pieces; what is put on top. */
#include "t/local_house.h"
#include "local/headers.h"

struct scan_case {
  char const *name, *text;
  int loop;
  unsigned int nskip;
  size_t skip[4]; /* from, to, from, to */
  size_t at;      /* of the empty line */
};

static struct scan_case const scans[] = {
    {"nothing of interest", "From: a@b\nSubject: x\n\nbody\n", 0, 0, {0}, 21},
    {"a loop", "Delivered-To: alice@host.example\n\n", 1, 0, {0}, 33},
    {"a loop in another case", "delivered-to:  Alice@HOST.example \n\n", 1, 0, {0}, 35},
    {"a loop in a folded field", "Delivered-To:\n alice@host.example\n\n", 1, 0, {0}, 34},
    {"white space before the colon", "Delivered-To : alice@host.example\n\n", 1, 0, {0}, 34},
    {"CRLF", "Delivered-To: alice@host.example\r\n\r\nx", 1, 0, {0}, 34},
    {"somebody else's",
     "Delivered-To: alice@host.example.org\nDelivered-To: malice@host.example\n\n",
     0,
     0,
     {0},
     71},
    {"not in the body", "A: b\n\nDelivered-To: alice@host.example\n", 0, 0, {0}, 5},
    {"a longer name", "Delivered-To-X: alice@host.example\n\n", 0, 0, {0}, 35},
    {"Return-Path first", "Return-Path: <x@y>\nA: b\n\n", 0, 1, {0, 19}, 24},
    {"Return-Path folded", "A: b\nReturn-Path:\n <x@y>\n\t(c)\nC: d\n\n", 0, 1, {5, 30}, 35},
    {"two of them", "Return-path: <x>\nA: b\nRETURN-PATH: <y>\n\n", 0, 2, {0, 17, 22, 39}, 39},
    {"no end", "Return-Path: <x>", 0, 1, {0, 16}, 16},
    {"no end, a loop", "A: b\nDelivered-To: alice@host.example", 1, 0, {0}, 37},
    {"a folded line that belongs to nothing", " Delivered-To: alice@host.example\n\n", 0, 0, {0}, 34},
    {"empty", "", 0, 0, {0}, 0},
};

/* As copy_load does it: what is not taken is given again with what follows. */
static void scan(headers *h, char const *s, size_t len, size_t piece)
{
  size_t from = 0;
  size_t have = 0;
  while (!h->ended && from < len) {
    have = from + piece < len ? from + piece : len;
    while (have < len && !memchr(s + from, '\n', have - from))
      have++;
    size_t n = headers_scan(h, s + from, have - from);
    from += n;
    if (!n)
      break;
  }
  headers_finish(h);
}

static void finds(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof scans / sizeof *scans; i++)
    for (size_t piece = 1; piece < 100; piece += piece < 10 ? 1 : 13) {
      struct scan_case const *c = scans + i;
      headers h;
      headers_init(&h, "alice@host.example");
      scan(&h, c->text, strlen(c->text), piece);
      if (h.loop != (unsigned int)c->loop || h.nskip != c->nskip || h.at != c->at)
        fail_msg("%s by %zu: got loop %u skip %u at %u, want %d %u %zu", c->name, piece, h.loop, h.nskip,
                 (unsigned int)h.at, c->loop, c->nskip, c->at);
      for (unsigned int k = 0; k < h.nskip; k++)
        if (h.skip[k].from != c->skip[2 * k] || h.skip[k].to != c->skip[2 * k + 1])
          fail_msg("%s: got %u-%u, want %zu-%zu", c->name, (unsigned int)h.skip[k].from,
                   (unsigned int)h.skip[k].to, c->skip[2 * k], c->skip[2 * k + 1]);
    }
}

/* A line longer than what is given at once: taken whole, and its end is not the start of another field. */
static void bears_long_lines(void **state)
{
  static char s[200000];
  headers h;
  size_t at = 0;
  (void)state;
  memset(s, 'x', sizeof s);
  memcpy(s, "Return-Path: ", 13);
  memcpy(s + 150000, "\nDelivered-To: a@b\n\n", 20);
  headers_init(&h, "a@b");
  while (!h.ended && at < sizeof s)
    at += headers_scan(&h, s + at, sizeof s - at < 65536 ? sizeof s - at : 65536);
  assert_int_equal(h.loop, 1);
  assert_int_equal(h.nskip, 1);
  assert_int_equal(h.skip[0].to, 150001);
}

static void puts_on_top(void **state)
{
  char s[HEADERS_TOP];
  char long_address[3000];
  (void)state;
  s[headers_return_path(s, "")] = 0;
  assert_text(s, "Return-Path: <>\n");
  s[headers_original(s, "a\nBcc: x@y")] = 0;
  assert_text(s, "X-Original-To: a?Bcc: x@y\n");
  s[headers_delivered(s, "\"a b\"@c")] = 0;
  assert_text(s, "Delivered-To: \"a b\"@c\n");
  memset(long_address, 'a', sizeof long_address - 1);
  long_address[sizeof long_address - 1] = 0;
  assert_int_equal(headers_delivered(s, long_address), 14 + ENVELOPE_ADDRESS_MAX + 1);
  s[headers_from_(s, "")] = 0;
  if (strncmp(s, "From MAILER-DAEMON ", 19) || s[strlen(s) - 1] != '\n')
    fail_msg("got %s", s);
  s[headers_from_(s, "\"a b\"@c\nFrom x")] = 0;
  if (strncmp(s, "From \"a-b\"@c-From-x ", 20))
    fail_msg("got %s", s);
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(finds), cmocka_unit_test(bears_long_lines),
                                     cmocka_unit_test(puts_on_top)};
  return cmocka_run_group_tests(tests, house_setup, house_teardown);
}
