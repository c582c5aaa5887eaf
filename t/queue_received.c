/* Tests queue/received: the field for each source, that nothing can break out of it, and counting over every
 * boundary. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>
#include "queue/received.h"

#define DATE ";\n\tTue, 14 Nov 2023 22:13:20 +0000\n"
#define BY "\n\tby mail.example.org (tern)"
#define ID "\n\tid 06C3V1KU9VRC09TFI7FG"

static void fields(void **state)
{
  static struct {
    char const *name;
    char const *protocol, *address, *helo, *tls;
    char const *rcpts[3];
    int utf8;
    char const *want;
  } const cases[] = {
      {"smtp",
       "ESMTP",
       "192.0.2.1",
       "client.example",
       0,
       {"bob@example.org"},
       0,
       "Received: from client.example ([192.0.2.1])" BY " with ESMTP" ID "\n\tfor <bob@example.org>" DATE},
      {"ipv6 and two",
       "SMTP",
       "2001:db8::1",
       "c",
       0,
       {"a@b", "c@d"},
       0,
       "Received: from c ([IPv6:2001:db8::1])" BY " with SMTP" ID DATE},
      {"tls",
       "ESMTPS",
       "192.0.2.1",
       "c",
       "TLSv1.3",
       {"a@b", "c@d"},
       0,
       "Received: from c ([192.0.2.1])" BY " with ESMTPS (TLSv1.3)" ID DATE},
      {"no name",
       "SMTP",
       "192.0.2.1",
       0,
       0,
       {"a@b", "c@d"},
       0,
       "Received: from [192.0.2.1] ([192.0.2.1])" BY " with SMTP" ID DATE},
      {"local",
       0,
       0,
       0,
       0,
       {"bob@example.org"},
       0,
       "Received: (by uid 1000)" BY ID "\n\tfor <bob@example.org>" DATE},
      {"a hostile name",
       "E(x)\tSMTP",
       "1.2.3.4)\\",
       "a) b\"<;,>(",
       0,
       {"a@b", "c@d"},
       0,
       "Received: from a??b?????? ([1.2.3.4??])" BY " with E?x??SMTP" ID DATE},
      {"a quoted recipient is not named", 0, 0, 0, 0, {"\"a b\"@c"}, 0, "Received: (by uid 1000)" BY ID DATE},
      {"8 bits without SMTPUTF8", 0, 0, 0, 0, {"\303\244@c"}, 0, "Received: (by uid 1000)" BY ID DATE},
      {"8 bits with it",
       0,
       0,
       0,
       0,
       {"\303\244@c"},
       1,
       "Received: (by uid 1000)" BY ID "\n\tfor <\303\244@c>" DATE},
  };
  (void)state;
  setenv("TZ", "UTC0", 1);
  tzset();
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
    envelope e = ENVELOPE_ZERO;
    stralloc out = STRALLOC_ZERO;
    /* control characters do not come through envelope_set: a tab is put in afterwards */
    char protocol[32] = "";
    if (cases[k].protocol)
      strcpy(protocol, cases[k].protocol);
    char *tab = strchr(protocol, '\t');
    if (tab)
      *tab = ' ';
    assert_true(envelope_set(&e, &e.protocol, protocol, strlen(protocol)));
    if (cases[k].address)
      assert_true(envelope_set(&e, &e.client_address, cases[k].address, strlen(cases[k].address)));
    if (cases[k].helo)
      assert_true(envelope_set(&e, &e.client_helo, cases[k].helo, strlen(cases[k].helo)));
    if (cases[k].tls)
      assert_true(envelope_set(&e, &e.tls, cases[k].tls, strlen(cases[k].tls)));
    for (size_t n = 0; n < 3 && cases[k].rcpts[n]; n++)
      assert_non_null(envelope_add(&e, cases[k].rcpts[n], strlen(cases[k].rcpts[n])));
    e.smtputf8 = !!cases[k].utf8;
    assert_true(received_make(&out, &e, 1000, "mail.example.org", "06C3V1KU9VRC09TFI7FG", 1700000000));
    assert_true(stralloc_0(&out));
    if (strcmp(out.s, cases[k].want))
      fail_msg("%s: got\n%s, want\n%s", cases[k].name, out.s, cases[k].want);
    stralloc_free(&out);
    envelope_free(&e);
  }
}

static void what_comes(void **state)
{
  static struct {
    char const *name, *s;
    unsigned int want;
    char const *id;
  } const cases[] = {
      {"a Message-ID", "Received: a\nMessage-ID: <1@x>\nReceived: b\n\n", 2, "<1@x>"},
      {"in any case, and the first", "message-id :<1@x>\nMESSAGE-ID: <2@x>\n\n", 0, "<1@x>"},
      {"folded", "Message-Id:\n <1@\n\tx>  \nReceived: b\n c\n\n", 1, "<1@x>"},
      {"not in the body", "Subject: x\n\nMessage-ID: <1@x>\n", 0, ""},
      {"no such name", "Message-IDs: <1@x>\nXMessage-ID: <1@x>\nMessage ID: <1@x>\n\n", 0, ""},
      {"a folded line before it", "Subject: x\n Message-ID: <1@x>\n\n", 0, ""},
      {"controls", "Message-ID: <1\a@\x1bx>\n\n", 0, "<1@x>"},
      {"cut in it", "Message-ID: <1", 0, "<1"},
      {"none", "Subject: x\n\nbody\n", 0, ""},
      {"two", "Received: a\nreceived: b\nSubject: x\n\nReceived: in the body\n", 2, ""},
      {"folded", "Received: a\n\tReceived: b\n Received: c\nRECEIVED: d\n\n", 2, ""},
      {"blanks before the colon", "Received \t : a\nReceivedX: b\nReceive: c\nReceived a: d\n\n", 1, ""},
      {"empty lines end it", "\nReceived: a\n", 0, ""},
      {"no body", "Received: a", 1, ""},
      {"cut in the name", "Received: a\nReceiv", 1, ""},
      {"broken by a line", "Rece\nived: a\nReceived\n: b\nReceived: c\n", 1, ""},
      {"nothing", "", 0, ""},
  };
  (void)state;
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
    for (size_t piece = 1; piece < 70; piece++) {
      received r = RECEIVED_ZERO;
      size_t len = strlen(cases[k].s);
      for (size_t at = 0; at < len; at += piece)
        received_look(&r, cases[k].s + at, len - at < piece ? len - at : piece);
      if (r.count != cases[k].want)
        fail_msg("%s in pieces of %zu: got %u, want %u", cases[k].name, piece, r.count, cases[k].want);
      char const *want = cases[k].id;
      if (r.id_len != strlen(want) || memcmp(r.id, want, r.id_len))
        fail_msg("%s in pieces of %zu: got [%.*s], want [%s]", cases[k].name, piece, (int)r.id_len, r.id,
                 want);
    }
}

static void a_long_id_is_cut(void **state)
{
  static char s[1000];
  received r = RECEIVED_ZERO;
  (void)state;
  memset(s, 'x', sizeof s);
  received_look(&r, "Message-ID: ", 12);
  received_look(&r, s, sizeof s);
  received_look(&r, "\nReceived: a\n", 13);
  assert_int_equal(r.id_len, RECEIVED_ID_MAX);
  assert_int_equal(r.count, 1);
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(fields), cmocka_unit_test(what_comes),
                                     cmocka_unit_test(a_long_id_is_cut)};
  return cmocka_run_group_tests(tests, 0, 0);
}
