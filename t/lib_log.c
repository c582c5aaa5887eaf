/* Tests of lib/log: what stands in a line, what can't be forged, what is dropped and counted. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "lib/log.h"

static int out[2];
static int stderr_copy;

static int to_pipe(void **state)
{
  (void)state;
  if (pipe(out) < 0)
    return -1;
  stderr_copy = dup(2);
  dup2(out[1], 2);
  close(out[1]);
  (void)fcntl(out[0], F_SETFL, O_NONBLOCK);
  log_init();
  return 0;
}

static int back(void **state)
{
  (void)state;
  dup2(stderr_copy, 2);
  close(stderr_copy);
  close(out[0]);
  return 0;
}

static char const *line(void)
{
  static char s[2 * LOG_LINE];
  ssize_t r = read(out[0], s, sizeof s - 1);
  s[r < 0 ? 0 : r] = 0;
  return s;
}

static void values(void **state)
{
  static struct {
    char const *value;
    char const *want;
  } const cases[] = {
      {"user@example.org", "- e k=user@example.org\n"},
      {"a=b,c<d>'[x]", "- e k=a=b,c<d>'[x]\n"},
      {"", "- e k=\"\"\n"},
      {"two words", "- e k=\"two words\"\n"},
      {"a\"b\\c", "- e k=\"a\\\"b\\\\c\"\n"},
      {"x\n- e k=forged", "- e k=\"x\\x0a- e k=forged\"\n"},
      {"\r\t\033[2J\177", "- e k=\"\\x0d\\x09\\x1b[2J\\x7f\"\n"},
      {"\xc3\xa9\x9b", "- e k=\"\\xc3\\xa9\\x9b\"\n"},
      {"%s%n", "- e k=%s%n\n"},
  };
  size_t i;
  (void)state;
  for (i = 0; i < sizeof cases / sizeof *cases; i++) {
    char const *got;
    log_event(0, "e", "k", cases[i].value, (char *)0);
    got = line();
    if (strcmp(got, cases[i].want))
      fail_msg("%s: got %s want %s", cases[i].value, got, cases[i].want);
  }
}

static void entries(void **state)
{
  log_entry l;
  (void)state;
  log_begin(&l, "ABC", "delivered");
  log_add(&l, "to", "mike");
  log_add_number(&l, "size", UINT64_C(18446744073709551615));
  log_addb(&l, "nul", "a\0b", 3);
  errno = EXDEV;
  log_end(&l);
  assert_int_equal(errno, EXDEV);
  assert_string_equal(line(), "ABC delivered to=mike size=18446744073709551615 nul=\"a\\x00b\"\n");
  errno = ENOENT;
  log_warn("open", "control/me\n");
  assert_string_equal(line(), "- warning: unable to open control/me\\x0a: No such file or directory\n");
}

static void long_ones_are_cut(void **state)
{
  static char big[10000];
  log_entry l;
  char const *s;
  int i;
  (void)state;
  memset(big, 'x', sizeof big - 1);
  log_event("ID", "e", "a", big, "b", "small", (char *)0);
  s = line();
  assert_non_null(strstr(s, "xxx... b=small\n"));
  memset(big, '\n', sizeof big - 1);
  log_event("ID", "e", "a", big, "b", "small", (char *)0);
  s = line();
  assert_non_null(strstr(s, "\\x0a...\" b=small\n"));
  log_begin(&l, big, big);
  for (i = 0; i < 1000; i++)
    log_addb(&l, "key", big, (size_t)i);
  log_end(&l);
  s = line();
  if (strlen(s) > LOG_LINE)
    fail_msg("got %zu bytes want at most %u", strlen(s), LOG_LINE);
  assert_true(strchr(s, '\n') == s + strlen(s) - 1);
}

static void a_full_pipe_drops_and_counts(void **state)
{
  static char big[1000];
  char const *s;
  unsigned int i;
  (void)state;
  memset(big, 'x', sizeof big - 1);
  for (i = 0; i < 200; i++)
    log_event("ID", "e", "a", big, (char *)0);
  for (s = line(); *s; s = line())
    assert_null(strstr(s, "dropped"));
  log_event("ID", "next", (char *)0);
  s = line();
  assert_non_null(strstr(s, "ID next dropped="));
  log_event("ID", "next", (char *)0);
  assert_string_equal(line(), "ID next\n");
}

/* Last: there is no way back to one line a write. */
static void gathered_lines_are_one_write(void **state)
{
  static char big[1000];
  char const *s;
  int i;
  (void)state;
  log_gather();
  log_event("ID1", "e", (char *)0);
  log_event("ID2", "e", (char *)0);
  assert_string_equal(line(), "");
  log_flush();
  assert_string_equal(line(), "ID1 e\nID2 e\n");
  log_flush();
  assert_string_equal(line(), "");
  memset(big, 'x', sizeof big - 1);
  for (i = 0; i < 5; i++) /* more than one write holds */
    log_event("ID", "e", "a", big, (char *)0);
  s = line();
  assert_int_equal(strlen(s), 4 * (sizeof big - 1 + 8));
  log_flush();
  assert_int_equal(strlen(line()), sizeof big - 1 + 8);
  for (i = 0; i < 200; i++)
    log_event("ID", "e", "a", big, (char *)0);
  log_flush();
  while (*line())
    ;
  log_event("ID", "next", (char *)0);
  assert_non_null(strstr(line(), "ID next dropped="));
  log_event("ID", "next", (char *)0);
  log_flush();
  assert_string_equal(line(), "ID next\n");
}

#define T(f) cmocka_unit_test_setup_teardown(f, to_pipe, back)

int main(void)
{
  struct CMUnitTest const tests[] = {T(values), T(entries), T(long_ones_are_cut),
                                     T(a_full_pipe_drops_and_counts), T(gathered_lines_are_one_write)};
  return cmocka_run_group_tests(tests, 0, 0);
}
