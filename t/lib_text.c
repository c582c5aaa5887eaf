/* Tests of lib/text: what is given back is no longer resident, and all of it still works. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "lib/text.h"

/* KiB of mapped files that are in memory: RssFile of this process. */
static unsigned long resident(void)
{
  char line[128];
  unsigned long kib = 0;
  FILE *f = fopen("/proc/self/status", "r");
  while (f && fgets(line, sizeof line, f))
    if (sscanf(line, "RssFile: %lu", &kib) == 1)
      break;
  if (f)
    fclose(f);
  return kib;
}

static int by_size(void const *a, void const *b)
{
  return *(int const *)a - *(int const *)b;
}

static void it_is_given_back_and_comes_again(void **state)
{
  static int written = 7;
  static char const constant[] = "a constant";
  int n[] = {3, 1, 2};
  char word[64];
  (void)state;
  snprintf(word, sizeof word, "%s %f", constant, 1.5);
  qsort(n, 3, sizeof *n, &by_size);
  unsigned long before = resident();
  written++;
  text_release();
  unsigned long after = resident();
  if (!before || after + 100 > before)
    fail_msg("got %lu KiB of text, %lu before, want 100 less", after, before);
  assert_int_equal(written, 8);
  assert_string_equal(constant, "a constant");
  qsort(n, 3, sizeof *n, &by_size);
  assert_true(n[0] == 1 && n[2] == 3);
  for (unsigned int i = 0; i < 1000; i++)
    text_release();
  snprintf(word, sizeof word, "%s %f", constant, 2.5);
  assert_string_equal(word, "a constant 2.500000");
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(it_is_given_back_and_comes_again)};
  return cmocka_run_group_tests(tests, 0, 0);
}
