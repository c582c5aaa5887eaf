/* kill -9 of a process that delivers, before its 1st, 2nd, ... last system call, and the delivery done again: nothing is lost,
   new/ never holds half a message, no message of a mailbox runs into another. */
#include <dirent.h>
#include <sys/ptrace.h>
#include "t/local_house.h"
#include "local/deliver.h"

#define JOBS 3u

static job jobs[JOBS];
static delivery deliveries[JOBS];

static void ignore(delivery const *d, int more)
{
  (void)d;
  (void)more;
}

static int deliver_all(void)
{
  size_t good = 0;
  for (size_t i = 0; i < JOBS; i++) {
    deliveries[i] = (delivery){.j = jobs + i};
    copy_init(&deliveries[i].m, jobs + i, 0);
  }
  deliver(&me, deliveries, JOBS, &ignore);
  for (size_t i = 0; i < JOBS; i++)
    good += deliveries[i].r.class == RESULT_OK;
  return good == JOBS;
}

/* Runs a delivery up to its n-th system call. 1: it was killed there; 0: it came to its end before. */
static int killed_at(unsigned int n)
{
  int wstat;
  pid_t pid = fork();
  if (!pid) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    raise(SIGSTOP);
    _exit(deliver_all() ? 0 : 1);
  }
  assert_int_equal(waitpid(pid, &wstat, 0), pid);
  for (unsigned int i = 0; i < 2 * n; i++) { /* a stop before and one after each call */
    assert_int_equal(ptrace(PTRACE_SYSCALL, pid, 0, 0), 0);
    assert_int_equal(waitpid(pid, &wstat, 0), pid);
    if (WIFEXITED(wstat)) {
      assert_int_equal(WEXITSTATUS(wstat), 0);
      return 0;
    }
  }
  kill(pid, SIGKILL);
  assert_int_equal(waitpid(pid, &wstat, 0), pid);
  return 1;
}

static int may_trace(void)
{
  int wstat;
  pid_t pid = fork();
  if (!pid) {
    if (ptrace(PTRACE_TRACEME, 0, 0, 0) < 0)
      _exit(1);
    raise(SIGSTOP);
    _exit(0);
  }
  assert_int_equal(waitpid(pid, &wstat, 0), pid);
  if (!WIFSTOPPED(wstat))
    return 0;
  kill(pid, SIGKILL);
  assert_int_equal(waitpid(pid, &wstat, 0), pid);
  return 1;
}

#define BODY "Subject: x\n\nFrom the first line\nto the last\n"
#define TOP "Return-Path: <s@x.org>\nX-Original-To: alice@host.example\nDelivered-To: alice@host.example\n"

static void make_jobs(void)
{
  for (size_t i = 0; i < JOBS; i++)
    fill_job(jobs + i, "s@x.org", "alice@host.example", BODY, strlen(BODY));
}

/* Every file in new/ is whole; their number. */
static unsigned int whole_files(void)
{
  unsigned int n = 0;
  DIR *dir = opendir(in_house("home/Maildir/new"));
  struct dirent *e;
  while (dir && (e = readdir(dir)))
    if (e->d_name[0] != '.') {
      char name[300];
      snprintf(name, sizeof name, "home/Maildir/new/%.200s", e->d_name);
      assert_text(get_file(name), TOP BODY);
      n++;
    }
  if (dir)
    closedir(dir);
  return n;
}

static void maildir_survives(void **state)
{
  unsigned int n = 1;
  (void)state;
  if (!may_trace())
    skip();
  make_jobs();
  for (; killed_at(n); n++) {
    assert_true(whole_files() <= JOBS);
    assert_int_equal(deliver_all(), 1);
    assert_int_equal(whole_files(), JOBS);
    assert_int_equal(rm_rf(in_house("home/Maildir")), 0);
  }
  assert_true(n > 20);
  assert_int_equal(rm_rf(in_house("home/Maildir")), 0);
}

/* Whole messages at the end of the mailbox; each From_ line stands after an empty line, or at the start. */
static unsigned int whole_at_end(char const *s)
{
  static char const tail[] = "\n" TOP "Subject: x\n\n>From the first line\nto the last\n\n";
  size_t len = strlen(s);
  unsigned int n = 0;
  for (char const *p = s; (p = strstr(p, "\nFrom ")); p++)
    if (p[-1] != '\n')
      fail_msg("a From_ line in the middle of a message: \"%s\"", s);
  while (len > strlen(tail) && !strncmp(s + len - strlen(tail), tail, strlen(tail))) {
    len -= strlen(tail);
    while (len && s[len - 1] != '\n')
      len--;
    assert_int_equal(strncmp(s + len, "From s@x.org ", 13), 0);
    n++;
  }
  return n;
}

static void mbox_survives(void **state)
{
  char spool[300];
  unsigned int n = 1;
  (void)state;
  if (!may_trace())
    skip();
  snprintf(spool, sizeof spool, "%s/spool/%%u", house);
  set("mailbox", spool);
  memset(settings.set, 0, sizeof settings.set);
  read_settings();
  become_self(PROCESS_MAILBOX, "alice");
  make_jobs();
  for (; killed_at(n); n++) {
    assert_int_equal(deliver_all(), 1); /* not held up by the lock of the dead */
    assert_true(whole_at_end(get_file("spool/alice")) >= JOBS);
    assert_false(exists("spool/alice.lock"));
    if (n % 2) /* every other time what the dead one left stays */
      unlink("spool/alice");
  }
  assert_true(n > 20);
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(maildir_survives), cmocka_unit_test(mbox_survives)};
  return cmocka_run_group_tests(tests, house_setup, house_teardown);
}
