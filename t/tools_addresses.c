/* tools/addresses: lists of addresses as people, programs and attackers write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <skalibs/stralloc.h>
#include "tools/addresses.h"

typedef struct seen_s seen;
struct seen_s {
  stralloc list; /* "a@b c" */
  stralloc insert;
  char const *s;
};

static int note(void *data, addresses_found const *a)
{
  seen *n = data;
  if (n->list.len && !stralloc_catb(&n->list, " ", 1))
    return 0;
  if (!a->complete && a->insert)
    stralloc_catb(&n->insert, n->s + a->insert - 1, 1);
  return stralloc_catb(&n->list, a->s, a->len) && (a->complete || stralloc_cats(&n->list, "!"));
}

static void lists(void **state)
{
  static struct {
    char const *in;
    enum addresses_parsed parsed;
    char const *want;   /* ! stands behind those without a domain */
    char const *insert; /* the characters after which a domain would go */
  } const table[] = {
      {"", ADDRESSES_OK, "", ""},
      {"joe", ADDRESSES_OK, "joe!", "e"},
      {"a,b", ADDRESSES_OK, "a! b!", "ab"},
      {"a@b, c@d", ADDRESSES_OK, "a@b c@d", ""},
      {" , a@b,, c ,", ADDRESSES_OK, "a@b c!", "c"},
      {"Joe <joe>", ADDRESSES_OK, "joe!", "e"},
      {"Joe Q. Public <joe@x.example>", ADDRESSES_OK, "joe@x.example", ""},
      {"\"Public, Joe\" <joe@x>", ADDRESSES_OK, "joe@x", ""},
      {"joe@x <joe@y>", ADDRESSES_OK, "joe@y", ""},
      {"joe@x (Joe (the, one) \\) here)", ADDRESSES_OK, "joe@x", ""},
      {"(c)joe(c)@(c)x(c)", ADDRESSES_OK, "joe@x", ""},
      {"joe @ x . example", ADDRESSES_OK, "joe@x.example", ""},
      {"team: a@b, c;", ADDRESSES_OK, "a@b c!", "c"},
      {"team: a@b;, d@e", ADDRESSES_OK, "a@b d@e", ""},
      {"undisclosed-recipients:;", ADDRESSES_OK, "", ""},
      {"undisclosed recipients: ;", ADDRESSES_OK, "", ""},
      {"a:b,c;", ADDRESSES_OK, "b! c!", "bc"},
      {"a@b; c@d", ADDRESSES_OK, "a@b c@d", ""},
      {"<@x,@y:joe@z>", ADDRESSES_OK, "joe@z", ""},
      {"<>", ADDRESSES_OK, "", ""},
      {"Joe <>", ADDRESSES_OK, "", ""},
      {"a@b,\n c@d,\r\n\t(x)\n e", ADDRESSES_OK, "a@b c@d e!", "e"},
      {"\"joe smith\"@x", ADDRESSES_OK, "\"joe smith\"@x", ""},
      {"\"joe\"@x", ADDRESSES_OK, "joe@x", ""},
      {"\"a\\\"b\"@x", ADDRESSES_OK, "\"a\\\"b\"@x", ""},
      {"\"a@b\"", ADDRESSES_OK, "\"a@b\"!", "\""},
      {"\"a\r\n b\"@x", ADDRESSES_OK, "\"a b\"@x", ""},
      {"\"a\".b@x", ADDRESSES_OK, "a.b@x", ""},
      {"joe smith", ADDRESSES_OK, "\"joe smith\"!", ""},
      {"joe@[192.0.2.1]", ADDRESSES_OK, "joe@[192.0.2.1]", ""},
      {"joe@x.", ADDRESSES_OK, "joe@x", ""},
      {"j\303\266@x", ADDRESSES_OK, "j\303\266@x", ""},
      {"=?utf-8?Q?J=C3=B6?= <j@x>", ADDRESSES_OK, "j@x", ""},
      {"-f@x", ADDRESSES_OK, "-f@x", ""},
      {"|id", ADDRESSES_OK, "|id!", "d"},
      {":include:/etc/x", ADDRESSES_SYNTAX, "", ""},
      {"a:b:c;", ADDRESSES_SYNTAX, "", ""},
      {"a@b@c", ADDRESSES_SYNTAX, "", ""},
      {"a@", ADDRESSES_SYNTAX, "", ""},
      {"@b", ADDRESSES_SYNTAX, "", ""},
      {"a@b c@d", ADDRESSES_SYNTAX, "", ""},
      {"a@b..c", ADDRESSES_SYNTAX, "", ""},
      {"a@\"b\"", ADDRESSES_SYNTAX, "", ""},
      {"<a@b", ADDRESSES_SYNTAX, "", ""},
      {"a@b>", ADDRESSES_SYNTAX, "", ""},
      {"<a@b> c", ADDRESSES_SYNTAX, "", ""},
      {"<a,b>", ADDRESSES_SYNTAX, "", ""},
      {"\"a", ADDRESSES_SYNTAX, "", ""},
      {"(a", ADDRESSES_SYNTAX, "", ""},
      {"(a\\", ADDRESSES_SYNTAX, "", ""},
      {"\"a\\", ADDRESSES_SYNTAX, "", ""},
      {"a]b", ADDRESSES_SYNTAX, "", ""},
      {"a\\b@c", ADDRESSES_SYNTAX, "", ""},
      {"a\033b", ADDRESSES_SYNTAX, "", ""},
  };
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    size_t len = strlen(table[i].in);
    char *copy = malloc(len + 1);
    memcpy(copy, table[i].in, len);
    copy = realloc(copy, len ? len : 1);
    seen n = {.s = copy};
    enum addresses_parsed got = addresses_parse(copy, len, note, &n);
    assert_true(stralloc_0(&n.list) && stralloc_0(&n.insert));
    if (got != table[i].parsed ||
        (got == ADDRESSES_OK && (strcmp(n.list.s, table[i].want) || strcmp(n.insert.s, table[i].insert))))
      fail_msg("%s: got %d [%s] [%s], want %d [%s] [%s]", table[i].in, (int)got, n.list.s, n.insert.s,
               (int)table[i].parsed, table[i].want, table[i].insert);
    free(copy);
    stralloc_free(&n.list);
    stralloc_free(&n.insert);
  }
}

static int stop(void *data, addresses_found const *a)
{
  (void)a;
  return !*(int *)data;
}

static void nul_and_stop(void **state)
{
  int yes = 1, no = 0;
  (void)state;
  assert_int_equal(addresses_parse("a\0b", 3, stop, &no), ADDRESSES_SYNTAX);
  assert_int_equal(addresses_parse("a@b", 3, stop, &yes), ADDRESSES_STOPPED);
}

static void deep(void **state)
{
  stralloc sa = STRALLOC_ZERO;
  int no = 0;
  (void)state;
  for (int i = 0; i < 200000; i++)
    stralloc_catb(&sa, "(", 1);
  assert_int_equal(addresses_parse(sa.s, sa.len, stop, &no), ADDRESSES_SYNTAX);
  for (int i = 0; i < 200000; i++)
    stralloc_catb(&sa, ")", 1);
  assert_int_equal(addresses_parse(sa.s, sa.len, stop, &no), ADDRESSES_OK);
  stralloc_free(&sa);
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(lists), cmocka_unit_test(nul_and_stop),
                                     cmocka_unit_test(deep)};
  return cmocka_run_group_tests(tests, 0, 0);
}
