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
  put("log/queue/@4000.s", T("11") A " received uid=0 from=joe@x size=5 rcpts=1 to=list@x\n" T("12") D
      " received uid=0 from=\"\" size=5 rcpts=1 to=other@x\nnot a line\n\n");
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
  id i;
  assert_true(id_scan(&i, id_text, ID_LEN));
  assert_true(trace_run(&t, &i));
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
      "Tue Nov 24 04:21:57.500  " A
      "  queue   taken in from the user with uid 0: from <joe@x> to <list@x>, 5 octets, 1 recipient(s)\n",
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
    assert_true(log_words(&out, &l) && stralloc_0(&out));
    if (strcmp(out.s, table[i].want))
      fail_msg("%s: got [%s], want [%s]", table[i].line, out.s, table[i].want);
    stralloc_free(&out);
  }
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(families), cmocka_unit_test(words)};
  return cmocka_run_group_tests(tests, enter, leave);
}
