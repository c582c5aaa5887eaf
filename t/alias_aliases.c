/* The grammar of the aliases file and of the virtual file: what is taken, and what is said of the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "alias/aliases.h"
#include "alias/virtual.h"

/* "name=target,target;..." of a file with this text, and what is wrong with it. */
static void read_text(enum database_map map, char const *text, size_t len, stralloc *got, stralloc *said)
{
  collection c = COLLECTION_ZERO(map, "f");
  source s = SOURCE_ZERO;
  assert_true(stralloc_copyb(&s.text, text, len));
  assert_true(map == DATABASE_ALIAS ? aliases_read(&c, &s) : virtual_read(&c, &s));
  collection_sort(&c);
  got->len = 0;
  for (size_t i = 0; i < collection_count(&c); i++) {
    collection_item const *item = &collection_items(&c)[i];
    char const *name = collection_name(&c, i);
    database_entry e = {.targets = RECORD_READER(name + item->len, item->vlen)};
    record line;
    target t;
    int first = 1;
    record_next(&e.targets, &line);
    stralloc_catb(got, name, item->len);
    for (; database_target(&e, &t) == 1; first = 0) {
      stralloc_cats(got, first ? "=" : ",");
      if (t.kind == TARGET_USER)
        stralloc_cats(got, "\\");
      if (t.kind == TARGET_COMMAND)
        stralloc_cats(got, "!");
      stralloc_catb(got, t.s, t.len);
    }
    stralloc_cats(got, ";");
  }
  stralloc_0(got);
  stralloc_copy(said, &c.said);
  stralloc_0(said);
  collection_free(&c);
  source_free(&s);
}

typedef struct {
  char const *text, *want, *said; /* said: a part of it; 0: nothing is said */
} grammar_case;

static void run(enum database_map map, grammar_case const *cases, size_t n)
{
  stralloc got = STRALLOC_ZERO, said = STRALLOC_ZERO;
  for (size_t i = 0; i < n; i++) {
    read_text(map, cases[i].text, strlen(cases[i].text), &got, &said);
    if (strcmp(got.s, cases[i].want))
      fail_msg("case %zu \"%s\": got \"%s\" want \"%s\" (said: %s)", i, cases[i].text, got.s, cases[i].want,
               said.s);
    if (cases[i].said ? !strstr(said.s, cases[i].said) : said.len > 1)
      fail_msg("case %zu \"%s\": said \"%s\" want \"%s\"", i, cases[i].text, said.s,
               cases[i].said ? cases[i].said : "nothing");
  }
  stralloc_free(&got);
  stralloc_free(&said);
}
#define RUN(map, cases) run((map), (cases), sizeof(cases) / sizeof *(cases))

static void takes_aliases(void **state)
{
  static grammar_case const cases[] = {
      {"", "", 0},
      {"# only a comment\n\n  # another\n", "", 0},
      {"root: mike\n", "root=mike;", 0},
      {"root:mike", "root=mike;", 0},
      {"Root : Mike@Example.org\r\n", "root=Mike@Example.org;", 0},
      {"a: b, c,d ,, e\n", "a=b,c,d,e;", 0},
      {"a: b,\n c\n\td\n", "", "f:1: has white space in a target"},
      {"a: b,\n  c,\n\n# in between\n\td\nz: y\n", "a=b,c,d;z=y;", 0},
      {"a: \"|/bin/prog -x 'y, z' \\\"q\\\"\"\n", "a=!|/bin/prog -x 'y, z' \"q\";", 0},
      {"a: |/bin/prog x, b\n", "a=!|/bin/prog x,b;", 0},
      {"a: |\"/bin/prog x, y\"\n", "a=!|/bin/prog x, y;", 0},
      {"a: /var/log/x, \"/with blank/y\"\n", "a=!/var/log/x,!/with blank/y;", 0},
      {"a: :include:/etc/list, :Include: \"/etc/b c\"\n", "a=!:include:/etc/list,!:include:/etc/b c;", 0},
      {"a: \":include:/etc/list\"\n", "a=!:include:/etc/list;", 0},
      {"a: \\b, \"\\c\", \\\"d\"\n", "a=\\b,\\c,\\d;", 0},
      {"a: Mike Miller <mike@x.example>, <b>\n", "a=mike@x.example,b;", 0},
      {"\"a b\": \"c d\"@x.example, \"e f\"\n", "a b=\"c d\"@x.example,\"e f\";", 0},
      {"\"a: b\": c\n", "a: b=c;", 0},
      {"a: b+c, b%d, x!y\n", "a=b+c,b%d,x!y;", 0},
      {"a: b\nA: c\n", "a=b;", "f:2: warning: the name is there already"},
      {"a: \303\244@x.example\n", "a=\303\244@x.example;", 0},
  };
  (void)state;
  RUN(DATABASE_ALIAS, cases);
}

static void refuses_nonsense(void **state)
{
  static grammar_case const cases[] = {
      {"\n\nnocolon here\nok: x\n", "ok=x;", "f:3: has no colon"},
      {": b\n", "", "f:1: has no name"},
      {"a:\n", "", "f:1: has no target"},
      {"a: , ,\n", "", "has no target"},
      {"  a: b\n", "", "f:1: begins with white space"},
      {"a b: c\n", "", "more than a name before the colon"},
      {"a@b.example: c\n", "", "a name with a domain"},
      {"a: \"b\n", "", "quote that is not closed"},
      {"\"a: b\n", "", "quote that is not closed"},
      {"a: b@\n", "", "no address"},
      {"a: @b.example\n", "", "without a local part"},
      {"a: b@c..d\n", "", "no address"},
      {"a: |\n", "", "without a program"},
      {"a: :include:list\n", "", "whole path"},
      {"a: \\\n", "", "name of a user"},
      {"a: \\b@c.example\n", "", "without a domain"},
      {"a: b # comment\n", "", "white space in a target"},
      {"a: b\001c\n", "", "no address"},
  };
  (void)state;
  RUN(DATABASE_ALIAS, cases);
}

static void takes_virtual(void **state)
{
  static grammar_case const cases[] = {
      {"v.example anything at all, even \"this\n", "v.example;", 0},
      {"v.example\n", "", "f:1: has no target"},
      {"Info@V.example mike, bob@far.example\n", "info@v.example=mike,bob@far.example;", 0},
      {"@v.example\tmike\n", "@v.example=mike;", 0},
      {"@v.example @w.example\n", "@v.example=@w.example;", 0},
      {"mike joe@x.example\n", "mike=joe@x.example;", 0},
      {"\"a b\"@v.example mike\n", "a b@v.example=mike;", 0},
      {"a@v.example\n  b,\n  c\n", "a@v.example=b,c;", 0},
      {"a@v.example |/bin/x\n", "", "has a target that is no address"},
      {"a@v.example\n", "", "has no target"},
      {"a@@v b\n", "", "makes no sense"},
      {"@ b\n", "", "makes no sense"},
      {"\"x@y\"@v.example b\n", "", "makes no sense"},
  };
  (void)state;
  RUN(DATABASE_VIRTUAL, cases);
}

static void bounds_lines(void **state)
{
  size_t len = SOURCE_LINE_MAX + 20000;
  char *text = malloc(len + 64);
  stralloc got = STRALLOC_ZERO, said = STRALLOC_ZERO;
  (void)state;
  assert_non_null(text);
  memset(text, 'x', len);
  memcpy(text, "a: ", 3);
  strcpy(text + len, "\nb: c\n");
  read_text(DATABASE_ALIAS, text, strlen(text), &got, &said);
  assert_string_equal(got.s, "b=c;");
  assert_non_null(strstr(said.s, "f:1: is longer than 1 MiB"));
  /* the same length by continuation lines */
  for (size_t i = 100; i < len; i += 100)
    memcpy(text + i, ",\n ", 3);
  read_text(DATABASE_ALIAS, text, strlen(text), &got, &said);
  assert_string_equal(got.s, "b=c;");
  assert_non_null(strstr(said.s, "is longer than 1 MiB"));
  read_text(DATABASE_ALIAS, "a: b\0c\nd: e\n", 12, &got, &said);
  assert_string_equal(got.s, "d=e;");
  assert_non_null(strstr(said.s, "NUL"));
  stralloc_free(&got);
  stralloc_free(&said);
  free(text);
}

/* Whatever the octets: it ends, and what is taken is whole. */
static void survives_noise(void **state)
{
  static char const pieces[] = "a:,\"\\|/ \t\n#<>@.:include:%+()\0\377\r";
  char text[400];
  stralloc got = STRALLOC_ZERO, said = STRALLOC_ZERO;
  unsigned int seed = 12345;
  (void)state;
  for (int i = 0; i < 20000; i++) {
    size_t len = (size_t)rand_r(&seed) % sizeof text;
    for (size_t j = 0; j < len; j++)
      text[j] = pieces[(size_t)rand_r(&seed) % (sizeof pieces - 1)];
    read_text(i & 1 ? DATABASE_ALIAS : DATABASE_VIRTUAL, text, len, &got, &said);
  }
  stralloc_free(&got);
  stralloc_free(&said);
}

int main(void)
{
  struct CMUnitTest const tests[] = {
      cmocka_unit_test(takes_aliases), cmocka_unit_test(refuses_nonsense), cmocka_unit_test(takes_virtual),
      cmocka_unit_test(bounds_lines),  cmocka_unit_test(survives_noise),
  };
  return cmocka_run_group_tests(tests, 0, 0);
}
