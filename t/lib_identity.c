/* Tests of lib/identity: what a HOME must be like, and who may knock. */
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
#include "lib/identity.h"

static char dir[32];

static int new_home(void **state)
{
  (void)state;
  strcpy(dir, "/tmp/lib_identity.XXXXXX");
  return !mkdtemp(dir) || chdir(dir) || chmod(dir, 0755);
}

static int no_home(void **state)
{
  (void)state;
  return chdir("/") || rmdir(dir);
}

static void want_problem(char const *part)
{
  identities ids;
  stralloc problem = STRALLOC_ZERO;
  assert_false(identities_load(&ids, &problem));
  if (!strstr(problem.s, part) || strlen(problem.s) != problem.len)
    fail_msg("got \"%s\" want \"... %s ...\"", problem.s, part);
  stralloc_free(&problem);
}

static void others_must_not_write(void **state)
{
  (void)state;
  assert_false(chmod(".", 0775));
  want_problem("type: chmod go-w /tmp/lib_identity.");
  assert_false(chmod(".", 0757));
  want_problem("type: chmod go-w /tmp/lib_identity.");
}

static void the_owner_is_everybody(void **state)
{
  identities ids;
  stralloc problem = STRALLOC_ZERO;
  unsigned int i;
  (void)state;
  if (!getuid()) {
    assert_false(chown(".", 54321, 54321));
    want_problem("belongs to uid 54321");
    assert_false(seteuid(54321));
  }
  assert_true(identities_load(&ids, &problem));
  if (!getuid())
    assert_false(seteuid(0));
  assert_false(ids.root);
  for (i = 0; i < IDENTITY_N; i++)
    assert_int_equal(ids.uid[i], ids.owner);
  assert_false(identity_is_suite(&ids, ids.owner));
  assert_false(identity_is_reserved(&ids, ids.owner));
  assert_true(identity_may_knock(&ids, ids.owner, KNOCK_NAMED, 1u << TERNS));
  assert_true(identity_may_knock(&ids, ids.owner, KNOCK_ANYBODY, 0));
  assert_true(identity_may_knock(&ids, 0, KNOCK_ANYBODY, 0));
  assert_false(identity_may_knock(&ids, ids.owner + 1, KNOCK_NAMED, 1u << TERNS));
  stralloc_free(&problem);
}

static void roots_has_its_users(void **state)
{
  identities ids;
  stralloc problem = STRALLOC_ZERO;
  (void)state;
  if (getuid())
    skip();
  if (identities_load(&ids, &problem)) {
    assert_true(ids.root);
    assert_int_equal(ids.gid[TERNS], ids.gid[TERNQ]);
  } else
    assert_non_null(strstr(problem.s, "tern-setup /tmp/lib_identity."));
  stralloc_free(&problem);
}

static void who_may_knock(void **state)
{
  identities ids = {.root = 1, .owner = 0};
  static struct {
    uid_t uid;
    enum knock who;
    unsigned int named;
    int want;
  } const cases[] = {
      {1000, KNOCK_ANYBODY, 0, 1},
      {0, KNOCK_ANYBODY, 0, 1},
      {500 + TERND, KNOCK_ANYBODY, 0, 0},
      {500 + TERND, KNOCK_ANYBODY, 1u << TERND, 1},
      {500 + TERNR, KNOCK_ANYBODY, 1u << TERND, 0},
      {500 + TERNL, KNOCK_ANYBODY, 1u << TERND, 0},
      {500 + TERNX, KNOCK_ANYBODY, 0, 1},
      {500 + TERNM, KNOCK_ANYBODY, 0, 1},
      {500 + TERNS, KNOCK_NAMED, 1u << TERNS, 1},
      {500 + TERNX, KNOCK_NAMED, 1u << TERNS, 0},
      {1000, KNOCK_NAMED, 1u << TERNS, 0},
      {0, KNOCK_NAMED, 1u << TERNS, 0},
      {500 + TERNX, KNOCK_NAMED, 1u << TERNS | 1u << TERNX, 1},
  };
  size_t i;
  unsigned int j;
  (void)state;
  for (j = 0; j < IDENTITY_N; j++)
    ids.uid[j] = ids.gid[j] = 500 + j;
  for (i = 0; i < sizeof cases / sizeof *cases; i++) {
    int got = identity_may_knock(&ids, cases[i].uid, cases[i].who, cases[i].named);
    if (!got != !cases[i].want)
      fail_msg("uid %u, kind %d, named %x: got %d want %d", (unsigned int)cases[i].uid, cases[i].who,
               cases[i].named, got, cases[i].want);
  }
  for (j = 0; j < IDENTITY_N; j++) {
    assert_int_equal(!!identity_is_suite(&ids, 500 + j), j != TERNX && j != TERNM);
    assert_true(identity_is_reserved(&ids, 500 + j));
  }
  assert_true(identity_is_reserved(&ids, 0));
  assert_false(identity_is_reserved(&ids, 1000));
}

#define T(f) cmocka_unit_test_setup_teardown(f, new_home, no_home)

int main(void)
{
  struct CMUnitTest const tests[] = {T(others_must_not_write), T(the_owner_is_everybody),
                                     T(roots_has_its_users), T(who_may_knock)};
  return cmocka_run_group_tests(tests, 0, 0);
}
