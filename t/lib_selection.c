/* lib/selection: words are kept, go through records and come back, and judge messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>
#include "lib/listing.h"
#include "lib/record.h"
#include "lib/selection.h"

/* "f:joe@x r:a@y d:z" */
static void read_words(selection *s, char const *text)
{
  static char const letters[] = "frd";
  while (*text) {
    size_t len = strcspn(text, " ");
    assert_true(selection_add(s, (enum selection_kind)(strchr(letters, *text) - letters), text + 2, len - 2));
    text += len + (text[len] == ' ');
  }
}

static int is_meant(selection const *s, char const *sender, char const *const *rcpts)
{
  unsigned int needs = selection_needs(s);
  for (; *rcpts; rcpts++)
    needs &= ~selection_to(s, *rcpts);
  return selection_from(s, sender) && !needs;
}

static void judging(void **state)
{
  static struct {
    char const *words, *sender, *rcpts[4];
    int want;
  } const table[] = {
      {"", "joe@x", {"a@y"}, 1},
      {"", "", {0}, 1},
      {"f:joe@x", "joe@x", {"a@y"}, 1},
      {"f:joe@x", "joe@X", {"a@y"}, 1},
      {"f:joe@x", "Joe@x", {"a@y"}, 0},
      {"f:joe@x", "", {"joe@x"}, 0},
      {"f:joe@x", "xjoe@x", {0}, 0},
      {"f:", "", {"a@y"}, 1},
      {"f:", "joe@x", {"a@y"}, 0},
      {"f: f:joe@x", "joe@x", {0}, 1},
      {"f: f:joe@x", "", {0}, 1},
      {"r:a@y", "joe@x", {"b@y", "a@Y"}, 1},
      {"r:a@y", "a@y", {"b@y"}, 0},
      {"r:a@y", "", {0}, 0},
      {"r:a@y r:b@y", "", {"b@y"}, 1},
      {"d:y", "", {"a@Y"}, 1},
      {"d:y", "", {"a@x.y"}, 0},
      {"d:y.", "", {"a@y"}, 1},
      {"d:.y", "", {"a@x.Y"}, 1},
      {"d:.y", "", {"a@y"}, 0},
      {"d:.y", "", {"a@xy"}, 0},
      {"d:y", "a@y", {"a@z"}, 0},
      {"d:y", "", {"\"@y\"@z"}, 0},
      {"d:y d:z", "", {"a@z"}, 1},
      {"r:a@y d:z", "", {"a@y"}, 0},
      {"r:a@y d:z", "", {"a@y", "b@z"}, 1},
      {"f:joe@x d:z", "joe@x", {"a@z"}, 1},
      {"f:joe@x d:z", "sue@x", {"a@z"}, 0},
  };
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    selection s = SELECTION_ZERO;
    read_words(&s, table[i].words);
    int got = is_meant(&s, table[i].sender, table[i].rcpts);
    if (got != table[i].want)
      fail_msg("%zu: [%s] of <%s>: got %d, want %d", i, table[i].words, table[i].sender, got, table[i].want);
    if (selection_has_words(&s) != !!*table[i].words)
      fail_msg("%zu: has words: got %d", i, selection_has_words(&s));
    selection_free(&s);
  }
}

static void round_trip(void **state)
{
  selection s = SELECTION_ZERO, t = SELECTION_ZERO;
  stralloc out = STRALLOC_ZERO, again = STRALLOC_ZERO;
  id i[3];
  (void)state;
  for (unsigned int k = 0; k < 3; k++)
    id_make(i + k, k);
  assert_true(selection_add_id(&s, i + 2) && selection_add_id(&s, i) && selection_add_id(&s, i + 2) &&
              selection_add_id(&s, i + 1));
  read_words(&s, "f: f:j\303\266@x r:\"a\"@y d:.z");
  s.mine = 1;
  selection_sort_ids(&s);
  assert_int_equal(selection_id_count(&s), 3);
  for (unsigned int k = 0; k < 3; k++)
    assert_int_equal(id_cmp(selection_ids(&s) + k, i + k), 0);
  assert_true(selection_pack(&s, &out) && selection_unpack(&t, out.s, out.len) && selection_pack(&t, &again));
  assert_int_equal(again.len, out.len);
  assert_memory_equal(again.s, out.s, out.len);
  assert_true(t.mine);
  selection_free(&s);
  selection_free(&t);
  stralloc_free(&out);
  stralloc_free(&again);
}

#define S(x) x, sizeof x - 1
static void what_is_no_word(void **state)
{
  static struct {
    enum selection_kind kind;
    char const *s;
    size_t len;
    int error;
  } const words[] = {{SELECTION_RCPT, S(""), EINVAL},
                     {SELECTION_DOMAIN, S(""), EINVAL},
                     {SELECTION_SENDER, S("a\nb@x"), EINVAL},
                     {SELECTION_SENDER, S("a\0b"), EINVAL},
                     {SELECTION_DOMAIN, S("x\177"), EINVAL}};
  static struct {
    char const *s;
    size_t len;
    int want;
  } const records[] = {{S("\x81\0\3abc"), 0},     {S("\x82\0\3a\0b"), 0}, {S("\x88\0\0"), 0},
                       {S("\x8f\0\0"), 0},        {S("\x8f\0\1"), 0},     {S("\xff\0\0"), 0},
                       {S("\x83\0\1x"), 0},       {S("\x70\0\1x"), 1},    {S(""), 1},
                       {S("\x82\0\0\x90\0\0"), 1}};
  char longest[1002];
  selection s = SELECTION_ZERO;
  (void)state;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
    errno = 0;
    int got = selection_add(&s, words[i].kind, words[i].s, words[i].len);
    if (got || errno != words[i].error)
      fail_msg("word %zu: got %d, %d, want 0, %d", i, got, errno, words[i].error);
  }
  memset(longest, 'x', sizeof longest);
  assert_false(selection_add(&s, SELECTION_SENDER, longest, 1001));
  assert_int_equal(errno, ENAMETOOLONG);
  for (unsigned int k = 0; k < SELECTION_WORDS_MAX; k++)
    assert_true(selection_add(&s, SELECTION_RCPT, "a@b", 3));
  assert_false(selection_add(&s, SELECTION_RCPT, "a@b", 3));
  assert_int_equal(errno, E2BIG);
  for (size_t i = 0; i < sizeof records / sizeof *records; i++) {
    int got = selection_unpack(&s, records[i].s, records[i].len);
    if (got != records[i].want)
      fail_msg("records %zu: got %d, want %d", i, got, records[i].want);
  }
  selection_free(&s);
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(judging), cmocka_unit_test(round_trip),
                                     cmocka_unit_test(what_is_no_word)};
  return cmocka_run_group_tests(tests, 0, 0);
}
