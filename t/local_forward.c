/* .forward: its grammar, its limits, and when it is not obeyed. */
#include "t/local_found.h"

struct parse_case {
  char const *text, *want; /* want: targets with "~" for the home, or "!" and a part of the reason */
};

static struct parse_case const parses[] = {
    {"", ""},
    {"# nothing\n\n   \n", ""},
    {"bob@example.org\n", "@bob@example.org"},
    {"bob@example.org", "@bob@example.org"},
    {"bob@example.org, carol@example.org\r\ndave@example.org\n",
     "@bob@example.org @carol@example.org @dave@example.org"},
    {"bob@example.org,bob@example.org,,\nbob@example.org\n", "@bob@example.org"},
    {"bob\n", "@bob@host.example"},
    {"alice\n", "."},
    {"\\alice, bob@x.org\n", ". @bob@x.org"},
    {"\\alice, alice@host.example, Alice@LOCALHOST\n", "."},
    {"\\bob\n", "@bob@host.example"},
    {"alice+x@host.example\n", "@alice+x@host.example"},
    {"alice@elsewhere.example\n", "@alice@elsewhere.example"},
    {"Bob Smith <bob@example.org>\n", "@bob@example.org"},
    {"\"Smith, Bob\" <bob@example.org>, c@d.e\n", "@bob@example.org @c@d.e"},
    {"bob@example.org (Bob, (the) builder), c@d.e\n", "@bob@example.org @c@d.e"},
    {"\"a b\"@example.org\n", "@\"a b\"@example.org"},
    {"\"../../etc/passwd\"@example.org\n", "@\"../../etc/passwd\"@example.org"},
    {"\"|/bin/cat -n\"\n", "|/bin/cat -n"},
    {"|/bin/cat\n", "|/bin/cat"},
    {"|\"/bin/cat -n\"\n", "|/bin/cat -n"},
    {"| /bin/cat -n , bob@x.org\n", "|/bin/cat -n @bob@x.org"},
    {"\"|echo \\\"a, b\\\" # c\", bob@x.org\n", "|echo \"a, b\" # c @bob@x.org"},
    {"|echo 'a (b'\n", "|echo 'a (b'"},
    {"/var/tmp/box\n", "//var/tmp/box"},
    {"\"/var/tmp/a box\"\n", "//var/tmp/a box"},
    {"/var/tmp/dir/\n", "D/var/tmp/dir/"},
    {"~/mail/in\n", "/~/mail/in"},
    {"~/Maildir/\n", "D~/Maildir/"},
    {"|\n", "!a program is missing"},
    {":fail: no\n", "!not understood"},
    {"a b c\n", "!not an address"},
    {"bob@@example.org\n", "!not an address"},
    {"<bob@example.org\n", "!not an address"},
    {"ok@x.org\n(unclosed\n", "!F:2: not an address"},
    {"$(id)@\n", "!not an address"},
    {":include:list\n", "!write the whole path"},
    {":include:/nonexistent/list\n", "!there is no such file"},
};

static void parses_all(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof parses / sizeof *parses; i++) {
    struct parse_case const *c = parses + i;
    targets t;
    result r = RESULT_ZERO;
    forward_reader f = {.me = &me, .t = &t};
    int ok;
    targets_init(&t);
    ok = forward_parse(&f, "F", c->text, strlen(c->text), &r);
    if (*c->want == '!' ? ok || r.class != RESULT_TEMPORARY || !strstr(r.text, c->want + 1)
                        : !ok || strcmp(show(&t), c->want))
      fail_msg("\"%s\": got %d \"%s\" \"%s\", want \"%s\"", c->text, ok, ok ? show(&t) : "", ok ? "" : r.text,
               c->want);
    targets_free(&t);
  }
}

static void refuses_nul(void **state)
{
  targets t;
  result r = RESULT_ZERO;
  forward_reader f = {.me = &me, .t = &t};
  (void)state;
  targets_init(&t);
  assert_int_equal(forward_parse(&f, "F", "a@b.c\0d\n", 8, &r), 0);
  targets_free(&t);
}

/* ---- files */

static enum forward_found find(char const *ext, targets *t, char const **why, result *r)
{
  static char path[SELF_PATH_MAX];
  targets_init(t);
  assert_int_equal(self_enter(&me), SELF_HOME);
  enum forward_found found = forward_find(&me, ext, t, path, why, r);
  self_leave(&me);
  return found;
}

static void expect(char const *ext, enum forward_found want, char const *text)
{
  targets t;
  char const *why = "";
  result r = RESULT_ZERO;
  enum forward_found got = find(ext, &t, &why, &r);
  assert_found(ext, got, &t, why, &r, want, text);
  targets_free(&t);
}

static void finds_the_file(void **state)
{
  (void)state;
  expect("", FORWARD_ABSENT, "");
  put_file("home/.forward", "# only a comment\n", 0644);
  expect("", FORWARD_NONE, "");
  put_file("home/.forward", "a@x.org\n", 0644);
  expect("", FORWARD_OBEY, "@a@x.org");
  expect("list", FORWARD_OBEY, "@a@x.org");
  put_file("home/.forward+list", "b@x.org\n", 0600);
  expect("list", FORWARD_OBEY, "@b@x.org");
  expect("LIST", FORWARD_OBEY, "@b@x.org");
  expect("other", FORWARD_OBEY, "@a@x.org");
  expect("../.forward+list", FORWARD_OBEY, "@a@x.org");
  put_file("home/.forward+list", "", 0600);
  expect("list", FORWARD_NONE, "");
  unlink("home/.forward+list");
}

static void judges_the_file(void **state)
{
  (void)state;
  chmod("home/.forward", 0664);
  expect("", FORWARD_IGNORED, "others may write it");
  chmod("home/.forward", 0646);
  expect("", FORWARD_IGNORED, "others may write it");
  chmod("home/.forward", 0644);
  chmod("home", 0777);
  expect("", FORWARD_IGNORED, "others may write in the home");
  chmod("home", 0755);
  expect("", FORWARD_OBEY, "@a@x.org");
  if (!geteuid()) {
    assert_int_equal(chown("home/.forward", 20002, 20002), 0);
    expect("", FORWARD_IGNORED, "it belongs to someone else");
    assert_int_equal(chown("home/.forward", 0, 0), 0);
    assert_int_equal(chown("home", 20002, 20002), 0);
    expect("", FORWARD_IGNORED, "the home belongs to someone else");
    assert_int_equal(chown("home", 0, 0), 0);
  }
}

/* A FIFO must not hold us, a folder or a device is no file, a link is as good as what it leads to. */
static void bears_tricks(void **state)
{
  static char big[FORWARD_MAX + 2];
  (void)state;
  unlink("home/.forward");
  assert_int_equal(mkfifo("home/.forward", 0600), 0);
  expect("", FORWARD_ERROR, "not a regular file");
  unlink("home/.forward");
  assert_int_equal(mkdir("home/.forward", 0700), 0);
  expect("", FORWARD_ERROR, "not a regular file");
  rmdir("home/.forward");
  assert_int_equal(symlink("/dev/zero", "home/.forward"), 0);
  expect("", FORWARD_ERROR, "not a regular file");
  unlink("home/.forward");
  assert_int_equal(symlink(".forward", "home/.forward"), 0);
  expect("", FORWARD_ERROR, "unable to open");
  unlink("home/.forward");
  put_file("home/real", "c@x.org\n", 0644);
  assert_int_equal(symlink("real", "home/.forward"), 0);
  expect("", FORWARD_OBEY, "@c@x.org");
  unlink("home/.forward");
  memset(big, 'a', sizeof big);
  put_bytes("home/.forward", big, sizeof big, 0600);
  expect("", FORWARD_ERROR, "unable to read .forward");
  unlink("home/.forward");
}

static void include(char const *name, char const *text, mode_t mode)
{
  char line[300];
  put_file(name, text, mode);
  snprintf(line, sizeof line, ":include:%s\n", in_house(name));
  put_file("home/.forward", line, 0600);
}

static void includes(void **state)
{
  char text[300];
  (void)state;
  include("home/list", "# friends\nb@x.org, c@x.org\n|prog\n", 0600);
  expect("", FORWARD_OBEY, "@b@x.org @c@x.org |prog");
  include("home/list", "b@x.org\n|prog\n", 0666);
  expect("", FORWARD_ERROR, "addresses only");
  include("home/list", "b@x.org\n", 0666);
  expect("", FORWARD_OBEY, "@b@x.org");
  snprintf(text, sizeof text, "b@x.org\n:include:%s\n", in_house("home/list"));
  include("home/list", text, 0600);
  expect("", FORWARD_ERROR, "the file includes itself");
  snprintf(text, sizeof text, ":include:%s\n:include:%s\n", in_house("home/other"), in_house("home/other"));
  include("home/list", text, 0600);
  put_file("home/other", "b@x.org\n", 0600);
  expect("", FORWARD_OBEY, "@b@x.org");
  unlink("home/list");
  assert_int_equal(mkfifo("home/list", 0600), 0);
  expect("", FORWARD_ERROR, "not a regular file");
  unlink("home/list");
}

/* Eight files, each of which includes the next one many times. */
static void ends_a_deep_tree(void **state)
{
  char name[32], text[4096];
  (void)state;
  for (int i = 0; i < 8; i++) {
    size_t n = 0;
    for (int k = 0; k < 20; k++)
      n += (size_t)snprintf(text + n, sizeof text - n, ":include:%s/home/t%d\n", house, i + 1);
    snprintf(name, sizeof name, "home/t%d", i);
    put_file(name, text, 0600);
  }
  put_file("home/t8", "x@y.z\n", 0600);
  include("home/top", ":include:/tmp\n", 0600);
  snprintf(text, sizeof text, ":include:%s/home/t3\n", house);
  put_file("home/.forward", text, 0600);
  expect("", FORWARD_ERROR, "too many files include one another");
  unlink("home/.forward");
}

static void bounds_addresses(void **state)
{
  stralloc sa = STRALLOC_ZERO;
  char one[80];
  (void)state;
  for (unsigned int i = 0; i < TARGETS_MAX + 1; i++)
    assert_true(stralloc_catb(&sa, one, (size_t)snprintf(one, sizeof one, "u%u@x.org\n", i)));
  put_bytes("home/many", sa.s, sa.len, 0600);
  snprintf(one, sizeof one, ":include:%s/home/many\n", house);
  put_file("home/.forward", one, 0600);
  expect("", FORWARD_ERROR, "too many addresses");
  unlink("home/.forward");
  stralloc_free(&sa);
}

/* Someone else's file that can't be read is not obeyed; one's own is an error, and mail waits. */
static void tells_eacces_apart(void **state)
{
  int wstat;
  pid_t pid;
  (void)state;
  if (geteuid())
    skip();
  put_file("home/.forward", "a@x.org\n", 0600);
  assert_int_equal(chown("home/.forward", 20002, 20002), 0);
  pid = fork();
  if (!pid) {
    assert_int_equal(setresuid(20001, 20001, 20001), 0);
    me.u.uid = 20001;
    expect("", FORWARD_IGNORED, "it belongs to someone else");
    _exit(0);
  }
  assert_int_equal(waitpid(pid, &wstat, 0), pid);
  assert_int_equal(wstat, 0);
  assert_int_equal(chown("home/.forward", 20001, 20001), 0);
  chmod("home/.forward", 0000);
  pid = fork();
  if (!pid) {
    assert_int_equal(setresuid(20001, 20001, 20001), 0);
    me.u.uid = 20001;
    expect("", FORWARD_ERROR, "Permission denied");
    _exit(0);
  }
  assert_int_equal(waitpid(pid, &wstat, 0), pid);
  assert_int_equal(wstat, 0);
  unlink("home/.forward");
}

static void knows_homes(void **state)
{
  (void)state;
  snprintf(me.u.home, sizeof me.u.home, "%s/none", house);
  assert_int_equal(self_enter(&me), SELF_HOMELESS);
  snprintf(me.u.home, sizeof me.u.home, "/dev/null");
  assert_int_equal(self_enter(&me), SELF_HOMELESS);
  snprintf(me.u.home, sizeof me.u.home, "%s/loop", house);
  assert_int_equal(symlink("loop", "loop"), 0);
  assert_int_equal(self_enter(&me), SELF_HOME_ERROR);
  become_self(PROCESS_PLAIN, "alice");
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(parses_all),         cmocka_unit_test(refuses_nul),
                                     cmocka_unit_test(finds_the_file),     cmocka_unit_test(judges_the_file),
                                     cmocka_unit_test(bears_tricks),       cmocka_unit_test(includes),
                                     cmocka_unit_test(ends_a_deep_tree),   cmocka_unit_test(bounds_addresses),
                                     cmocka_unit_test(tells_eacces_apart), cmocka_unit_test(knows_homes)};
  return cmocka_run_group_tests(tests, house_setup, house_teardown);
}
