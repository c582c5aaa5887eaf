/* newaliases' work: what is refused and why, that the old file stays whole whatever happens, and that several
   at once do not harm each other. */
#include "t/alias_house.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <sysexits.h>
#include "alias/database.h"
#include "alias/replacement.h"

static compile_report report = COMPILE_REPORT_ZERO;

static void expect(char const *what, int code, char const *said)
{
  int got = house_compile(&report);
  if (got != code || !strstr(report.problems.s, said) || (!*said && *report.problems.s))
    fail_msg("%s: got %d \"%s\", want %d \"%s\"", what, got, report.problems.s, code, said);
}

static int has(char const *name)
{
  database d = DATABASE_ZERO;
  database_entry e;
  int found =
      database_refresh(&d) && database_find(&d, DATABASE_ALIAS, name, strlen(name), &e) == DATABASE_FOUND;
  database_close(&d);
  return found;
}

static int exists(char const *path)
{
  return access(path, F_OK) == 0;
}

static void counts_and_publishes(void **state)
{
  struct stat st;
  (void)state;
  house_put("aliases", "a: root\nlonger: /dev/null\n");
  expect("good", EX_OK, "");
  assert_string_equal(report.done.s, "aliases: 2 aliases, longest 9 bytes, 20 bytes total\n");
  assert_true(has("a") && has("LONGER") && !has("b"));
  assert_int_equal(stat("aliases.cdb", &st), 0);
  assert_int_equal(st.st_mode & 07777, 0600);
  assert_false(exists(REPLACEMENT_FILE));
}

static void keeps_the_old_one(void **state)
{
  (void)state;
  house_put("aliases", "new: x\nbroken\n");
  expect("broken line", EX_DATAERR, "aliases:2: has no colon");
  assert_true(has("a") && !has("new"));
  unlink("aliases");
  expect("missing, in use", EX_CONFIG, "bring it back");
  assert_true(has("a"));
  assert_int_equal(mkdir("aliases", 0755), 0);
  expect("a folder", EX_CONFIG, "not a plain file");
  rmdir("aliases");
  assert_int_equal(mkfifo("aliases", 0644), 0);
  expect("a FIFO", EX_CONFIG, "not a plain file");
  unlink("aliases");
  house_put("aliases", "x: y\n");
  chmod("aliases", 0666);
  expect("everybody writes", EX_CONFIG, "chmod o-w");
  chmod("aliases", 0644);
  chmod(".", 0777);
  expect("everybody writes the folder", EX_CONFIG, "folder that everybody may write");
  chmod(".", 0755);
  house_put("control/aliases", "a\nb\n");
  expect("two lines", EX_CONFIG, "control/aliases:2");
  house_put("control/aliases", "aliases\n");
  assert_true(has("a"));
  assert_false(exists(REPLACEMENT_FILE));
}

static void takes_nothing(void **state)
{
  (void)state;
  house_put("aliases", "# nothing\n");
  expect("empty", EX_OK, "");
  assert_false(has("a"));
  unlink("aliases");
  expect("missing, nothing in use", EX_OK, "aliases is missing");
  unlink("aliases.cdb");
  expect("missing at first", EX_OK, "aliases is missing");
  house_put("control/aliases", "");
  expect("none", EX_OK, "");
  assert_string_equal(report.done.s, "");
  house_put("control/aliases", "aliases\n");
}

static void says_what_is_odd(void **state)
{
  (void)state;
  house_put("aliases", "a: b\na: c\n");
  expect("duplicate", EX_OK, "aliases:2: warning: the name is there already");
  house_put("control/virtual", "virtual\n");
  house_put("virtual", "v.example x\nself@v.example self@v.example\n");
  expect("names itself", EX_DATAERR, "virtual:2: leads to itself");
  house_put("virtual", "u@v.example x\nw@v.example x\nself@m.example self@m.example, y\n");
  expect("undeclared", EX_OK, "virtual:1: warning: its domain is not declared");
  assert_null(strstr(report.problems.s, "virtual:2"));
  unlink("control/virtual");
  unlink("virtual");
}

static void says_what_leads_nowhere(void **state)
{
  (void)state;
  house_put("aliases",
            "a: nosuch, root\nb: c\nc: d, root\nd: B+x\nself: self, root\nfar: nosuch@far.example\n"
            "prog: \"|nosuch\", /nosuch, :include:/nosuch\nlist: root+list, \\nosuch2\n");
  expect("nobody", EX_OK, "aliases:1: warning: leads to nosuch, who is neither a user nor an alias here");
  assert_non_null(strstr(report.problems.s, "aliases:4: warning: leads in a circle, by way of b"));
  assert_non_null(strstr(report.problems.s, "aliases:8: warning: leads to nosuch2"));
  assert_non_null(strstr(report.problems.s, "aliases:5: warning: leads to self"));
  assert_null(strstr(report.problems.s, "aliases:6"));
  assert_null(strstr(report.problems.s, "aliases:7"));
}

/* A killed one leaves its file behind; a working one is waited for. */
static void clears_what_was_left(void **state)
{
  tain deadline;
  int fd, i = 0;
  (void)state;
  house_put("aliases", "a: root\n");
  house_put(REPLACEMENT_FILE, "half of a file");
  expect("left behind", EX_OK, "");
  assert_true(has("a"));
  tain_now_g();
  tain_addsec_g(&deadline, 5);
  fd = replacement_begin(&deadline);
  assert_true(fd >= 0);
  tain_from_millisecs(&deadline, 300);
  tain_add_g(&deadline, &deadline);
  i = replacement_begin(&deadline);
  assert_true(i == -1 && errno == EWOULDBLOCK);
  replacement_abort(fd);
  assert_int_equal(symlink("/tmp/nowhere-at-all", REPLACEMENT_FILE), 0);
  tain_now_g();
  tain_from_millisecs(&deadline, 100);
  tain_add_g(&deadline, &deadline);
  assert_int_equal(replacement_begin(&deadline), -1);
  assert_false(exists("/tmp/nowhere-at-all"));
  unlink(REPLACEMENT_FILE);
}

/* Eight at once, half of them killed in the middle: the file is always whole, and the last state of the
 * source wins. */
static void many_at_once(void **state)
{
  pid_t pids[8];
  (void)state;
  for (int round = 0; round < 5; round++) {
    FILE *f = fopen("aliases", "w");
    assert_non_null(f);
    for (int i = 0; i < 3000; i++)
      fprintf(f, "name%d: target%d@far.example, another%d@far.example\n", i, round, i);
    fprintf(f, "round%d: root\n", round);
    fclose(f);
    for (unsigned int i = 0; i < 8; i++)
      if (!(pids[i] = fork())) {
        compile_report mine = COMPILE_REPORT_ZERO;
        tain_now_set_stopwatch_g();
        _exit(house_compile(&mine));
      }
    for (unsigned int i = 0; i < 8; i += 2) {
      usleep(3000);
      kill(pids[i], SIGKILL);
    }
    for (unsigned int i = 0; i < 8; i++) {
      int status;
      char last[32];
      waitpid(pids[i], &status, 0);
      if (i % 2 && (!WIFEXITED(status) || WEXITSTATUS(status) != EX_OK))
        fail_msg("round %d, number %u: status %d", round, i, status);
      snprintf(last, sizeof last, "round%d", round);
      if (i == 7)
        assert_true(has("name2999") && has(last));
    }
  }
  expect("afterwards", EX_OK, "");
  assert_false(exists(REPLACEMENT_FILE));
}

int main(void)
{
  struct CMUnitTest const tests[] = {
      cmocka_unit_test(counts_and_publishes),
      cmocka_unit_test(keeps_the_old_one),
      cmocka_unit_test(takes_nothing),
      cmocka_unit_test(says_what_is_odd),
      cmocka_unit_test(says_what_leads_nowhere),
      cmocka_unit_test(clears_what_was_left),
      cmocka_unit_test(many_at_once),
  };
  return cmocka_run_group_tests(tests, house_enter, house_leave);
}
