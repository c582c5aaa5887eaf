/* tools/fields: what a header becomes, whom it names, and that a complete one leaves as it came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "tools/fields.h"

static void replace(stralloc *list)
{
  for (size_t i = 0; i < list->len; i++)
    if (!list->s[i])
      list->s[i] = ' ';
}

static void headers(void **state)
{
  static struct {
    char const *in, *out, *to, *resent;
  } const table[] = {
      {"To: joe\n", "To: joe@me\n", "joe@me ", ""},
      {"to : joe\n", "to : joe@me\n", "joe@me ", ""},
      {"To: a@b, Joe <joe> (x),\n\tsue\n", "To: a@b, Joe <joe@me> (x),\n\tsue@me\n", "a@b joe@me sue@me ",
       ""},
      {"Bcc: secret\nTo: x@y\nBCC:\n a,\n b\n", "To: x@y\n", "secret@me x@y a@me b@me ", ""},
      {"Cc: team: a, b@c;\n", "Cc: team: a@me, b@c;\n", "a@me b@c ", ""},
      {"From: joe\nReply-To: sue\nSubject: to: joe\nX-To: joe\n",
       "From: joe@me\nReply-To: sue@me\nSubject: to: joe\nX-To: joe\n", "", ""},
      {"Return-Path: <x>\nContent-Length: 5\nX: y\n", "X: y\n", "", ""},
      {"To: a@b c@d\nX: y\n", "To: a@b c@d\nX: y\n", "", ""},
      {"From: \"unclosed\n", "From: \"unclosed\n", "", ""},
      {"To: joe smith\n", "To: joe smith\n", "\"joe smith\"@me ", ""},
      {"Resent-To: r\nResent-Bcc: q\nTo: t\n", "Resent-To: r@me\nTo: t@me\n", "t@me ", "r@me q@me "},
      {"Resent-To: new\nReceived: by x\nResent-To: old\nTo: t\n",
       "Resent-To: new@me\nReceived: by x\nResent-To: old@me\nTo: t@me\n", "t@me ", "new@me "},
      {"Received: by x\nResent-Cc: new\n", "Received: by x\nResent-Cc: new@me\n", "", "new@me "},
      {"To:\nCc: ,\n", "To:\nCc: ,\n", "", ""},
      {"To: <>\n", "To: <>\n", "", ""},
      {"DKIM-Signature: v=1;\n\tb=x\nFrom: J\303\266 <j@x>\nTo: (c) y@z (d)\n",
       "DKIM-Signature: v=1;\n\tb=x\nFrom: J\303\266 <j@x>\nTo: (c) y@z (d)\n", "y@z ", ""},
  };
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    fields f = FIELDS_ZERO;
    f.me = "me";
    assert_true(fields_read(&f, table[i].in, strlen(table[i].in)));
    assert_true(stralloc_0(&f.out));
    replace(&f.to);
    replace(&f.resent);
    assert_true(stralloc_0(&f.to) && stralloc_0(&f.resent));
    if (strcmp(f.out.s, table[i].out) || strcmp(f.to.s, table[i].to) || strcmp(f.resent.s, table[i].resent))
      fail_msg("%s: got %s[%s] [%s], want %s[%s] [%s]", table[i].in, f.out.s, f.to.s, f.resent.s,
               table[i].out, table[i].to, table[i].resent);
    stralloc_free(&f.out);
    stralloc_free(&f.to);
    stralloc_free(&f.resent);
  }
}

static void missing(void **state)
{
  static struct {
    char const *in, *name;
    char const *want; /* up to the first @ of a Message-ID, and the rest after its line */
  } const table[] = {
      {"", 0, "Date: Thu, 01 Jan 1970 00:00:00 +0000\nFrom: joe@me\nMessage-ID: <\n"},
      {"Date: x\nMessage-Id: y\n", 0, "Date: x\nMessage-Id: y\nFrom: joe@me\n"},
      {"Date: x\nMessage-Id: y\n", "J \"the\" \\",
       "Date: x\nMessage-Id: y\nFrom: \"J \\\"the\\\" \\\\\" <joe@me>\n"},
      {"From: x@y\nDate: z\n", "ignored", "From: x@y\nDate: z\nMessage-ID: <\n"},
      {"Resent-To: r@s\nFrom: x@y\nDate: z\nMessage-ID: i\n", 0,
       "Resent-Date: Thu, 01 Jan 1970 00:00:00 +0000\nResent-From: joe@me\nResent-Message-ID: <\n"
       "Resent-To: r@s\nFrom: x@y\nDate: z\nMessage-ID: i\n"},
  };
  (void)state;
  setenv("TZ", "UTC0", 1);
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    fields f = FIELDS_ZERO;
    f.me = "me";
    assert_true(fields_read(&f, table[i].in, strlen(table[i].in)));
    assert_true(fields_complete(&f, "joe@me", table[i].name, 0) && stralloc_0(&f.out));
    char *id = strstr(f.out.s, "Message-ID: <"); /* what is unique is cut out */
    if (id) {
      id += 13;
      char *end = strstr(id, "@me>\n");
      assert_non_null(end);
      assert_true(end - id > 16); /* the number of the process may be short */
      memmove(id, end + 4, strlen(end + 4) + 1);
    }
    if (strcmp(f.out.s, table[i].want))
      fail_msg("[%s]: got [%s], want [%s]", table[i].in, f.out.s, table[i].want);
    stralloc_free(&f.out);
  }
}

static void broken_recipients(void **state)
{
  fields f = FIELDS_ZERO;
  (void)state;
  f.me = "me";
  assert_true(fields_read(&f, "Reply-To: a@b c@d\n", 18));
  assert_string_equal(f.broken, "");
  assert_true(fields_read(&f, "To: a@b c@d\n", 12));
  assert_string_equal(f.broken, "to");
  fields_clear(&f);
  assert_string_equal(f.broken, "");
  stralloc_free(&f.out);
  stralloc_free(&f.to);
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(headers), cmocka_unit_test(missing),
                                     cmocka_unit_test(broken_recipients)};
  return cmocka_run_group_tests(tests, 0, 0);
}
