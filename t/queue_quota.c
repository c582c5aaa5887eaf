/* Tests queue/quota: what one uid may take, what is kept for the suite, and what a worker that died leaves.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "queue/quota.h"

#define MIB 1048576ull

static void places(void **state)
{
  quota q;
  result r = RESULT_ZERO;
  unsigned int slot = 0, got = 0, other = 0;
  (void)state;
  assert_true(quota_init(&q, 1000, 200));
  assert_int_equal(quota_pool(200), 200 + q.places);
  while (quota_enter(&q, slot++, 1000, 0, &r))
    got++;
  assert_int_equal(r.class, RESULT_TEMPORARY);
  quota_leave(&q, slot - 1);
  assert_int_equal(got, q.per_uid);
  while (quota_enter(&q, slot, 2000 + slot, 0, &r)) {
    slot++;
    other++;
  }
  quota_leave(&q, slot);
  assert_int_equal(got + other, q.places);
  /* the suite's own come in all the same */
  for (unsigned int k = 0; k < 200; k++)
    assert_true(quota_enter(&q, 400 + k, 101, 1, &r));
  quota_leave(&q, 0);
  assert_true(quota_enter(&q, slot, 1000, 0, &r));
  assert_true(quota_pool(900) <= QUOTA_SLOTS);
}

static void bytes(void **state)
{
  quota q;
  result r = RESULT_ZERO;
  (void)state;
  assert_true(quota_init(&q, 1000, 200));
  assert_true(quota_enter(&q, 0, 1000, 0, &r) && quota_enter(&q, 1, 1000, 0, &r) &&
              quota_enter(&q, 2, 1001, 0, &r));
  assert_true(quota_add(&q, 0, 1000, &r) && quota_add(&q, 1, 1000, &r));
  assert_false(quota_add(&q, 1, 1, &r));
  assert_int_equal(r.class, RESULT_TEMPORARY);
  assert_true(quota_add(&q, 2, 1000, &r));
  quota_leave(&q, 0);
  assert_true(quota_add(&q, 1, 1, &r));
  assert_true(quota_enter(&q, 3, 0, 1, &r) && quota_add(&q, 3, 1ull << 40, &r));
}

static void dead_workers(void **state)
{
  quota q;
  result r = RESULT_ZERO;
  (void)state;
  assert_true(quota_init(&q, 1000, 200));
  for (unsigned int k = 0; k < q.per_uid; k++)
    assert_true(quota_enter(&q, k, 1000, 0, &r));
  atomic_store(&q.slots[1].filling, 1);
  assert_false(quota_enter(&q, 100, 1000, 0, &r));
  quota_leave(&q, 100);
  assert_false(quota_bury(&q, 0));
  assert_true(quota_bury(&q, 1));
  assert_false(quota_bury(&q, 1));
  assert_true(quota_enter(&q, 100, 1000, 0, &r));
}

static void exempt(void **state)
{
  identities root = {.root = 1, .uid = {101, 102, 103, 104, 105, 106, 107, 108}};
  identities owner = {.owner = 1000, .uid = {1000, 1000, 1000, 1000, 1000, 1000, 1000, 1000}};
  (void)state;
  assert_true(quota_is_exempt(&root, 101) && quota_is_exempt(&root, 103) && quota_is_exempt(&root, 0));
  assert_false(quota_is_exempt(&root, 107) || quota_is_exempt(&root, 1000));
  assert_true(quota_is_exempt(&owner, 1000) && quota_is_exempt(&owner, 0));
  assert_false(quota_is_exempt(&owner, 1001));
}

static void disk(void **state)
{
  static struct {
    char const *name;
    int exempt;
    uint64_t free_bytes, bytes, free_inodes, inodes;
    int want;
  } const cases[] = {
      {"plenty", 0, 100000 * MIB, 200000 * MIB, 1000000, 2000000, 1},
      {"below the reserve", 0, 100 * MIB, 200000 * MIB, 1000000, 2000000, 0},
      {"below it, the suite", 1, 100 * MIB, 200000 * MIB, 1000000, 2000000, 1},
      {"the last of it", 1, 1 * MIB, 200000 * MIB, 1000000, 2000000, 0},
      {"few inodes", 0, 100000 * MIB, 200000 * MIB, 1000, 2000000, 0},
      {"few inodes, the suite", 1, 100000 * MIB, 200000 * MIB, 1000, 2000000, 1},
      {"no inode", 1, 100000 * MIB, 200000 * MIB, 0, 2000000, 0},
      {"inodes are not counted", 0, 100000 * MIB, 200000 * MIB, 0, 0, 1},
      {"a small disk", 0, 8 * MIB, 10 * MIB, 1000, 2000, 1},
      {"a small disk, nearly full", 0, 1 * MIB, 10 * MIB, 1000, 2000, 0},
      {"a small disk, the suite", 1, 1 * MIB, 10 * MIB, 1000, 2000, 1},
      {"full", 1, 0, 10 * MIB, 1000, 2000, 0},
  };
  (void)state;
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
    int got = quota_has_room(50 * MIB, cases[k].exempt, cases[k].free_bytes, cases[k].bytes,
                             cases[k].free_inodes, cases[k].inodes);
    if (got != cases[k].want)
      fail_msg("%s: got %d, want %d", cases[k].name, got, cases[k].want);
  }
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(places), cmocka_unit_test(bytes),
                                     cmocka_unit_test(dead_workers), cmocka_unit_test(exempt),
                                     cmocka_unit_test(disk)};
  return cmocka_run_group_tests(tests, 0, 0);
}
