/* tools/trace: logs of several services become one time line, with the family of a message and nobody else's
 * lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "tools/log_line.h"
#include "tools/log_read.h"
#include "tools/log_words.h"
#include "tools/trace.h"

#define T(n) "@400000006b05" n "0a1dcd6500 " /* .5 seconds */
#define A "06C3V20OF8LS03NBG8P2"
#define B "06C3V22HDQRO0AAO7ETM"
#define C "06C3V235D7TG00RJ7QUA"
#define D "06C3V235D7TG00RJ7QUB"

static char folder[] = "/tmp/tern-trace.XXXXXX";

static void put(char const *path, char const *text)
{
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
}

static int enter(void **state)
{
  (void)state;
  setenv("TZ", "UTC0", 1);
  tzset();
  if (!mkdtemp(folder) || chdir(folder) || mkdir("log", 0755) || mkdir("log/queue", 0755) ||
      mkdir("log/send", 0755))
    return 1;
  put("log/queue/@4000.s",
      T("11") A " received uid=0 from=joe@x size=5 rcpts=1 to=list@x message-id=<one@x>\n" T("12") D
      " received uid=0 from=\"\" size=5 rcpts=1 to=other@x message-id=list@y\nnot a line\n\n");
  put("log/queue/current", T("13") B " received uid=0 from=owner-list@x size=5 rcpts=2 parent=" A "\n" T("15")
                               C " received uid=7 from=\"\" size=9 rcpts=1 to=joe@x claimed-parent=" B "\n");
  put("log/send/current",
      T("14") A " expanded into=" B " recipients=2 sender=owner-list@x\n" T("14") A " removed\n" T("16") B
      " delivered to=sue@x user=sue reason=\"\" left=0\n" T("17") "- warning problem=" A "\n");
  return 0;
}

static int leave(void **state)
{
  (void)state;
  return system("rm -rf log") || chdir("/") || rmdir(folder);
}

static void whole(char const *id_text, char const *const *want, size_t n)
{
  trace t = TRACE_ZERO;
  stralloc out = STRALLOC_ZERO;
  assert_true(trace_seek(&t, id_text));
  assert_true(trace_run(&t));
  size_t got = trace_text(&t, &out);
  assert_true(stralloc_0(&out));
  char *at = out.s;
  for (size_t k = 0; k < n; k++) {
    char *found = strstr(at, want[k]);
    if (!found)
      fail_msg("%s: got [%s], want [%s] as line %zu", id_text, out.s, want[k], k);
    at = found + strlen(want[k]);
  }
  if (got != n)
    fail_msg("%s: got %zu lines [%s], want %zu", id_text, got, out.s, n);
  stralloc_free(&out);
  trace_free(&t);
}

static void families(void **state)
{
  static char const *const all[] = {
      "Tue Nov 24 04:21:57.500  " A "  queue   taken in from the user with uid 0: from <joe@x> to <list@x>, "
      "5 octets, 1 recipient(s); Message-ID <one@x>\n",
      B "  queue   taken in from the user with uid 0: from <owner-list@x>, 5 octets, 2 recipient(s); made "
        "from " A "\n",
      A "  send    an alias or a list made message " B " of it, for 2 recipient(s), sender <owner-list@x>\n",
      A "  send    done; it has left the queue\n",
      C "  queue   taken in from the user with uid 7: from <> to <joe@x>, 9 octets, 1 recipient(s); made "
        "from " B ", as its maker says\n",
      B "  send    delivered to <sue@x> as user sue; that was the last: it has left the queue\n"};
  static char const *const other[] = {D};
  (void)state;
  whole(A, all, 6);
  whole(B, all, 6);
  whole(C, all, 6);
  whole(D, other, 1);
  whole("<one@x>", all, 6);
  whole("one@x", all, 6);
  whole("list@y", other, 1);
  whole("none@x", 0, 0);
}

/* What a log can hold that is not what it looks like: each is told for what it is, and makes no family. */
static void hostile_lines(void **state)
{
  static char const *const want[] = {
      "Tue Nov 24 04:21:57.500  " A "  queue   taken in from the user with uid 0: from <a?[2J?b@x>, 5 octets",
      A "  send    not done yet for <x@y>: 250 ok \" left=0?@4000 " B " delivered to=z; it is tried again\n",
      A "  smtpd   bounced as=" C " to=q?\n", /* not for smtpd to tell */
      A "  send    given up for <??@x>: ?????\n"};
  static char line[9000];
  (void)state;
  memset(line, 'y', sizeof line - 1);
  mkdir("log/smtpd", 0755);
  put("log/queue/@4000.s", T("11") A " received uid=0 from=\"a\\x1b[2J\\x9bb@x\" size=5 rcpts=0 to=\"\"\n");
  put("log/queue/current", "");
  put("log/smtpd/current",
      T("13") A " bounced as=" C " to=q\033\n" T("13") "\n" T("13") A "\n" A " removed\n");
  FILE *f = fopen("log/send/current", "w");
  assert_non_null(f);
  fputs(T("12") A " deferred to=x@y reason=\"250 ok \\\" left=0\\x0a@4000 " B " delivered to=z\" left=1\n",
        f);
  fprintf(f, "%s\n", line);
  fputs(T("14") A " failed to=\"\\xff\\xc2\\x9b@x\" reason=\"\\xe2\\x80\\xae\\x00\\xed\\xa0\\x80\"\n", f);
  fputs(T("15") A " removed", f); /* being written */
  fclose(f);
  trace t = TRACE_ZERO;
  stralloc out = STRALLOC_ZERO;
  assert_true(trace_seek(&t, A) && trace_run(&t));
  size_t n = trace_text(&t, &out);
  assert_true(stralloc_0(&out));
  for (size_t k = 0; k < sizeof want / sizeof *want - 1; k++)
    if (!strstr(out.s, want[k]))
      fail_msg("got [%s], want [%s]", out.s, want[k]);
  for (size_t k = 0; k < out.len - 1; k++)
    if (out.s[k] != '\n' && ((unsigned char)out.s[k] < 32 || (unsigned char)out.s[k] > 126))
      fail_msg("got octet %u at %zu of [%s]", (unsigned char)out.s[k], k, out.s);
  if (n != 4)
    fail_msg("got %zu lines [%s], want 4", n, out.s);
  stralloc_free(&out);
  trace_free(&t);
}

static void as_json(void **state)
{
  static char const want[] =
      "{\"time\":1795494117.500000,\"id\":\"" A "\",\"service\":\"send\",\"event\":\"relayed\",\"text\":"
      "\"sent on for <a@b>: 2\\\"50?; 1 more to "
      "do\",\"values\":{\"to\":\"a@b\",\"reason\":\"2\\\"50\\u001b\","
      "\"left\":\"1\"}}\n";
  trace t = TRACE_ZERO;
  stralloc out = STRALLOC_ZERO;
  (void)state;
  put("log/queue/@4000.s", "");
  put("log/smtpd/current", "");
  put("log/send/current", T("11") A " relayed to=a@b reason=\"2\\\"50\\x1b\" left=1 to=c@d\n");
  assert_true(trace_seek(&t, A) && trace_run(&t));
  assert_int_equal(trace_json(&t, &out), 1);
  assert_true(stralloc_0(&out));
  assert_string_equal(out.s, want);
  stralloc_free(&out);
  trace_free(&t);
}

/* s6-log moves "current" away while it is read. */
static unsigned int lines_seen;
static int rotate(void *data, char const *service, char const *s, size_t len)
{
  (void)s;
  (void)len;
  if (!strcmp(service, "send") && !lines_seen++) {
    assert_int_equal(rename("log/send/current", "log/send/@40000000000000000000000b.s"), 0);
    put("log/send/current", T("12") B " removed\n");
  }
  *(unsigned int *)data += !strcmp(service, "send");
  return 1;
}

static void while_it_rotates(void **state)
{
  unsigned int n = 0;
  (void)state;
  put("log/send/@40000000000000000000000a.u", T("11") A " removed\n");
  put("log/send/previous", T("11") A " removed\n");
  put("log/send/current", T("11") B " removed\n");
  put("log/send/lock", T("11") B " removed\n");
  assert_true(log_read(&rotate, &n));
  assert_int_equal(n, 4);
}

static void what_is_sought(void **state)
{
  static char const *const wrong[] = {"", "x", "<>", "06C3V20OF8LS03NBG8P", "../x", "06C3V20OF8LS03NBG8PZ"};
  static char longest[300];
  trace t = TRACE_ZERO;
  (void)state;
  for (size_t k = 0; k < sizeof wrong / sizeof *wrong; k++)
    if (trace_seek(&t, wrong[k]))
      fail_msg("%s: was taken", wrong[k]);
  memset(longest, '@', sizeof longest - 1);
  assert_false(trace_seek(&t, longest));
  assert_true(trace_seek(&t, "<no-at>"));
  trace_free(&t);
}

static void words(void **state)
{
  static struct {
    char const *line, *want;
  } const table[] = {
      {"deferred to=a@b remote=\"mx[192.0.2.1]:25\" status=4.2.0 reason=\"450 later\" left=1",
       "not done yet for <a@b> at mx[192.0.2.1]:25: 450 later (4.2.0); it is tried again"},
      {"deferred problem=\"no room\"", "not done yet for <>: no room; it is tried again"},
      {"failed to=\"a \\\"b\\\"@c\" reason=\"x\\x0ay\\\\\"", "given up for <a \"b\"@c>: x?y\\"},
      {"delivered to=\"j\\xc3\\xb6@x\"", "delivered to <j\303\266@x>"},
      {"unknown key=value", "unknown key=value"},
      {"delivered to=a@b user=u reason=\"in Maildir/\" left=2",
       "delivered to <a@b> as user u (in Maildir/); 2 more to do"},
      {"removed", "done; it has left the queue"},
      {"bounced to=a@b as=" B " about=delayed",
       "its sender was told (delayed): a report to <a@b> as message " B},
      {"warning ignored=.forward user=joe reason=\"others may write it\"",
       "note: .forward is not obeyed (others may write it)"},
      {"delivered to=\"unclosed", "delivered to <\"unclosed>"},
      {"delivered too=x xto=y =z to=", "delivered to <>"},
      {"refused status=5.1.1 why=", "refused: (5.1.1)"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    char s[300];
    log_line l;
    stralloc out = STRALLOC_ZERO;
    int n = snprintf(s, sizeof s, "%s%s %s", T("11"), A, table[i].line);
    assert_true(log_line_read(&l, s, (size_t)n));
    assert_true(log_words(&out, &l, "send") && stralloc_0(&out));
    if (strcmp(out.s, table[i].want))
      fail_msg("%s: got [%s], want [%s]", table[i].line, out.s, table[i].want);
    stralloc_free(&out);
  }
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(families),         cmocka_unit_test(words),
                                     cmocka_unit_test(hostile_lines),    cmocka_unit_test(as_json),
                                     cmocka_unit_test(while_it_rotates), cmocka_unit_test(what_is_sought)};
  return cmocka_run_group_tests(tests, enter, leave);
}
