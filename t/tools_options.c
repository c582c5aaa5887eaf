/* tools/options: what callers of sendmail type, and what attackers do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "tools/options.h"

#define ARGS 14

static void read(void **state)
{
  static struct {
    char const *argv[ARGS];
    int ok;
    enum options_mode mode;
    char const *sender; /* 0: none */
    char const *rest;   /* the first recipient, "" if there is none */
  } const table[] = {
      {{"sendmail", "joe"}, 1, OPTIONS_MESSAGE, 0, "joe"},
      {{"sendmail"}, 1, OPTIONS_MESSAGE, 0, ""},
      {{0}, 1, OPTIONS_MESSAGE, 0, ""},
      {{"/usr/bin/mailq"}, 1, OPTIONS_LIST, 0, ""},
      {{"newaliases"}, 1, OPTIONS_ALIASES, 0, ""},
      {{"sendmail", "-bp", "-j"}, 1, OPTIONS_LIST, 0, "-j"},
      {{"sendmail", "-bs"}, 1, OPTIONS_SMTP, 0, ""},
      {{"sendmail", "-b", "v", "joe"}, 1, OPTIONS_VERIFY, 0, "joe"},
      {{"sendmail", "-bi"}, 1, OPTIONS_ALIASES, 0, ""},
      {{"sendmail", "-I"}, 1, OPTIONS_ALIASES, 0, ""},
      {{"sendmail", "-q"}, 1, OPTIONS_RETRY, 0, ""},
      {{"sendmail", "-q30m"}, 1, OPTIONS_RETRY, 0, ""},
      {{"sendmail", "-bd"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-bd", "-q30m"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-bt"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-be", "${run{x}}"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-b"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-f", "me", "joe"}, 1, OPTIONS_MESSAGE, "me", "joe"},
      {{"sendmail", "-fme", "joe"}, 1, OPTIONS_MESSAGE, "me", "joe"},
      {{"sendmail", "-rme", "joe"}, 1, OPTIONS_MESSAGE, "me", "joe"},
      {{"sendmail", "-f", "", "joe"}, 1, OPTIONS_MESSAGE, "", "joe"},
      {{"sendmail", "-f", "-oQ/tmp", "joe"}, 1, OPTIONS_MESSAGE, "-oQ/tmp", "joe"},
      {{"sendmail", "-itfme", "joe"}, 1, OPTIONS_MESSAGE, "me", "joe"},
      {{"sendmail", "-f"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-f", "a\nBcc: v"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-F", "x\r\nTo: y"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-FCronDaemon", "-i", "-odi", "-oem", "-oi", "-t", "-f", "root"},
       1,
       OPTIONS_MESSAGE,
       "root",
       ""},
      {{"sendmail", "-i", "-Ac", "-h", "5", "-p", "ESMTP:host", "-L", "tag", "-G", "-U", "--", "-joe"},
       1,
       OPTIONS_MESSAGE,
       0,
       "-joe"},
      {{"sendmail", "-e", "m", "-om", "-n", "-m", "-s", "-x", "-c", "-d0.1", "joe"},
       1,
       OPTIONS_MESSAGE,
       0,
       "joe"},
      {{"sendmail", "joe", "-X/etc/passwd", "-t"}, 1, OPTIONS_MESSAGE, 0, "joe"},
      {{"sendmail", "-C", "/etc/x", "joe"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-C/etc/x", "joe"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-X", "/etc/passwd"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-D", "/etc/passwd"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-d/etc/passwd"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-oQ/tmp"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-o", "Q/tmp"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-oA/tmp/x"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-OQueueDirectory=/tmp"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-O", "queuedirectory=tmp"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-O", "Whatever=/tmp"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-ODeliveryMode=b", "joe"}, 1, OPTIONS_MESSAGE, 0, "joe"},
      {{"sendmail", "-z", "joe"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-i\n"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-N", "success,FAILURE,delay", "joe"}, 1, OPTIONS_MESSAGE, 0, "joe"},
      {{"sendmail", "-N", "never"}, 1, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-N", "never,success"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-N", ""}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-N", "success,"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-R", "some"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-V", "abc+2B"}, 1, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-V", "abc+0A"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-V", "abc+7F"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-V", "abc+"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-V", "a b"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-V", ""}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-B8BITMIME", "joe"}, 1, OPTIONS_MESSAGE, 0, "joe"},
      {{"sendmail", "-B", "9BIT"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "--help"}, 1, OPTIONS_HELP, 0, ""},
      {{"sendmail", "--queue=/tmp"}, 0, OPTIONS_MESSAGE, 0, ""},
      {{"sendmail", "-", "joe"}, 1, OPTIONS_MESSAGE, 0, "-"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    options o = OPTIONS_ZERO;
    char problem[OPTIONS_PROBLEM] = "";
    char const *what = table[i].argv[0] && table[i].argv[1] ? table[i].argv[1] : "(nothing)";
    int ok = options_read(&o, table[i].argv, problem);
    if (ok != table[i].ok)
      fail_msg("%zu %s: got %d (%s), want %d", i, what, ok, problem, table[i].ok);
    if (!ok && (!*problem || strchr(problem, '\n')))
      fail_msg("%zu %s: got problem [%s], want a line", i, what, problem);
    if (!ok || o.mode == OPTIONS_HELP)
      continue;
    char const *rest = *o.recipients ? *o.recipients : "";
    if (o.mode != table[i].mode || strcmp(rest, table[i].rest) || !o.sender != !table[i].sender ||
        (o.sender && strcmp(o.sender, table[i].sender)))
      fail_msg("%zu %s: got mode %d, sender %s, rest %s", i, what, (int)o.mode,
               o.sender ? o.sender : "(none)", rest);
  }
}

static void flags(void **state)
{
  static char const *const argv[] = {"sendmail",      "-toi",   "-v",         "-N",
                                     "failure,delay", "-Rhdrs", "-B8bitmime", 0};
  static char const *const dots[] = {"sendmail", "-OIgnoreDots=true", "-FJoe", 0};
  options o = OPTIONS_ZERO, p = OPTIONS_ZERO;
  char problem[OPTIONS_PROBLEM];
  (void)state;
  assert_true(options_read(&o, argv, problem));
  assert_true(o.from_headers && o.ignore_dots && o.verbose);
  assert_int_equal(o.notify, 4 | 8);
  assert_int_equal(o.ret, 'H');
  assert_int_equal(o.body, '8');
  assert_true(options_read(&p, dots, problem));
  assert_true(p.ignore_dots && !p.from_headers);
  assert_string_equal(p.name, "Joe");
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(read), cmocka_unit_test(flags)};
  return cmocka_run_group_tests(tests, 0, 0);
}
