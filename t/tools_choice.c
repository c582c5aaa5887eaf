/* tools/choice and tools/shown: the words of a command line, and text for a terminal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <skalibs/strerr.h>
#include "tools/choice.h"
#include "tools/shown.h"

#define ID "06C3V22HDQRO0AAO7ETM"

static char home[] = "/tmp/tern-choice.XXXXXX";

static int enter(void **state)
{
  (void)state;
  PROG = "choice";
  if (!mkdtemp(home) || chdir(home) || mkdir("control", 0755))
    return 1;
  FILE *f = fopen("control/me", "w");
  return !f || fputs("me.test\n", f) < 0 || fclose(f) || !freopen("/dev/null", "w", stderr);
}

static int leave(void **state)
{
  (void)state;
  return unlink("control/me") || rmdir("control") || chdir("/") || rmdir(home);
}

/* All words, as "f=... r=... d=... id ...", or "wrong", or "no WORD". */
static void read_all(char *out, size_t max, char const *const *args)
{
  static char const letters[] = "frd";
  selection s = SELECTION_ZERO;
  size_t n = 0;
  while (*args) {
    enum choice_took took = choice_option(&s, &args);
    if (took == CHOICE_NO)
      took = choice_id(&s, &args);
    if (took != CHOICE_TAKEN) {
      snprintf(out, max, took == CHOICE_WRONG ? "wrong" : "no %s", *args);
      selection_free(&s);
      return;
    }
  }
  assert_true(choice_complete(&s));
  *out = 0;
  for (unsigned int kind = 0; kind < SELECTION_KINDS; kind++)
    for (size_t at = 0; at < s.words[kind].len; at += strlen(s.words[kind].s + at) + 1)
      n += (size_t)snprintf(out + n, max - n, "%s%c=%s", n ? " " : "", letters[kind], s.words[kind].s + at);
  if (selection_id_count(&s))
    snprintf(out + n, max - n, "%sids=%zu", n ? " " : "", selection_id_count(&s));
  selection_free(&s);
}

static void words(void **state)
{
  static struct {
    char const *args[6];
    char const *want;
  } const table[] = {
      {{"-f", "joe@x"}, "f=joe@x"},
      {{"-fjoe@x"}, "f=joe@x"},
      {{"-f", "<joe@x>"}, "f=joe@x"},
      {{"-f", "<>"}, "f="},
      {{"-f", ""}, "f="},
      {{"-f", "joe"}, "f=joe@me.test"},
      {{"-f", "<>", "-f", "\"a@b\"", "-rsue"}, "f= f=\"a@b\"@me.test r=sue@me.test"},
      {{"-d", "X.test."}, "d=X.test"},
      {{"-d", "@x"}, "d=x"},
      {{"-d.x"}, "d=.x"},
      {{"-r", "a@b", ID, "06c3v22hdqro0aao7etm"}, "r=a@b ids=2"},
      {{"-f"}, "wrong"},
      {{"-r", "<>"}, "wrong"},
      {{"-r", ""}, "wrong"},
      {{"-d", ""}, "wrong"},
      {{"-d", "@"}, "wrong"},
      {{"-f", "a\nb@x"}, "wrong"},
      {{"-n"}, "no -n"},
      {{"-"}, "no -"},
      {{"all"}, "no all"},
      {{"06C3V22HDQRO0AAO7ET"}, "no 06C3V22HDQRO0AAO7ET"},
      {{""}, "no "},
  };
  char got[500];
  (void)state;
  for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
    read_all(got, sizeof got, table[k].args);
    if (strcmp(got, table[k].want))
      fail_msg("%zu: got [%s], want [%s]", k, got, table[k].want);
  }
}

#define S(x) x, sizeof x - 1
static void on_a_terminal(void **state)
{
  static struct {
    char const *s;
    size_t len;
    char const *want;
  } const table[] = {
      {S(""), ""},
      {S("plain text"), "plain text"},
      {S("\033[2J\033]0;title\a"), "?[2J?]0;title?"},
      {S("a\0b\r\n\177"), "a?b???"},
      {S("j\303\266rg \342\202\254"), "j\303\266rg \342\202\254"},
      {S("\302\233"
         "31m"),
       "?31m"}, /* CSI as a C1 control */
      {S("\233"
         "31m"),
       "?31m"},                                                   /* the same as a bare octet */
      {S("a\342\200\256b\342\201\246c\342\200\250d"), "a?b?c?d"}, /* U+202E, U+2066, U+2028 */
      {S("\355\240\200\300\200"), "?????"},                       /* a surrogate, an overlong NUL */
      {S("cut \342\202"), "cut ??"},
  };
  (void)state;
  for (size_t k = 0; k < sizeof table / sizeof *table; k++) {
    stralloc out = STRALLOC_ZERO;
    assert_true(shown_put(&out, table[k].s, table[k].len) && stralloc_0(&out));
    if (strcmp(out.s, table[k].want))
      fail_msg("%zu: got [%s], want [%s]", k, out.s, table[k].want);
    stralloc_free(&out);
  }
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(words), cmocka_unit_test(on_a_terminal)};
  return cmocka_run_group_tests(tests, enter, leave);
}
