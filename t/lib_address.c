/* lib/address: what is a mailbox, what is none, and that nothing is read past the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "lib/address.h"

static void paths(void **state)
{
  static struct {
    char const *in;
    enum address_parsed parsed;
    char const *out;
    size_t used;
  } const table[] = {
      {"<>", ADDRESS_EMPTY, "", 2},
      {"<> SIZE=1", ADDRESS_EMPTY, "", 2},
      {"<a@b>", ADDRESS_OK, "a@b", 5},
      {"<a@b> SIZE=1", ADDRESS_OK, "a@b", 5},
      {"a@b SIZE=1", ADDRESS_OK, "a@b", 3},
      {"a@b", ADDRESS_OK, "a@b", 3},
      {"<postmaster>", ADDRESS_OK, "postmaster", 12},
      {"<User+Ext@Example.ORG>", ADDRESS_OK, "User+Ext@Example.ORG", 22},
      {"<@a,@b:user@other>", ADDRESS_OK, "user@other", 18},
      {"<@local:user@other>", ADDRESS_OK, "user@other", 19},
      {"<@a>", ADDRESS_SYNTAX, "", 0},
      {"<@a:>", ADDRESS_SYNTAX, "", 0},
      {"<@:a@b>", ADDRESS_SYNTAX, "", 0},
      {"<@a,b:c@d>", ADDRESS_SYNTAX, "", 0},
      {"<user%other@local>", ADDRESS_OK, "user%other@local", 18},
      {"<\"user@other\"@local>", ADDRESS_OK, "\"user@other\"@local", 20},
      {"<user@other@local>", ADDRESS_SYNTAX, "", 0},
      {"<other!user>", ADDRESS_OK, "other!user", 12},
      {"<user@[127.0.0.1]>", ADDRESS_OK, "user@[127.0.0.1]", 18},
      {"<user@[IPv6:::1]>", ADDRESS_OK, "user@[IPv6:::1]", 17},
      {"<user@[ipv6:2001:db8::1]>", ADDRESS_OK, "user@[ipv6:2001:db8::1]", 25},
      {"<user@[::1]>", ADDRESS_SYNTAX, "", 0},
      {"<user@[IPv6:fe80::1%eth0]>", ADDRESS_SYNTAX, "", 0},
      {"<user@[1.2.3]>", ADDRESS_SYNTAX, "", 0},
      {"<user@[]>", ADDRESS_SYNTAX, "", 0},
      {"<user@[1.2.3.4>", ADDRESS_SYNTAX, "", 0},
      {"<user@[1.2.3.4]x>", ADDRESS_SYNTAX, "", 0},
      {"<\"\"@local>", ADDRESS_SYNTAX, "", 0},
      {"<\"a b\"@l>", ADDRESS_OK, "\"a b\"@l", 9},
      {"<\"a\\\"b\"@l>", ADDRESS_OK, "\"a\\\"b\"@l", 10},
      {"<\"a>b\"@l>", ADDRESS_OK, "\"a>b\"@l", 9},
      {"<\"../../etc/passwd\"@l>", ADDRESS_OK, "\"../../etc/passwd\"@l", 22},
      {"<\".\"@l>", ADDRESS_OK, "\".\"@l", 7},
      {"<a/b@l>", ADDRESS_OK, "a/b@l", 7},
      {"<\"a\n\"@l>", ADDRESS_SYNTAX, "", 0},
      {"<\"a\\\nb\"@l>", ADDRESS_SYNTAX, "", 0},
      {"<\"a\\", ADDRESS_SYNTAX, "", 0},
      {"<\"a\"b@l>", ADDRESS_SYNTAX, "", 0},
      {"<;sleep 66;>", ADDRESS_SYNTAX, "", 0},
      {"<$(id)@d>", ADDRESS_SYNTAX, "", 0},
      {"<() { :;}; /usr/bin/id>", ADDRESS_SYNTAX, "", 0},
      {"<${run{/bin/sh}}@localhost>", ADDRESS_OK, "${run{/bin/sh}}@localhost", 27},
      {"<%n%s%x@d>", ADDRESS_OK, "%n%s%x@d", 10},
      {"<a@b", ADDRESS_SYNTAX, "", 0},
      {"<a@b >", ADDRESS_SYNTAX, "", 0},
      {"< a@b>", ADDRESS_SYNTAX, "", 0},
      {"a@b>", ADDRESS_SYNTAX, "", 0},
      {"<a@>", ADDRESS_SYNTAX, "", 0},
      {"<@b>", ADDRESS_SYNTAX, "", 0},
      {"<a@b.>", ADDRESS_SYNTAX, "", 0},
      {"<a@.b>", ADDRESS_SYNTAX, "", 0},
      {"<a@b..c>", ADDRESS_SYNTAX, "", 0},
      {"<a@-oProxy=x>", ADDRESS_SYNTAX, "", 0},
      {"<a@-b>", ADDRESS_SYNTAX, "", 0},
      {"<a@b->", ADDRESS_SYNTAX, "", 0},
      {"<a@b.-c>", ADDRESS_SYNTAX, "", 0},
      {"<a@under_score.example>", ADDRESS_OK, "a@under_score.example", 23},
      {"<a..b.@docomo.example>", ADDRESS_OK, "a..b.@docomo.example", 22},
      {"<-f@b>", ADDRESS_OK, "-f@b", 6},
      {"<\303\244@b>", ADDRESS_UTF8, "\303\244@b", 6},
      {"<a@\303\244.example>", ADDRESS_UTF8, "a@\303\244.example", 14},
      {"<\300\257@b>", ADDRESS_SYNTAX, "", 0},
      {"<\355\240\200@b>", ADDRESS_SYNTAX, "", 0},
      {"<\342\200\256a@b>", ADDRESS_SYNTAX, "", 0},
      {"<\302\205a@b>", ADDRESS_SYNTAX, "", 0},
      {"<\303@b>", ADDRESS_SYNTAX, "", 0},
      {"", ADDRESS_SYNTAX, "", 0},
      {"<", ADDRESS_SYNTAX, "", 0},
  };
  stralloc out = STRALLOC_ZERO;
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    size_t used, len = strlen(table[i].in);
    char *copy = malloc(len + 1); /* no NUL behind it: a tool for memory errors sees who looks there */
    memcpy(copy, table[i].in, len);
    enum address_parsed got = address_path(copy, len, &out, &used);
    free(copy);
    if (got != table[i].parsed || (got == ADDRESS_OK || got == ADDRESS_EMPTY || got == ADDRESS_UTF8
                                       ? used != table[i].used || out.len != strlen(table[i].out) ||
                                             (out.len && memcmp(out.s, table[i].out, out.len))
                                       : 0))
      fail_msg("%s: got %d \"%.*s\" %zu, want %d \"%s\" %zu", table[i].in, (int)got, (int)out.len,
               out.len ? out.s : "", used, (int)table[i].parsed, table[i].out, table[i].used);
  }
  stralloc_free(&out);
}

static void nul_inside(void **state)
{
  stralloc out = STRALLOC_ZERO;
  size_t used;
  (void)state;
  assert_int_equal(address_path("<a\0b@c>", 7, &out, &used), ADDRESS_SYNTAX);
  assert_int_equal(address_path("<\"a\0b\"@c>", 9, &out, &used), ADDRESS_SYNTAX);
  assert_int_equal(address_path("<a@c\0d>", 7, &out, &used), ADDRESS_SYNTAX);
  assert_int_equal(address_path("<a@[1.2.3.4\0]>", 14, &out, &used), ADDRESS_SYNTAX);
  stralloc_free(&out);
}

static void lengths(void **state)
{
  static struct {
    size_t local, label, labels;
    enum address_parsed want;
  } const table[] = {{64, 1, 1, ADDRESS_OK},          {65, 1, 1, ADDRESS_OK},
                     {255, 1, 1, ADDRESS_OK},         {256, 1, 1, ADDRESS_TOOLONG},
                     {100000, 1, 1, ADDRESS_TOOLONG}, {1, 63, 1, ADDRESS_OK},
                     {1, 64, 1, ADDRESS_SYNTAX},      {1, 1, 128, ADDRESS_OK},
                     {1, 1, 129, ADDRESS_TOOLONG},    {1, 1, 50000, ADDRESS_TOOLONG}};
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    stralloc sa = STRALLOC_ZERO;
    for (size_t k = 0; k < table[i].local; k++)
      stralloc_catb(&sa, "a", 1);
    for (size_t k = 0; k < table[i].labels; k++) {
      stralloc_catb(&sa, k ? "." : "@", 1);
      for (size_t n = 0; n < table[i].label; n++)
        stralloc_catb(&sa, "d", 1);
    }
    enum address_parsed got = address_judge(sa.s, sa.len);
    if (got != table[i].want)
      fail_msg("%zu@%zux%zu: got %d, want %d", table[i].local, table[i].label, table[i].labels, (int)got,
               (int)table[i].want);
    stralloc_free(&sa);
  }
}

static void judge(void **state)
{
  static struct {
    char const *in;
    enum address_parsed want;
  } const table[] = {{"", ADDRESS_EMPTY},       {"a", ADDRESS_OK},         {"a@b", ADDRESS_OK},
                     {"<a@b>", ADDRESS_SYNTAX}, {"a@b c", ADDRESS_SYNTAX}, {"|id", ADDRESS_OK},
                     {"a@b\n", ADDRESS_SYNTAX}, {"a,b", ADDRESS_SYNTAX},   {"@a:b@c", ADDRESS_SYNTAX}};
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    enum address_parsed got = address_judge(table[i].in, strlen(table[i].in));
    if (got != table[i].want)
      fail_msg("%s: got %d, want %d", table[i].in, (int)got, (int)table[i].want);
  }
}

static void parts(void **state)
{
  static struct {
    char const *in;
    size_t domain;
    char const *raw, *quoted;
  } const table[] = {{"a@b", 2, "a", "a"},
                     {"a", 1, "a", "a"},
                     {"\"a@b\"@c", 6, "a@b", "\"a@b\""},
                     {"\"a\\\"@b\"@c", 8, "a\"@b", "\"a\\\"@b\""},
                     {"\"a\\b\"@c", 6, "ab", "ab"},
                     {"\"a b\"", 5, "a b", "\"a b\""},
                     {"\".\"@x", 4, ".", "\".\""},
                     {"a..b@x", 5, "a..b", "\"a..b\""}};
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    stralloc raw = STRALLOC_ZERO, quoted = STRALLOC_ZERO;
    size_t len = strlen(table[i].in), at = address_domain(table[i].in, len);
    size_t local = at < len ? at - 1 : len;
    assert_true(address_unquote(table[i].in, local, &raw) && address_quote(raw.s, raw.len, &quoted));
    assert_true(stralloc_0(&raw) && stralloc_0(&quoted));
    if (at != table[i].domain || strcmp(raw.s, table[i].raw) || strcmp(quoted.s, table[i].quoted))
      fail_msg("%s: got %zu %s %s, want %zu %s %s", table[i].in, at, raw.s, quoted.s, table[i].domain,
               table[i].raw, table[i].quoted);
    stralloc_free(&raw);
    stralloc_free(&quoted);
  }
}

static void same(void **state)
{
  static struct {
    char const *a, *b;
    int want;
  } const table[] = {{"a@b", "a@B", 1},  {"a@b", "A@b", 0}, {"a", "a", 1}, {"a", "A", 0},
                     {"a@b", "a@bc", 0}, {"a@b", "a", 0},   {"", "", 1},   {"\"@a\"@b", "\"@A\"@b", 0}};
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    int got = address_same(table[i].a, strlen(table[i].a), table[i].b, strlen(table[i].b));
    if (got != table[i].want)
      fail_msg("%s and %s: got %d, want %d", table[i].a, table[i].b, got, table[i].want);
  }
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(paths),   cmocka_unit_test(nul_inside),
                                     cmocka_unit_test(lengths), cmocka_unit_test(judge),
                                     cmocka_unit_test(parts),   cmocka_unit_test(same)};
  return cmocka_run_group_tests(tests, 0, 0);
}
