/* What addresses mean: virtual addresses, aliases, users, extensions, loops, bounds; and who may ask. All
   through the records of door `alias`, on a compiled aliases.cdb. */
#include "t/alias_house.h"
#include <fcntl.h>
#include <sysexits.h>
#include "lib/envelope.h"
#include "lib/question.h"
#include "alias/answers.h"

static answerer a;
static uid_t const SEND = 30001 + TERNS;

static char const aliases_text[] = //
    "# the machine's\n"
    "postmaster: root\n"
    "staff: mike, joe,\n"
    "  \"|/bin/cat >/dev/null\", bob@Far.example, /var/log/staff, :include:/etc/more\n"
    "owner-staff: joe\n"
    "all: staff, list, mike\n"
    "list: joe, carol@far.example, CAROL@far.example, carol@FAR.example\n"
    "mike: mike, joe\n"
    "indirect: sales\n"
    "sales: indirect, joe\n"
    "loop1: loop2\n"
    "loop2: loop1\n"
    "loop3: loop3a, loop1\n"
    "loop3a: loop3\n"
    "ghost: ghost\n"
    "deaf: nosuch\n"
    "half: nosuch, joe\n"
    "prog: |/bin/true\n"
    "owned: |/bin/true\n"
    "owner-owned: mike\n"
    "\"odd name\": \"x y\"@far.example\n"
    "just: \\mike\n"
    "toor2: toor\n"
    "deep: x@v.example\n";

static char const virtual_text[] = //
    "v.example  anything\n"
    "info@v.example  joe, sales@far.example\n"
    "x@v.example  deep\n"
    "w.example x\n"
    "@w.example @v.example\n"
    "vjoe   joe@m.example, vjoe@far.example\n"
    "upper  Upper\n"
    "joe@sub.sub.example  joe, carol@far.example\n"
    "one@undeclared.example mike\n"
    "c.example catchall\n"
    "@c.example joe\n";

static int enter(void **state)
{
  compile_report r = COMPILE_REPORT_ZERO;
  stralloc problem = STRALLOC_ZERO;
  if (house_enter(state))
    return 1;
  house_put("control/virtual", "virtual\n");
  house_put("control/virtualdomains",
            "vd.example:joe\n.below.example:list\nsp@one.example:staff\nto@one.example:z@far.example\n"
            "gone.example:nosuch\n");
  house_put("aliases", aliases_text);
  house_put("virtual", virtual_text);
  if (house_compile(&r) != EX_OK)
    fail_msg("compile: %s", r.problems.s);
  stralloc_free(&r.done);
  stralloc_free(&r.problems);
  house_identities(&a.ids, 1);
  if (!answerer_settings(&a, &problem))
    fail_msg("settings: %s", problem.s);
  return 0;
}

/* ---- questions and answers in words */

static char words[1 << 20];
static size_t nwords;
static void say(char const *fmt, ...) __attribute__((format(printf, 1, 2)));
static void say(char const *fmt, ...)
{
  va_list args;
  va_start(args, fmt);
  nwords += (size_t)vsnprintf(words + nwords, sizeof words - nwords, fmt, args);
  va_end(args);
  assert_true(nwords < sizeof words);
}

/* "0 u mike ext x; 1 e; [owner] mike@m.example! <0; ..." */
static void render(stralloc const *out)
{
  record_reader reader = RECORD_READER(out->s, out->len);
  record one;
  nwords = 0;
  words[0] = 0;
  while (record_next(&reader, &one) == RECORD_ONE) {
    uint64_t n = 0;
    result r;
    char code[12];
    record_number(&one, &n);
    switch (one.type) {
    case ANSWER_INDEX: say("%s%u ", nwords ? "; " : "", (unsigned int)n); break;
    case ANSWER_MEANING: say("%c", *one.s); break;
    case ANSWER_NAME: say(" %.*s", (int)one.len, one.s); break;
    case ANSWER_EXT:
      if (one.len)
        say(" ext %.*s", (int)one.len, one.s);
      break;
    case ANSWER_RESULT:
      assert_true(result_unpack(&r, one.s, one.len));
      say(" %s", result_code(&r, code));
      break;
    case ANSWER_GROUP: say("; [%.*s]", (int)one.len, one.s); break;
    case ANSWER_MEMBER: say(" %.*s", (int)one.len, one.s); break;
    case ANSWER_FINAL: say("%s", *one.s == FINAL_USER ? "!" : "|"); break;
    case ANSWER_PARENT: say(" <%u", (unsigned int)n); break;
    case ANSWER_OWNER: say(" owner %.*s", (int)one.len, one.s); break;
    case ANSWER_TARGET: say(" {%.*s}", (int)one.len, one.s); break;
    case ANSWER_STEP: say("%.*s\n", (int)one.len, one.s); break;
    default: say(" ?%u", one.type);
    }
  }
  assert_int_equal(reader.len, 0);
}

static int ask_raw(uid_t uid, unsigned char type, stralloc const *q)
{
  stralloc out = STRALLOC_ZERO;
  int r = answer(&a, uid, type, q->s, q->len, &out);
  if (r == 1)
    render(&out);
  stralloc_free(&out);
  return r;
}

/* Addresses separated by blanks; one that begins with ! is FINAL_USER, with | FINAL_ALIAS. */
static int ask(uid_t uid, unsigned char type, char const *addresses)
{
  stralloc q = STRALLOC_ZERO;
  char copy[4000], *save = 0;
  int r;
  assert_true(strlen(addresses) < sizeof copy);
  strcpy(copy, addresses);
  for (char *p = strtok_r(copy, " ", &save); p; p = strtok_r(0, " ", &save)) {
    char const final = *p == '!' ? FINAL_USER : FINAL_ALIAS;
    int has = *p == '!' || *p == '|';
    for (char *c = p; *c; c++)
      if (*c == '_')
        *c = ' ';
    assert_true(record_puts(&q, QUESTION_ADDRESS, p + has));
    if (has)
      assert_true(record_put(&q, QUESTION_FINAL, &final, 1));
  }
  r = ask_raw(uid, type, &q);
  stralloc_free(&q);
  return r;
}

typedef struct {
  char const *addresses, *want;
} meaning_case;

static void run(unsigned char type, meaning_case const *cases, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    assert_int_equal(ask(SEND, type, cases[i].addresses), 1);
    if (strcmp(words, cases[i].want))
      fail_msg("%s: got \"%s\" want \"%s\"", cases[i].addresses, words, cases[i].want);
  }
}
#define RUN(type, cases) run((type), (cases), sizeof(cases) / sizeof *(cases))

/* ---- */

static void resolves_names(void **state)
{
  static meaning_case const cases[] = {
      {"joe", "0 u joe"},
      {"joe@m.example", "0 u joe"},
      {"joe@LOCALHOST", "0 u joe"},
      {"JOE@a.b.sub.example", "0 u joe"},
      {"joe+x@m.example", "0 u joe ext x"},
      {"joe+X+y@m.example", "0 u joe ext X+y"},
      {"joe+list@m.example", "0 u joe+list"},
      {"joe+list+z@m.example", "0 u joe+list ext z"},
      {"Joe+@m.example", "0 u joe"},
      {"just@m.example", "0 e; [] mike@m.example! <0"},
      {"toor wheel suite", "0 n 5.1.1; 1 n 5.1.1; 2 n 5.1.1"},
      {"toor2", "0 n 5.1.1"},
      {"root", "0 u root"},
      {"root+x", "0 u root ext x"},
      {"postmaster POSTMASTER@m.example postmaster@v.example", "0 e; 1 e; 2 e; [] root@m.example! <0"},
      {"nosuch nosuch@m.example nosuch+joe", "0 n 5.1.1; 1 n 5.1.1; 2 n 5.1.1"},
      {"joe@far.example", "0 r"},
      {"\"joe\"@m.example", "0 u joe"},
      {"\"j\\oe\"@m.example", "0 u joe"},
      {"!mike@elsewhere.example", "0 u mike"},
      {"!mike+x", "0 u mike ext x"},
      {"!staff", "0 n 5.1.1"},
      {"|prog@m.example |nosuch", "0 p prog; 1 n 5.1.1"},
  };
  (void)state;
  RUN(QUESTION_RESOLVE, cases);
}

static void resolves_aliases(void **state)
{
  static meaning_case const cases[] = {
      {"mike", "0 e; [] mike@m.example! <0 joe@m.example! <0"},
      {"MIKE+x", "0 e; [] mike@m.example! <0 joe@m.example! <0"},
      {"list", "0 e; [] joe@m.example! <0 carol@far.example <0 CAROL@far.example <0"},
      {"staff", "0 e; [owner-staff@m.example] mike@m.example! <0 joe@m.example! <0 bob@Far.example <0 "
                "staff@m.example| <0"},
      {"all", "0 e; [] carol@far.example <0 CAROL@far.example <0; [owner-staff@m.example] mike@m.example! <0 "
              "joe@m.example! <0 bob@Far.example <0 staff@m.example| <0"},
      {"joe mike", "0 u joe; 1 e; [] mike@m.example! <1"},
      {"mike joe", "0 e; 1 u joe; [] mike@m.example! <0"},
      {"joe@m.example just mike", "0 u joe; 1 e; 2 e; [] mike@m.example! <1"},
      {"mike mike@localhost", "0 e; 1 e; [] mike@m.example! <0 joe@m.example! <0"},
      {"indirect", "0 e; [] joe@m.example! <0"},
      {"sales", "0 e; [] joe@m.example! <0"},
      {"loop1", "0 n 5.4.6"},
      {"loop3 loop3a joe", "0 n 5.4.6; 1 n 5.4.6; 2 u joe"},
      {"ghost", "0 n 5.1.1"},
      {"deaf", "0 n 5.1.1"},
      {"half", "0 e; [] nosuch@m.example <0 joe@m.example! <0"},
      {"prog", "0 p prog"},
      {"PROG+x owned", "0 p prog; 1 e; [owner-owned@m.example] owned@m.example| <1"},
      {"\"odd_name\"@m.example", "0 e; [] \"x y\"@far.example <0"},
      {"deep", "0 n 5.4.6"},
      {"bob@Far.example staff",
       "0 r; 1 e; [owner-staff@m.example] mike@m.example! <1 joe@m.example! <1 staff@m.example| <1"},
  };
  (void)state;
  RUN(QUESTION_RESOLVE, cases);
}

static void resolves_virtual(void **state)
{
  static meaning_case const cases[] = {
      {"info@v.example", "0 e; [] joe@m.example! <0 sales@far.example <0"},
      {"INFO+q@V.EXAMPLE", "0 e; [] joe+q@m.example! <0 sales+q@far.example <0"},
      {"nosuch@v.example", "0 n 5.1.1"},
      {"x@v.example", "0 n 5.4.6"},
      {"info@w.example", "0 e; [] joe@m.example! <0 sales@far.example <0"},
      {"nosuch@w.example", "0 n 5.1.1"},
      {"any+thing@c.example", "0 e; [] joe@m.example! <0"},
      {"vjoe@m.example vjoe vjoe@far.example", "0 e; 1 e; 2 r; [] joe@m.example! <0"},
      {"upper", "0 e; [] Upper@m.example! <0"},
      {"Upper@localhost", "0 e; [] Upper@m.example! <0"},
      {"joe@sub.sub.example", "0 e; [] joe@m.example! <0 carol@far.example <0"},
      {"one@undeclared.example two@undeclared.example", "0 e; 1 r; [] mike@m.example! <0 joe@m.example! <0"},
      {"a@vd.example", "0 u joe ext a"},
      {"a+b@VD.example", "0 u joe ext a+b"},
      {"a@x.below.example", "0 e; [] joe@m.example! <0 carol@far.example <0 CAROL@far.example <0"},
      {"a@below.example", "0 r"},
      {"SP@one.example",
       "0 e; [owner-staff@m.example] mike@m.example! <0 joe@m.example! <0 bob@Far.example <0 "
       "staff@m.example| <0"},
      {"to@one.example other@one.example", "0 e; 1 r; [] z@far.example <0"},
      {"a@gone.example", "0 n 5.1.1"},
      {"postmaster@gone.example", "0 e; [] root@m.example! <0"},
  };
  (void)state;
  RUN(QUESTION_RESOLVE, cases);
}

/* NEEDS, attacks S12, S21 to S23: literal text, never a path, never another host. */
static void withstands_attacks(void **state)
{
  static meaning_case const cases[] = {
      {"${run{/bin/sh_-c_id}}@localhost", "0 n 5.1.1"},
      {"%n%s%x@localhost", "0 n 5.1.1"},
      {"joe%far.example@m.example", "0 n 5.1.1"},
      {"\"joe@far.example\"@m.example", "0 n 5.1.1"},
      {"\"info@v.example\"@m.example", "0 n 5.1.1"},
      {"far!joe@m.example", "0 n 5.1.1"},
      {"joe@[127.0.0.1]", "0 r"},
      {"joe@[IPv6:::1]", "0 r"},
      {"joe@[IPv6:fe80::1%eth0]", "0 r"},
      {"joe@[1.2.3]", "0 r"},
      {"\"\"@m.example", "0 n 5.1.1"},
      {"@m.example", "0 n 5.1.1"},
      {"\"../../etc/passwd\"@m.example", "0 n 5.1.1"},
      {"\".\"@m.example a/b@m.example /etc/passwd", "0 n 5.1.1; 1 n 5.1.1; 2 n 5.1.1"},
      {"|/bin/true \"|/bin/true\" \":include:/etc/passwd\"@m.example", "0 n 5.1.1; 1 n 5.1.1; 2 n 5.1.1"},
      {"\"a\\\"b\"@m.example", "0 n 5.1.1"},
      {"+joe +@m.example", "0 n 5.1.1; 1 n 5.1.1"},
      {"joe@m.example. no@v.example. a@vd.example.", "0 u joe; 1 n 5.1.1; 2 u joe ext a"},
      {"joe:x@m.example", "0 n 5.1.1"},
      {"joe\001@m.example joe\n@m.example", "0 n 5.1.1; 1 n 5.1.1"},
  };
  char local[1200], address[1300];
  (void)state;
  RUN(QUESTION_RESOLVE, cases);
  for (size_t len = 60; len < 1100; len += len < 70 ? 1 : 97) {
    memset(local, 'a', len);
    local[len] = 0;
    snprintf(address, sizeof address, "%s@m.example", local);
    assert_int_equal(ask(SEND, QUESTION_RESOLVE, address), 1);
    assert_string_equal(words, len + 10 < ENVELOPE_ADDRESS_MAX ? "0 n 5.1.1" : "0 n 5.1.3");
    memset(local, '+', len);
    local[0] = 'a';
    snprintf(address, sizeof address, "%s@m.example", local);
    assert_int_equal(ask(SEND, QUESTION_RESOLVE, address), 1);
  }
}

static void answers_exists(void **state)
{
  static meaning_case const cases[] = {
      {"joe", "u 2.1.5"},          {"staff", "e 2.1.5"},         {"prog", "p 2.1.5"},
      {"loop1", "n 5.4.6"},        {"deaf", "n 5.1.1"},          {"half", "e 2.1.5"},
      {"nosuch", "n 5.1.1"},       {"x@far.example", "r 2.1.5"}, {"info@v.example", "e 2.1.5"},
      {"no@v.example", "n 5.1.1"}, {"postmaster", "e 2.1.5"},    {"ghost", "n 5.1.1"},
  };
  (void)state;
  RUN(QUESTION_EXISTS, cases);
}

static void answers_targets(void **state)
{
  static meaning_case const cases[] = {
      {"staff", " owner owner-staff@m.example {|/bin/cat >/dev/null} {/var/log/staff} {:include:/etc/more}"},
      {"STAFF", " owner owner-STAFF@m.example {|/bin/cat >/dev/null} {/var/log/staff} {:include:/etc/more}"},
      {"prog", " {|/bin/true}"},
      {"list", ""},
      {"nosuch", " 5.1.1"},
  };
  (void)state;
  RUN(QUESTION_TARGETS, cases);
}

static void knows_who_asks(void **state)
{
  static struct {
    uid_t uid;
    unsigned char type;
    int want;
  } const cases[] = {
      {0, QUESTION_RESOLVE, 1},
      {30001 + TERNS, QUESTION_RESOLVE, 1},
      {30001 + TERND, QUESTION_RESOLVE, 0},
      {30001 + TERNX, QUESTION_RESOLVE, 0},
      {20101, QUESTION_RESOLVE, 0},
      {0, QUESTION_TARGETS, 1},
      {30001 + TERNS, QUESTION_TARGETS, 1},
      {30001 + TERNX, QUESTION_TARGETS, 1},
      {30001 + TERND, QUESTION_TARGETS, 0},
      {20101, QUESTION_TARGETS, 0},
      {20101, QUESTION_EXISTS, 1},
      {30001 + TERND, QUESTION_EXISTS, 1},
      {20101, QUESTION_EXPLAIN, 1},
      {20101, QUESTION_WHOAMI, 1},
      {20101, 'z', 0},
      {20101, ANSWER_LAST, 0},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    if (ask(cases[i].uid, cases[i].type, "staff") != cases[i].want)
      fail_msg("case %zu: uid %u type %c: want %d", i, (unsigned int)cases[i].uid, cases[i].type,
               cases[i].want);
  for (unsigned int i = 0; i < IDENTITY_N; i++)
    assert_int_equal(!!answers_may_knock(&a.ids, 30001 + i),
                     i == TERND || i == TERNS || i == TERNX || i == TERNM);
  assert_true(answers_may_knock(&a.ids, 20101) && answers_may_knock(&a.ids, 0));
  assert_int_equal(ask(20101, QUESTION_WHOAMI, ""), 1);
  assert_string_equal(words, " mike");
}

static void explains_to_each_his_own(void **state)
{
  (void)state;
  assert_int_equal(ask(0, QUESTION_EXPLAIN, "staff"), 1);
  assert_non_null(strstr(words, "staff: an alias (aliases:3) that leads to mike, joe, |/bin/cat >/dev/null"));
  assert_non_null(strstr(words, "mike: a user of control/users (uid 20101, home /home/mike)"));
  assert_non_null(strstr(words, "copy to bob@Far.example"));
  assert_int_equal(ask(20101, QUESTION_EXPLAIN, "staff"), 1);
  assert_string_equal(words, "staff: an alias\nit exists, and leads to other addresses\n");
  assert_int_equal(ask(20101, QUESTION_EXPLAIN, "joe"), 1);
  assert_string_equal(words, "joe: a user of control/users\nit is delivered to a user of this machine\n");
  assert_int_equal(ask(20101, QUESTION_EXPLAIN, "a@vd.example"), 1);
  assert_null(strstr(words, "leads to"));
  assert_int_equal(ask(SEND, QUESTION_EXPLAIN, "loop1"), 1);
  assert_non_null(strstr(words, "alias loop"));
}

/* In an instance that is not root's: the owner is the postmaster, and every name is his. */
static void serves_an_owner(void **state)
{
  identities saved = a.ids;
  (void)state;
  house_identities(&a.ids, 0);
  if (!a.ids.owner) { /* as another one, when root runs the test */
    a.ids.owner = 20101;
    for (unsigned int i = 0; i < IDENTITY_N; i++)
      a.ids.uid[i] = 20101;
  }
  assert_int_equal(ask(a.ids.owner, QUESTION_RESOLVE, "joe"), 1);
  assert_string_equal(words, "0 u joe");
  assert_int_equal(ask(a.ids.owner, QUESTION_RESOLVE, "root daemon"), 1);
  assert_string_equal(words, "0 n 5.1.1; 1 n 5.1.1");
  assert_int_equal(ask(a.ids.owner, QUESTION_RESOLVE, "postmaster"), 1);
  /* this file's alias says root, whom this instance does not have; postmaster is always accepted */
  assert_memory_equal(words, "0 e; [] ", 8);
  assert_int_equal(ask(a.ids.owner, QUESTION_EXISTS, "postmaster"), 1);
  assert_string_equal(words, "e 2.1.5");
  assert_int_equal(ask(a.ids.owner + 1, QUESTION_RESOLVE, "joe"), 0);
  assert_int_equal(ask(a.ids.owner, QUESTION_TARGETS, "staff"), 1);
  a.ids = saved;
}

static void refuses_broken_questions(void **state)
{
  static char const odd[] = "\0@m.example";
  static struct {
    char const *s;
    size_t len;
    int want;
  } const cases[] = {
      {"", 0, 1},
      {"\x81", 1, 0},
      {"\x81\xff\xffjoe", 6, 0},
      {"\x81\0\3joe\x82\0\1\7", 10, 0},
      {"\x82\0\1\1", 4, 0},
      {"\x81\0\3joe\x82\0\1\1\x82\0\1\1", 14, 0},
      {"\xf0\0\0", 3, 0},
      {"\x81\0\0", 3, 1},
  };
  stralloc q = STRALLOC_ZERO;
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    assert_true(stralloc_copyb(&q, cases[i].s, cases[i].len));
    if (ask_raw(SEND, QUESTION_RESOLVE, &q) != cases[i].want)
      fail_msg("case %zu: want %d", i, cases[i].want);
    if (ask_raw(SEND, QUESTION_EXISTS, &q) != (i == 7))
      fail_msg("case %zu: exists", i);
  }
  q.len = 0;
  assert_true(record_put(&q, QUESTION_ADDRESS, odd, sizeof odd - 1));
  assert_int_equal(ask_raw(SEND, QUESTION_EXISTS, &q), 1);
  assert_string_equal(words, "n 5.1.3");
  srand(1);
  for (int i = 0; i < 20000; i++) {
    char noise[200];
    size_t len = (size_t)rand() % sizeof noise;
    for (size_t j = 0; j < len; j++)
      noise[j] = (char)(rand() % 4 ? "\x81\x82\0\1\2joe@+"[rand() % 10] : rand());
    assert_true(stralloc_copyb(&q, noise, len));
    (void)ask_raw(SEND, (unsigned char)"xrtwe"[rand() % 5], &q);
  }
  stralloc_free(&q);
}

/* Without aliases.cdb nothing local is unknown, it is later; a user who is named as final needs none. */
static void waits_without_aliases(void **state)
{
  (void)state;
  assert_int_equal(rename("aliases.cdb", "away"), 0);
  assert_int_equal(ask(SEND, QUESTION_RESOLVE, "joe nosuch a@far.example !joe"), 1);
  assert_string_equal(words, "0 l 4.3.5; 1 l 4.3.5; 2 l 4.3.5; 3 u joe");
  assert_int_equal(ask(SEND, QUESTION_TARGETS, "prog"), 1);
  assert_string_equal(words, " 4.3.5");
  house_put("aliases.cdb", "this is no database");
  assert_int_equal(ask(SEND, QUESTION_RESOLVE, "joe"), 1);
  assert_string_equal(words, "0 l 4.3.5");
  assert_int_equal(rename("away", "aliases.cdb"), 0);
  assert_int_equal(ask(SEND, QUESTION_RESOLVE, "joe"), 1);
  assert_string_equal(words, "0 u joe");
}

/* A damaged file is never read beyond its end, and never makes a name unknown that... is simply not found in
 * it. */
static void withstands_damage(void **state)
{
  FILE *f = fopen("aliases.cdb", "r");
  static char image[1 << 16], broken[1 << 16];
  size_t len;
  int errors = dup(2), nowhere = open("/dev/null", O_WRONLY);
  (void)state;
  assert_non_null(f);
  dup2(nowhere, 2); /* the log */
  close(nowhere);
  len = fread(image, 1, sizeof image, f);
  fclose(f);
  srand(2);
  for (int i = 0; i < 400; i++) {
    size_t n = i % 4 ? len : (size_t)rand() % len;
    memcpy(broken, image, len);
    for (int j = 0; j < 20; j++)
      broken[(size_t)rand() % len] = (char)rand();
    f = fopen("new", "w");
    assert_non_null(f);
    fwrite(broken, 1, n, f);
    fclose(f);
    assert_int_equal(rename("new", "aliases.cdb"), 0);
    assert_int_equal(ask(SEND, QUESTION_RESOLVE, "all staff list loop1 info@v.example x@w.example"), 1);
  }
  f = fopen("new", "w");
  assert_non_null(f);
  fwrite(image, 1, len, f);
  fclose(f);
  dup2(errors, 2);
  close(errors);
  assert_int_equal(rename("new", "aliases.cdb"), 0);
}

/* ---- bounds */

static void compile_text(char const *text)
{
  compile_report r = COMPILE_REPORT_ZERO;
  house_put("aliases", text);
  if (house_compile(&r) != EX_OK)
    fail_msg("compile: %s", r.problems.s);
  stralloc_free(&r.done);
  stralloc_free(&r.problems);
}

static void add_list(stralloc *text, char const *name, unsigned int from, unsigned int to)
{
  char one[64];
  stralloc_cats(text, name);
  for (unsigned int i = from; i < to; i++) {
    snprintf(one, sizeof one, "%sm%u@far.example", i > from ? ", " : ": ", i);
    stralloc_cats(text, one);
  }
  stralloc_cats(text, "\n");
}

static void bounds_closures(void **state)
{
  stralloc text = STRALLOC_ZERO;
  (void)state;
  add_list(&text, "big", 0, 9000);
  add_list(&text, "huge", 0, 10500);
  add_list(&text, "other", 9000, 12000);
  stralloc_cats(&text, "twice: big, big2\n");
  add_list(&text, "big2", 0, 9000);
  for (unsigned int i = 0; i < 3000; i++) {
    char one[64];
    snprintf(one, sizeof one, "d%u: d%u\n", i, i + 1);
    stralloc_cats(&text, one);
  }
  stralloc_cats(&text, "d3000: joe\n");
  stralloc_0(&text);
  compile_text(text.s);
  assert_int_equal(ask(SEND, QUESTION_RESOLVE, "big"), 1);
  assert_memory_equal(words, "0 e; [] m0@far.example <0", 25);
  assert_non_null(strstr(words, " m8999@far.example <0"));
  assert_int_equal(ask(SEND, QUESTION_RESOLVE, "huge"), 1);
  assert_string_equal(words, "0 n 5.5.3");
  assert_int_equal(ask(SEND, QUESTION_RESOLVE, "big other joe"), 1);
  assert_memory_equal(words, "0 e; 1 l 4.3.1; 2 u joe; [] m0@", 31);
  assert_int_equal(ask(SEND, QUESTION_RESOLVE, "other"), 1);
  assert_memory_equal(words, "0 e; [] m9000@", 14);
  assert_int_equal(ask(SEND, QUESTION_RESOLVE, "twice"), 1);
  assert_memory_equal(words, "0 e; [] m0@", 11);
  assert_int_equal(ask(SEND, QUESTION_RESOLVE, "d0"), 1);
  assert_string_equal(words, "0 e; [] joe@m.example! <0");
  assert_int_equal(ask(SEND, QUESTION_EXISTS, "huge"), 1);
  compile_text(aliases_text);
  stralloc_free(&text);
}

static void always_has_a_postmaster(void **state)
{
  static char const *const texts[] = {"",
                                      "postmaster: root\nroot: postmaster\n",
                                      "postmaster: nosuch\n",
                                      "Postmaster: postmaster\n",
                                      "root: postmaster\n",
                                      "postmaster: x\nx: postmaster\n"};
  (void)state;
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    compile_text(texts[i]);
    assert_int_equal(ask(SEND, QUESTION_RESOLVE, "PostMaster@m.example"), 1);
    if (strcmp(words, "0 e; [] root@m.example! <0") && strcmp(words, "0 u root"))
      fail_msg("%s: got %s", texts[i], words);
    assert_int_equal(ask(SEND, QUESTION_EXISTS, "postmaster"), 1);
    assert_true(*words == 'e' || *words == 'u');
  }
  compile_text(aliases_text);
}

static void takes_many_recipients(void **state)
{
  stralloc q = STRALLOC_ZERO;
  char one[64];
  (void)state;
  for (unsigned int i = 0; i < ENVELOPE_RCPT_MAX; i++) {
    snprintf(one, sizeof one, "%s+%u@m.example", i % 2 ? "mike" : "joe", i);
    assert_true(record_puts(&q, QUESTION_ADDRESS, one));
  }
  assert_int_equal(ask_raw(SEND, QUESTION_RESOLVE, &q), 1);
  assert_memory_equal(words, "0 u joe ext 0; 1 e; 2 u joe ext 2;", 34);
  assert_non_null(strstr(words, "9999 e; [] mike@m.example! <1 joe@m.example! <1"));
  assert_true(record_puts(&q, QUESTION_ADDRESS, "joe"));
  assert_int_equal(ask_raw(SEND, QUESTION_RESOLVE, &q), 0);
  stralloc_free(&q);
}

int main(void)
{
  struct CMUnitTest const tests[] = {
      cmocka_unit_test(resolves_names),          cmocka_unit_test(resolves_aliases),
      cmocka_unit_test(resolves_virtual),        cmocka_unit_test(withstands_attacks),
      cmocka_unit_test(answers_exists),          cmocka_unit_test(answers_targets),
      cmocka_unit_test(knows_who_asks),          cmocka_unit_test(explains_to_each_his_own),
      cmocka_unit_test(serves_an_owner),         cmocka_unit_test(refuses_broken_questions),
      cmocka_unit_test(waits_without_aliases),   cmocka_unit_test(withstands_damage),
      cmocka_unit_test(bounds_closures),         cmocka_unit_test(takes_many_recipients),
      cmocka_unit_test(always_has_a_postmaster),
  };
  return cmocka_run_group_tests(tests, enter, house_leave);
}
