/* tools/incoming: lines of every kind, ends of every kind, and borders of every buffer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>
#include <cmocka.h>
#include "tools/incoming.h"

static int collect(void *data, char const *s, size_t len)
{
  return stralloc_catb(data, s, len);
}

/* A child writes the text in pieces of `step` octets. */
static int feed(char const *s, size_t len, size_t step)
{
  int p[2];
  assert_return_code(pipe(p), 0);
  if (!fork()) {
    close(p[0]);
    for (size_t i = 0; i < len; i += step)
      if (write(p[1], s + i, len - i < step ? len - i : step) < 0)
        _exit(1);
    _exit(0);
  }
  close(p[1]);
  return p[0];
}

static void messages(void **state)
{
  static struct {
    char const *in;
    int dots;
    char const *head, *body;
  } const table[] = {
      {"A: b\n\nbody\n", 1, "A: b\n", "body\n"},
      {"A: b\r\n\r\nbody\r\n", 1, "A: b\n", "body\n"},
      {"A: b\n\nbody", 1, "A: b\n", "body\n"},
      {"A: b", 1, "A: b\n", ""},
      {"", 1, "", ""},
      {".", 1, "", ""},
      {".\n", 1, "", ""},
      {".\nmore\n", 1, "", ""},
      {".\nmore\n", 0, "", ".\nmore\n"},
      {"A: b\n.\nc: d\n", 1, "A: b\n", ""},
      {"A: b\n\nx\n.\ny\n", 1, "A: b\n", "x\n"},
      {"A: b\n\nx\n.\r\ny\n", 1, "A: b\n", "x\n"},
      {"A: b\n\nx\n.\ny\n", 0, "A: b\n", "x\n.\ny\n"},
      {"A: b\n\nx\n..\n. \n.", 1, "A: b\n", "x\n..\n. \n"},
      {"From joe Mon\nA: b\n\nx\n", 1, "A: b\n", "x\n"},
      {"From joe Mon\r\nA: b\n\nFrom x\n", 1, "A: b\n", "From x\n"},
      {"From: joe\n\nx\n", 1, "From: joe\n", "x\n"},
      {"A: b\n c\n\td\n\nx\n", 1, "A: b\n c\n\td\n", "x\n"},
      {" leading\nA: b\n", 1, "", " leading\nA: b\n"},
      {"no header\nA: b\n", 1, "", "no header\nA: b\n"},
      {"A: b\nno field\nC: d\n", 1, "A: b\n", "no field\nC: d\n"},
      {"\nA: b\n", 1, "", "A: b\n"},
      {"\n\nA\n", 1, "", "\nA\n"},
      {"A: b\n\n\r\r\nx\ry\n", 1, "A: b\n", "\r\nx\ry\n"},
      {": x\n", 1, "", ": x\n"},
      {"A :b\n\n\n", 1, "A :b\n", "\n"},
  };
  static size_t const steps[] = {1, 2, 3, 1000};
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
      incoming in = INCOMING_ZERO;
      stralloc body = STRALLOC_ZERO;
      int fd = feed(table[i].in, strlen(table[i].in), steps[k]);
      assert_int_equal(incoming_read(&in, fd, table[i].dots), INCOMING_OK);
      close(fd);
      wait(0);
      assert_true(incoming_body(&in, collect, &body) && stralloc_0(&body) && stralloc_0(&in.head));
      if (strcmp(in.head.s, table[i].head) || strcmp(body.s, table[i].body))
        fail_msg("%s: got [%s][%s], want [%s][%s]", table[i].in, in.head.s, body.s, table[i].head,
                 table[i].body);
      incoming_clear(&in);
      stralloc_free(&in.head);
      stralloc_free(&in.body);
      stralloc_free(&body);
    }
}

/* A body that crosses the buffer and the memory with its line ends at every place near their borders. */
static void borders(void **state)
{
  static size_t const sizes[] = {65530, 65535, 65536, 65537, 131072, 1048570, 1048576, 1048577, 3000000};
  (void)state;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (size_t shift = 0; shift < 4; shift++) {
      incoming in = INCOMING_ZERO;
      stralloc text = STRALLOC_ZERO, want = STRALLOC_ZERO, got = STRALLOC_ZERO;
      assert_true(stralloc_cats(&text, "A: b\r\n\r\n"));
      for (size_t n = 0; n < sizes[i] + shift - 10; n++)
        assert_true(stralloc_catb(&want, i % 2 && n % 77 == 76 ? "\n" : "x", 1));
      for (size_t n = 0; n < want.len; n++)
        assert_true(want.s[n] == '\n' ? stralloc_cats(&text, "\r\n") : stralloc_catb(&text, want.s + n, 1));
      assert_true(stralloc_cats(&text, "\r\n.x\r\ny\r\n") && stralloc_cats(&want, "\n.x\ny\n"));
      int fd = feed(text.s, text.len, 50000);
      assert_int_equal(incoming_read(&in, fd, 1), INCOMING_OK);
      close(fd);
      wait(0);
      assert_true(incoming_body(&in, collect, &got));
      if (got.len != want.len || memcmp(got.s, want.s, got.len))
        fail_msg("%zu+%zu: got %zu octets, want %zu", sizes[i], shift, got.len, want.len);
      incoming_clear(&in);
      stralloc_free(&in.head);
      stralloc_free(&in.body);
      stralloc_free(&text);
      stralloc_free(&want);
      stralloc_free(&got);
    }
}

static void limits(void **state)
{
  incoming in = INCOMING_ZERO;
  (void)state;
  in.max = 10;
  assert_int_equal(incoming_line(&in, "A: b", 4, 1), INCOMING_OK);
  assert_int_equal(incoming_line(&in, "", 0, 1), INCOMING_OK);
  assert_int_equal(incoming_line(&in, "1234", 4, 1), INCOMING_OK);
  assert_int_equal(incoming_line(&in, "", 0, 1), INCOMING_TOOBIG);
  incoming_clear(&in);
  in.max = 0;
  assert_int_equal(incoming_line(&in, "A: ", 3, 0), INCOMING_OK);
  enum incoming_took took = INCOMING_OK;
  static char piece[65536];
  memset(piece, 'x', sizeof piece);
  for (size_t n = 0; took == INCOMING_OK && n < 2 * INCOMING_HEADER; n += sizeof piece)
    took = incoming_line(&in, piece, sizeof piece, 0);
  assert_int_equal(took, INCOMING_HEADING);
  incoming_clear(&in);
  assert_false(in.eight);
  assert_int_equal(incoming_line(&in, "x\377", 2, 1), INCOMING_OK);
  assert_true(in.eight);
  setenv("TMPDIR", "/nonexistent", 1);
  took = INCOMING_OK;
  for (size_t n = 0; took == INCOMING_OK && n < 4 * INCOMING_MEMORY; n += sizeof piece)
    took = incoming_line(&in, piece, sizeof piece, 1);
  assert_int_equal(took, INCOMING_NOFILE);
  unsetenv("TMPDIR");
  incoming_clear(&in);
  stralloc_free(&in.head);
  stralloc_free(&in.body);
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(messages), cmocka_unit_test(borders),
                                     cmocka_unit_test(limits)};
  return cmocka_run_group_tests(tests, 0, 0);
}
