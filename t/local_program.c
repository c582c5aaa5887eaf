/* |program: what its exit means, what it is given, what it is not, and that its process group can be ended.
 */
#include <signal.h>
#include <poll.h>
#include <time.h>
#include "t/local_house.h"
#include "local/program.h"

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

static void run(char const *command, result *r)
{
  assert_int_equal(self_enter(&me), SELF_HOME);
  (void)program_run(&me, command, &m, 0, r);
  self_leave(&me);
}

struct exit_case {
  char const *command;
  enum result_class want;
  char const *text;
};

static struct exit_case const exits[] = {
    {"exit 0", RESULT_OK, "delivered to a program"},
    {"echo hello; cat >/dev/null", RESULT_OK, ""},
    {"exit 1", RESULT_TEMPORARY, "code 1"},
    {"exit 63", RESULT_TEMPORARY, "code 63"},
    {"exit 64", RESULT_PERMANENT, "code 64"},
    {"exit 67", RESULT_PERMANENT, "code 67"},
    {"exit 74", RESULT_PERMANENT, "code 74"},
    {"exit 75", RESULT_TEMPORARY, "code 75"},
    {"exit 76", RESULT_PERMANENT, "code 76"},
    {"exit 78", RESULT_PERMANENT, "code 78"},
    {"exit 79", RESULT_TEMPORARY, "code 79"},
    {"exit 99", RESULT_TEMPORARY, "code 99"},
    {"exit 100", RESULT_PERMANENT, "code 100"},
    {"exit 111", RESULT_TEMPORARY, "code 111"},
    {"exit 255", RESULT_TEMPORARY, "code 255"},
    {"kill -9 $$", RESULT_TEMPORARY, "signal 9"},
    {"kill -15 $$", RESULT_TEMPORARY, "signal 15"},
    {"/nonexistent/program", RESULT_TEMPORARY, "code 127: "},
    {"echo; echo no such thing; echo more; exit 67", RESULT_PERMANENT, "no such thing"},
    {"echo on stderr >&2; exit 100", RESULT_PERMANENT, "on stderr"},
    {"echo later; exit 75", RESULT_TEMPORARY, "code 75: later"},
    {"printf 'a\\001b\\033[31m\\177'; exit 77", RESULT_PERMANENT, "a b [31m"},
};

static void judges_exits(void **state)
{
  (void)state;
  fill("bob@x.org", "alice@host.example", "", "A: b\n\nc\n", 8);
  for (size_t i = 0; i < sizeof exits / sizeof *exits; i++) {
    result r = RESULT_ZERO;
    run(exits[i].command, &r);
    if (r.class != exits[i].want || !strstr(r.text, exits[i].text) || strchr(r.text, '\n'))
      fail_msg("%s: got %c \"%s\", want %c \"%s\"", exits[i].command, r.class, r.text, exits[i].want,
               exits[i].text);
  }
}

static void gives_the_message(void **state)
{
  static char body[300000] = "Return-Path: <other>\nA: b\n\nFrom here\n";
  result r;
  (void)state;
  memset(body + strlen(body), 'x', sizeof body - strlen(body));
  fill("bob@x.org", "alice@host.example", "", body, sizeof body);
  run("cat >got", &r);
  assert_result(&r, RESULT_OK, "");
  char const *s = get_file("home/got");
  assert_int_equal(strncmp(s, "From bob@x.org ", 15), 0);
  s = strchr(s, '\n') + 1;
  char const *want = "Return-Path: <bob@x.org>\nX-Original-To: alice@host.example\nDelivered-To: "
                     "alice@host.example\nA: b\n\nFrom here\nxxx";
  assert_int_equal(strncmp(s, want, strlen(want)), 0);
  assert_int_equal(strlen(strstr(s, "A: b")), sizeof body - 21);
  struct stat st;
  assert_int_equal(stat("home/got", &st), 0);
  assert_int_equal(st.st_mode & 0777, 0600);
}

/* A program that reads nothing, or little, has delivered if it says so; one that leaves others behind too. */
static void needs_no_reader(void **state)
{
  time_t start = time(0);
  result r;
  (void)state;
  run("exec <&-; sleep 0.1; exit 0", &r);
  assert_result(&r, RESULT_OK, "");
  run("head -c 10 >/dev/null", &r);
  assert_result(&r, RESULT_OK, "");
  run("sleep 60 & exit 0", &r);
  assert_result(&r, RESULT_OK, "");
  assert_true(time(0) - start < 50);
}

static void bounds_output(void **state)
{
  result r;
  (void)state;
  fill("bob@x.org", "alice@host.example", "", "A: b\n\nc\n", 8);
  run("cat /dev/zero", &r);
  assert_result(&r, RESULT_TEMPORARY, "code 141");
  run("head -c 900000 /dev/zero; exit 0", &r);
  assert_result(&r, RESULT_OK, "");
}

static void expect_line(char const *text, char const *want)
{
  size_t len = strlen(want);
  for (char const *s = text; s; s = strchr(s, '\n')) {
    s += *s == '\n';
    if (!strncmp(s, want, len) && (s[len] == '\n' || !s[len]))
      return;
  }
  fail_msg("got \"%s\", want a line \"%s\"", text, want);
}

static void gives_a_clean_environment(void **state)
{
  result r;
  (void)state;
  setenv("SECRET", "x", 1);
  setenv("BASH_ENV", "/etc/passwd", 1);
  fill("() { :;}; /usr/bin/id@x.org", "\"alice+l $(id)\"@host.example", "l $(id)", "A: b\n\nc\n", 8);
  run("/usr/bin/env >env", &r);
  assert_result(&r, RESULT_OK, "");
  char const *s = get_file("home/env");
  char home_line[300];
  snprintf(home_line, sizeof home_line, "HOME=%s", me.u.home);
  expect_line(s, home_line);
  expect_line(s, "USER=alice");
  expect_line(s, "LOGNAME=alice");
  expect_line(s, "SHELL=/bin/sh");
  expect_line(s, "PATH=/usr/local/bin:/usr/bin:/bin");
  expect_line(s, "SENDER=_____:____/usr/bin/id@x.org");
  expect_line(s, "RECIPIENT=_alice+l___id__@host.example");
  expect_line(s, "ORIGINAL_RECIPIENT=_alice+l___id__@host.example");
  expect_line(s, "LOCAL=_alice+l___id__");
  expect_line(s, "EXTENSION=l___id_");
  expect_line(s, "DOMAIN=host.example");
  unsigned int lines = 0;
  for (; *s; s++)
    lines += *s == '\n';
  assert_true(lines <= 12); /* and PWD, which the shell adds */
}

/* bash takes no function from it, and a sender is never a command. */
static void is_safe_from_shellshock(void **state)
{
  result r;
  (void)state;
  fill("() { :;}; touch /tmp/tern-shellshock", "alice@host.example", "() { :;}; id", "A: b\n\nc\n", 8);
  run("bash -c 'echo $SENDER; eval echo \"$EXTENSION\"; exit 67' 2>&1", &r);
  assert_result(&r, RESULT_PERMANENT, "_");
  assert_null(strchr(r.text, '('));
}

static void gives_empty_values(void **state)
{
  result r;
  (void)state;
  fill("", "alice@host.example", "", "A: b\n\nc\n", 8);
  run("set -u; set -- a \"$SENDER\" \"$EXTENSION\" b; echo $#; exit 67", &r);
  assert_result(&r, RESULT_PERMANENT, "4");
}

static void gives_nothing_else(void **state)
{
  sigset_t all, old;
  result r;
  int fd = open("/dev/null", O_RDONLY); /* not close-on-exec */
  (void)state;
  sigfillset(&all);
  sigprocmask(SIG_BLOCK, &all, &old);
  run("ls /proc/self/fd | tr '\\n' ' '; exit 67", &r);
  assert_result(&r, RESULT_PERMANENT, "0 1 2 3");
  assert_null(strchr(r.text, '4')); /* 3 is the folder that ls reads */
  run("grep -h '^Sig[BI]' /proc/self/status | tr -d '\\n'; exit 67", &r);
  sigprocmask(SIG_SETMASK, &old, 0);
  assert_result(&r, RESULT_PERMANENT, "SigBlk: 0000000000000000SigIgn: 0000000000000000");
  run("umask; exit 67", &r);
  assert_result(&r, RESULT_PERMANENT, "077");
  run("pwd; exit 67", &r);
  assert_result(&r, RESULT_PERMANENT, me.u.home);
  close(fd);
}

/* As the root door does it: the group of the process, and in it all that its programs are. */
static void ends_with_its_group(void **state)
{
  int p[2];
  char c;
  int wstat;
  (void)state;
  assert_int_equal(pipe(p), 0);
  pid_t pid = fork();
  if (!pid) {
    result r;
    setsid();
    close(p[0]);
    run("sleep 1000 | sleep 1000 & sleep 1000",
        &r); /* p[1] is held by none of them: close-on-exec is not needed */
    _exit(0);
  }
  close(p[1]);
  for (int i = 0; i < 500 && !exists("home/begun"); i++)
    poll(0, 0, 20);
  assert_int_equal(kill(-pid, SIGKILL), 0);
  assert_int_equal(waitpid(pid, &wstat, 0), pid);
  assert_int_equal(read(p[0], &c, 1), 0);
  for (int i = 0; i < 500 && !kill(-pid, 0); i++)
    poll(0, 0, 20);
  assert_int_equal(kill(-pid, 0), -1);
  close(p[0]);
}

/* The root door is gone: the program has timeoutdrain seconds, then all of it ends. */
static void ends_after_the_drain(void **state)
{
  int wstat;
  time_t start = time(0);
  (void)state;
  set("timeoutdrain", "1");
  read_settings();
  pid_t pid = fork();
  if (!pid) {
    result r;
    setsid();
    close(gone_end);
    run("sleep 1000", &r);
    _exit(0);
  }
  close(gone_end);
  assert_int_equal(waitpid(pid, &wstat, 0), pid);
  open_ends();
  assert_true(WIFSIGNALED(wstat) && WTERMSIG(wstat) == SIGKILL);
  assert_true(time(0) - start >= 1 && time(0) - start < 100);
}

int main(void)
{
  struct CMUnitTest const tests[] = {
      cmocka_unit_test(judges_exits),
      cmocka_unit_test(gives_the_message),
      cmocka_unit_test(needs_no_reader),
      cmocka_unit_test(bounds_output),
      cmocka_unit_test(gives_a_clean_environment),
      cmocka_unit_test(is_safe_from_shellshock),
      cmocka_unit_test(gives_empty_values),
      cmocka_unit_test(gives_nothing_else),
      cmocka_unit_test(ends_with_its_group),
      cmocka_unit_test(ends_after_the_drain),
  };
  return cmocka_run_group_tests(tests, house_setup, house_teardown);
}
