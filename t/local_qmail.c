/* .qmail: which file counts, its lines, when it is not obeyed, and what its programs find. */
#include "t/local_found.h"
#include "lib/address.h"
#include "local/program.h"
#include "local/qmail.h"

static job j = JOB_ZERO;
static copy m;

static void fill(char const *sender, char const *recipient, char const *ext, char const *body, size_t len)
{
  job_free(&j);
  fill_job(&j, sender, recipient, body, len);
  fill_ext(&j, ext);
  copy_init(&m, &j, 0);
  assert_int_equal(copy_load(&m), 1);
}

struct parse_case {
  char const *text, *want; /* want: targets with "~" for the home, or "!" and a part of the reason */
};

static struct parse_case const parses[] = {
    {"# thrown away\n", ""},
    {"./Maildir/\n", "D~/./Maildir/"},
    {"./Mailbox  \n", "/~/./Mailbox"},
    {"/var/tmp/box\n", "//var/tmp/box"},
    {"/var/tmp/dir/\r\n", "D/var/tmp/dir/"},
    {"&bob@example.org\ncarol@example.org\n", "@bob@example.org @carol@example.org"},
    {"&bob\n", "@bob@host.example"},
    {"bob+list\n&bob+list@host.example", "@bob+list@host.example"},
    {"&alice\n", "."},
    {"alice@LOCALHOST\n", "."},
    {"|echo a, \"b\" # c\n", "|echo a, \"b\" # c"},
    {"| preline /usr/bin/procmail\n", "|preline /usr/bin/procmail"},
    {"#\n\n  \n&a@b.c\n", "@a@b.c"},
    {"+list\n&a@b.c\n", "@a@b.c"},
    {"\n&a@b.c\n", "!F:1: the first line is blank"},
    {" &a@b.c\n", "!F:1: a forward line without an address"},
    {"&a@b.c\n|\n", "!F:2: a program is missing"},
    {"&\n", "!a forward line without an address"},
    {"&a@b.c, d@e.f\n", "!a forward line without an address"},
    {"+list\n|x\n", "!F:2: the file is executable"},
};

static void parses_lines(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof parses / sizeof *parses; i++) {
    struct parse_case const *c = parses + i;
    targets t;
    result r = RESULT_ZERO;
    int ok;
    targets_init(&t);
    ok = qmail_parse(&me, &t, "F", c->text, strlen(c->text), 1, 0, &r);
    if (*c->want == '!' ? ok || r.class != RESULT_TEMPORARY || !strstr(r.text, c->want + 1)
                        : !ok || strcmp(show(&t), c->want))
      fail_msg("\"%s\": got %d \"%s\" \"%s\", want \"%s\"", c->text, ok, ok ? show(&t) : "", ok ? "" : r.text,
               c->want);
    targets_free(&t);
  }
}

/* ---- files */

static qmail q;

static void expect(char const *ext, enum forward_found want, char const *text)
{
  static char path[SELF_PATH_MAX];
  targets t;
  char const *why = "";
  result r = RESULT_ZERO;
  targets_init(&t);
  fill("bob@x.org", *ext ? "alice+x@host.example" : "alice@host.example", ext, "A: b\n\nc\n", 8);
  assert_int_equal(self_enter(&me), SELF_HOME);
  enum forward_found got = qmail_find(&me, ext, &m, &t, &q, path, &why, &r);
  self_leave(&me);
  assert_found(ext, got, &t, why, &r, want, text);
  targets_free(&t);
}

static void finds_the_file(void **state)
{
  (void)state;
  expect("", FORWARD_ABSENT, "");
  expect("list", FORWARD_ABSENT, "");
  put_file("home/.qmail", "", 0600);
  expect("", FORWARD_NONE, "");
  put_file("home/.qmail", "&main@x.org\n", 0600);
  expect("", FORWARD_OBEY, "@main@x.org");
  expect("list", FORWARD_OBEY, "@main@x.org");
  put_file("home/.qmail-list", "&list@x.org\n&alice\n", 0600);
  expect("list", FORWARD_OBEY, "@list@x.org @alice@host.example");
  expect("LIST", FORWARD_OBEY, "@list@x.org");
  put_file("home/.qmail-default", "&rest@x.org\n", 0600);
  expect("other", FORWARD_OBEY, "@rest@x.org");
  assert_text(q.rest, "other");
  expect("list", FORWARD_OBEY, "@list@x.org");
  assert_null(q.rest);
  put_file("home/.qmail-a-default", "&part@x.org\n", 0600);
  expect("a-b-c", FORWARD_OBEY, "@part@x.org");
  assert_text(q.rest, "b-c");
  expect("a", FORWARD_OBEY, "@rest@x.org");
  put_file("home/.qmail-v1:2", "&dots@x.org\n", 0600);
  expect("v1.2", FORWARD_OBEY, "@dots@x.org");
  expect("../../etc/passwd", FORWARD_OBEY, "@rest@x.org");
  assert_text(q.owner, "");
  put_file("home/.qmail-list-owner", "&me@x.org\n", 0600);
  expect("list", FORWARD_OBEY, "@list@x.org");
  assert_text(q.owner, "alice+x-owner@host.example");
  put_file("home/.qmail-owner", "&me@x.org\n", 0600);
  expect("", FORWARD_OBEY, "@main@x.org");
  assert_text(q.owner, "alice+owner@host.example");
}

static void judges_the_file(void **state)
{
  (void)state;
  chmod("home/.qmail", 0622);
  expect("", FORWARD_IGNORED, "others may write it");
  chmod("home/.qmail", 0600);
  chmod("home", 0777);
  expect("", FORWARD_IGNORED, "others may write in the home");
  chmod("home", 01755);
  expect("", FORWARD_ERROR, "is editing");
  chmod("home", 0755);
  put_file("home/.qmail", "&a@b.c\n|x\n", 0700);
  expect("", FORWARD_ERROR, ".qmail:2: the file is executable");
  unlink("home/.qmail");
  assert_int_equal(mkfifo("home/.qmail", 0600), 0);
  expect("", FORWARD_ERROR, "not a regular file");
  unlink("home/.qmail");
}

/* ---- programs */

static int run(char const *command, result *r)
{
  int goes_on;
  assert_int_equal(self_enter(&me), SELF_HOME);
  goes_on = program_run(&me, command, &m, &q, r);
  self_leave(&me);
  return goes_on;
}

struct exit_case {
  char const *command;
  enum result_class want;
};

static struct exit_case const exits[] = {
    {"exit 0", RESULT_OK},           {"exit 1", RESULT_TEMPORARY},   {"exit 64", RESULT_PERMANENT},
    {"exit 65", RESULT_PERMANENT},   {"exit 67", RESULT_TEMPORARY},  {"exit 70", RESULT_PERMANENT},
    {"exit 75", RESULT_TEMPORARY},   {"exit 76", RESULT_PERMANENT},  {"exit 78", RESULT_PERMANENT},
    {"exit 100", RESULT_PERMANENT},  {"exit 111", RESULT_TEMPORARY}, {"exit 112", RESULT_PERMANENT},
    {"kill -9 $$", RESULT_TEMPORARY}};

static void judges_exits(void **state)
{
  result r = RESULT_ZERO;
  (void)state;
  for (size_t i = 0; i < sizeof exits / sizeof *exits; i++)
    if (!run(exits[i].command, &r) || r.class != exits[i].want)
      fail_msg("%s: got %c \"%s\", want %c", exits[i].command, r.class, r.text, exits[i].want);
  assert_int_equal(run("exit 99", &r), 0);
  assert_result(&r, RESULT_OK, "");
}

static void gives_what_qmail_gives(void **state)
{
  result r;
  (void)state;
  fill("b$b@x.org", "alice+a-b-c-d@one.two.three.four", "a-b-c-d", "A: b\n\nFrom c\n", 13);
  q.rest = j.e.text.s + j.ext + 2;
  snprintf(q.owner, sizeof q.owner, "alice+owner@host.example");
  run("cat >raw; printf '%s' \"$RPLINE$DTLINE$UFLINE\" >lines; env | sort >env", &r);
  assert_result(&r, RESULT_OK, "");
  assert_text(get_file("home/raw"), "A: b\n\nFrom c\n");
  assert_int_equal(strncmp(get_file("home/lines"),
                           "Return-Path: <b_b@x.org>\nDelivered-To: alice+a-b-c-d@one.two.three.four\n"
                           "From b_b@x.org ",
                           86),
                   0);
  static char const *const want[] = {"DEFAULT=b-c-d",
                                     "EXT=a-b-c-d",
                                     "EXT2=b-c-d",
                                     "EXT3=c-d",
                                     "EXT4=d",
                                     "HOST=one.two.three.four",
                                     "HOST2=one.two.three",
                                     "HOST3=one.two",
                                     "HOST4=one",
                                     "LOCAL=alice+a-b-c-d",
                                     "NEWSENDER=alice+owner@host.example",
                                     "SENDER=b_b@x.org",
                                     "RECIPIENT=alice+a-b-c-d@one.two.three.four",
                                     "USER=alice"};
  for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
    char line[200];
    snprintf(line, sizeof line, "\n%s\n", want[i]);
    if (!strstr(get_file("home/env"), line))
      fail_msg("no \"%s\" in %s", want[i], get_file("home/env"));
  }
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(parses_lines), cmocka_unit_test(finds_the_file),
                                     cmocka_unit_test(judges_the_file), cmocka_unit_test(judges_exits),
                                     cmocka_unit_test(gives_what_qmail_gives)};
  return cmocka_run_group_tests(tests, house_setup, house_teardown);
}
