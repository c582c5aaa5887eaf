/* The root door and the processes that it forks, driven by a runner: who they become, what they hold, what
   they do with jobs, and how they end. */
#include "t/local_runner.h"

static char last[512];

/* ---- who they become */

static void says_who_is_nobody(void **state)
{
  static struct {
    char const *name;
    enum result_class want;
    unsigned int status;
    int root_only;
  } const cases[] = {
      {"nosuchuser-x", RESULT_PERMANENT, STATUS_UNKNOWN_MAILBOX, 0},
      {"../alice", RESULT_PERMANENT, STATUS_UNKNOWN_MAILBOX, 0},
      {"zero", RESULT_PERMANENT, STATUS_MAILBOX_DISABLED, 1},
      {"wheel", RESULT_PERMANENT, STATUS_MAILBOX_DISABLED, 1},
      {"queue", RESULT_PERMANENT, STATUS_MAILBOX_DISABLED, 1},
      {"alice", RESULT_OK, STATUS_NONE, 0},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    for (int kind = 0; kind < 2; kind++) {
      result r = RESULT_ZERO;
      door x;
      if (cases[i].root_only && !ids.root)
        continue;
      ask(&x, kind ? PROCESS_PLAIN : PROCESS_MAILBOX, cases[i].name, &r);
      if (r.class != cases[i].want || r.status != cases[i].status)
        fail_msg("%s: got %c %u %s", cases[i].name, r.class, r.status, r.text);
      door_close(&x);
    }
}

static void expect_status(pid_t pid, char const *field, char const *want)
{
  char path[64], line[512];
  size_t len = strlen(field);
  snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
  FILE *f = fopen(path, "r");
  assert_non_null(f);
  while (fgets(line, sizeof line, f))
    if (!strncmp(line, field, len) && line[len] == ':') {
      fclose(f);
      line[strcspn(line, "\n")] = 0;
      for (char *p = line; *p; p++)
        if (*p == '\t')
          *p = ' ';
      size_t n = strlen(line);
      while (n && line[n - 1] == ' ')
        line[--n] = 0;
      assert_text(line + len + 1, want);
      return;
    }
  fclose(f);
  fail_msg("no %s", field);
}

/* 0, 1 to /dev/null, 2 the log, 3 the channel, 4 the pipe, and nothing else. */
static void expect_descriptors(pid_t pid)
{
  char path[64], target[256], file[600];
  snprintf(path, sizeof path, "/proc/%d/fd", (int)pid);
  assert_int_equal(count_files(path, last), 5);
  for (int i = 0; i < 2; i++) {
    snprintf(file, sizeof file, "%s/%d", path, i);
    ssize_t n = readlink(file, target, sizeof target - 1);
    assert_true(n > 0);
    target[n] = 0;
    assert_text(target, "/dev/null");
  }
}

static void becomes_for_good(void **state)
{
  static struct {
    enum process_kind kind;
    char const *name;
    unsigned int uid;
  } const cases[] = {{PROCESS_PLAIN, "alice", ALICE},
                     {PROCESS_MAILBOX, "alice", ALICE},
                     {PROCESS_MAILBOX, "root", SUITE + TERNM},
                     {PROCESS_PLAIN, "root", SUITE + TERNM},
                     {PROCESS_ALIAS, "list", SUITE + TERNX}};
  struct group *g = getgrnam("mail");
  (void)state;
  if (!ids.root || !g)
    skip();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char ids4[64];
    door x;
    struct stat st;
    int is_mailbox = cases[i].kind == PROCESS_MAILBOX;
    unsigned int gid = is_mailbox ? g->gr_gid : cases[i].uid;
    ask_ok(&x, cases[i].kind, cases[i].name);
    pid_t pid = newest_child();
    snprintf(ids4, sizeof ids4, " %u %u %u %u", cases[i].uid, cases[i].uid, cases[i].uid, cases[i].uid);
    expect_status(pid, "Uid", ids4);
    snprintf(ids4, sizeof ids4, " %u %u %u %u", gid, gid, gid, gid);
    expect_status(pid, "Gid", ids4);
    snprintf(ids4, sizeof ids4, " %u", cases[i].uid);
    expect_status(pid, "Groups", is_mailbox || cases[i].uid >= SUITE ? "" : ids4);
    expect_status(pid, "NoNewPrivs", is_mailbox ? " 1" : " 0");
    expect_status(pid, "CapPrm", " 0000000000000000");
    expect_status(pid, "CapEff", " 0000000000000000");
    expect_descriptors(pid);
    snprintf(last, sizeof last, "/proc/%d/mem", (int)pid);
    assert_int_equal(stat(last, &st), 0); /* not dumpable: its files are root's */
    assert_int_equal(st.st_uid, 0);
    door_close(&x);
    assert_true(wait_end(pid, 30));
  }
}

static void keeps_little_of_root(void **state)
{
  (void)state;
  if (!ids.root)
    skip();
  expect_status(door_pid, "CapEff", " 00000000000000e0"); /* kill, setgid, setuid */
  expect_status(door_pid, "CapPrm", " 00000000000000e0");
  expect_status(door_pid, "CapInh", " 0000000000000000");
}

/* ---- jobs */

static void delivers_to_a_maildir(void **state)
{
  struct stat st;
  door x;
  (void)state;
  ask_ok(&x, PROCESS_PLAIN, "alice");
  job_done *d = one_job(&x, "alice", "", "alice@host.example", "A: b\n\nc\n");
  assert_int_equal(d->n, 1);
  assert_result(d->results, RESULT_OK, "delivered to Maildir/");
  assert_int_equal(count_files("home/Maildir/new", last), 1);
  assert_int_equal(stat(last, &st), 0);
  assert_int_equal(st.st_uid, ids.root ? ALICE : ids.owner);
  assert_int_equal(st.st_gid, ids.root ? ALICE : ids.owner_gid);
  assert_text(get_file(last), "Return-Path: <s@x.org>\nX-Original-To: alice@host.example\nDelivered-To: "
                              "alice@host.example\nA: b\n\nc\n");
  unlink(last);
  d = one_job(&x, "alice", "", "alice@host.example", "A: b\nDelivered-To: Alice@Host.example\n\nc\n");
  assert_result(d->results, RESULT_PERMANENT, "loops");
  assert_int_equal(d->results[0].status, STATUS_LOOP);
  door_close(&x);
}

static void touches_nobody_elses_job(void **state)
{
  door x;
  (void)state;
  ask_ok(&x, PROCESS_PLAIN, "alice");
  assert_result(one_job(&x, "bob", "", "bob@host.example", "A: b\n\nc\n")->results, RESULT_TEMPORARY,
                "somebody else");
  door_close(&x);
}

static void takes_a_batch(void **state)
{
  unsigned char seen[1000] = {0};
  door x;
  (void)state;
  ask_ok(&x, PROCESS_PLAIN, "alice");
  for (unsigned int i = 0; i < 40; i++)
    seen[put_job(&x, "alice", "", "", "alice@host.example", "A: b\n\nc\n") % 1000] = 1;
  for (unsigned int i = 0; i < 40; i++) {
    job_done *d = wait_done(&x);
    assert_int_equal(seen[d->number % 1000], 1);
    seen[d->number % 1000] = 0;
    assert_result(d->results, RESULT_OK, "delivered");
  }
  assert_int_equal(count_files("home/Maildir/new", last), 40);
  assert_int_equal(rm_rf(in_house("home/Maildir")), 0);
  door_close(&x);
}

static void takes_several_recipients(void **state)
{
  door x;
  job j;
  (void)state;
  ask_ok(&x, PROCESS_PLAIN, "alice");
  fill_job(&j, "s@x.org", "alice@host.example", "A: b\n\nc\n", 8);
  for (unsigned int i = 0; i < 20; i++) {
    char address[40];
    assert_non_null(
        envelope_add(&j.e, address, (size_t)snprintf(address, sizeof address, "alice+%u@host.example", i)));
  }
  assert_int_equal(job_put(&x, &j), 1);
  job_free(&j);
  job_done *d = wait_done(&x);
  assert_int_equal(d->n, 21);
  for (unsigned int i = 0; i < 21; i++)
    assert_result(d->results + i, RESULT_OK, "delivered");
  assert_int_equal(count_files("home/Maildir/new", last), 21);
  assert_int_equal(rm_rf(in_house("home/Maildir")), 0);
  door_close(&x);
}

static void user_file(char const *name, char const *text)
{
  put_file(name, text, 0600);
  if (ids.root)
    assert_int_equal(chown(in_house(name), ALICE, ALICE), 0);
}

static void follows_a_forward(void **state)
{
  door x;
  (void)state;
  ask_ok(&x, PROCESS_PLAIN, "alice");
  user_file("home/.forward", "\"|id -u >>out; cat >>out\"\n~/box\n~/dir/\n/dev/null\n\\alice\n");
  job_done *d = one_job(&x, "alice", "", "alice@host.example", "A: b\n\nc\n");
  assert_result(d->results, RESULT_OK, "");
  char want[20];
  snprintf(want, sizeof want, "%u\nFrom ", ids.root ? ALICE : ids.owner);
  assert_int_equal(strncmp(get_file("home/out"), want, strlen(want)), 0);
  assert_non_null(strstr(get_file("home/box"), "\nA: b\n\nc\n\n"));
  assert_int_equal(count_files("home/dir/new", last), 1);
  assert_int_equal(count_files("home/Maildir/new", last), 1);
  /* the first temporary failure stops, a permanent one does not */
  user_file("home/.forward", "|exit 67\n|touch second\n|exit 75\n|touch third\n");
  d = one_job(&x, "alice", "", "alice@host.example", "A: b\n\nc\n");
  assert_result(d->results, RESULT_TEMPORARY, "code 75");
  assert_true(exists("home/second") && !exists("home/third"));
  user_file("home/.forward", "\"|echo no; exit 67\"\n|touch third\n");
  d = one_job(&x, "alice", "", "alice@host.example", "A: b\n\nc\n");
  assert_result(d->results, RESULT_PERMANENT, "no");
  assert_true(exists("home/third"));
  /* +ext first; one that others may write is not obeyed */
  user_file("home/.forward+l", "/dev/null\n");
  assert_result(one_job(&x, "alice", "l", "alice+l@host.example", "A: b\n\nc\n")->results, RESULT_OK,
                "thrown away");
  chmod("home/.forward+l", 0666);
  assert_result(one_job(&x, "alice", "l", "alice+l@host.example", "A: b\n\nc\n")->results, RESULT_OK,
                "Maildir/");
  unlink("home/.forward");
  unlink("home/.forward+l");
  assert_int_equal(rm_rf(in_house("home/Maildir")), 0);
  door_close(&x);
}

static void cannot_write_elsewhere(void **state)
{
  door x;
  (void)state;
  if (!ids.root)
    skip();
  put_file("roots", "", 0600);
  ask_ok(&x, PROCESS_PLAIN, "alice");
  char text[300];
  snprintf(text, sizeof text, "%s\n", in_house("roots"));
  user_file("home/.forward", text);
  assert_result(one_job(&x, "alice", "", "alice@host.example", "A: b\n\nc\n")->results, RESULT_TEMPORARY,
                "Permission denied");
  user_file("home/.forward", ":include:/etc/shadow\n");
  assert_result(one_job(&x, "alice", "", "alice@host.example", "A: b\n\nc\n")->results, RESULT_TEMPORARY,
                "/etc/shadow");
  unlink("home/.forward");
  assert_int_equal(symlink(in_house("roots"), "home/Maildir"), 0);
  assert_result(one_job(&x, "alice", "", "alice@host.example", "A: b\n\nc\n")->results, RESULT_TEMPORARY,
                "unable to open");
  unlink("home/Maildir");
  door_close(&x);
  ask_ok(&x, PROCESS_PLAIN, "homeless");
  assert_result(one_job(&x, "homeless", "", "homeless@host.example", "A: b\n\nc\n")->results,
                RESULT_TEMPORARY, "No such file");
  door_close(&x);
}

static void reload(char const *setting, char const *value)
{
  set(setting, value);
  assert_int_equal(kill(door_pid, SIGHUP), 0);
  poll(0, 0, 200);
}

/* Mailboxes of the spool: a plain process says so, a process of kind mailbox writes. */
static void delivers_to_the_spool(void **state)
{
  char text[300];
  struct stat st;
  door x, plain;
  (void)state;
  ask_ok(&plain, PROCESS_PLAIN, "alice");
  snprintf(text, sizeof text, "%s/spool/%%u", house);
  reload("mailbox", text);
  door_close(&plain);
  ask_ok(&x, PROCESS_PLAIN, "alice");
  assert_int_equal(one_job(&x, "alice", "", "alice@host.example", "A: b\n\nc\n")->to_mailbox, 1);
  user_file("home/.forward", "\\alice, |touch copied\n");
  assert_int_equal(one_job(&x, "alice", "", "alice@host.example", "A: b\n\nc\n")->to_mailbox, 1);
  assert_true(exists("home/copied"));
  user_file("home/.forward", "\\alice\n|exit 75\n");
  assert_result(one_job(&x, "alice", "", "alice@host.example", "A: b\n\nc\n")->results, RESULT_TEMPORARY,
                "code 75");
  unlink("home/.forward");
  door_close(&x);
  ask_ok(&x, PROCESS_MAILBOX, "alice");
  for (unsigned int i = 0; i < 20; i++)
    put_job(&x, "alice", "", "s@x.org", "alice@host.example", "A: b\n\nc\n");
  for (unsigned int i = 0; i < 20; i++)
    assert_result(wait_done(&x)->results, RESULT_OK, "spool/alice");
  assert_int_equal(stat("spool/alice", &st), 0);
  assert_int_equal(st.st_mode & 07777, 0600);
  assert_int_equal(st.st_uid, ids.root ? ALICE : ids.owner);
  assert_false(exists("spool/alice.lock"));
  unsigned int n = 0;
  for (char const *s = get_file("spool/alice"); (s = strstr(s, "From s@x.org ")); s++)
    n++;
  assert_int_equal(n, 20);
  door_close(&x);
}

static void gives_roots_mail_to_ternm(void **state)
{
  struct stat st;
  door x;
  (void)state;
  if (!ids.root)
    skip();
  ask_ok(&x, PROCESS_PLAIN, "root");
  assert_int_equal(one_job(&x, "root", "", "root@host.example", "A: b\n\nc\n")->to_mailbox, 1);
  door_close(&x);
  ask_ok(&x, PROCESS_MAILBOX, "root");
  assert_result(one_job(&x, "root", "", "root@host.example", "A: b\n\nc\n")->results, RESULT_OK,
                "spool/root");
  assert_int_equal(stat("spool/root", &st), 0);
  assert_int_equal(st.st_uid, SUITE + TERNM);
  door_close(&x);
  reload("mailbox", "Maildir/");
}

/* ---- how they end */

static void kills_by_number(void **state)
{
  door x;
  frame f;
  (void)state;
  ask_ok(&x, PROCESS_PLAIN, "alice");
  pid_t pid = newest_child();
  user_file("home/.forward", "\"|echo $$ >pid; sleep 1000 & sleep 1000\"\n");
  put_job(&x, "alice", "", "s@x.org", "alice@host.example", "A: b\n\nc\n");
  assert_int_equal(door_send(&x, soon()), 1);
  for (int i = 0; i < 1500 && (!exists("home/pid") || !*get_file("home/pid")); i++)
    poll(0, 0, 20);
  pid_t program = atoi(get_file("home/pid"));
  assert_true(program > 1);
  assert_true(process_put_kill(&to_root, last_number) && door_send(&to_root, soon()));
  assert_int_equal(door_wait(&x, &f, soon()), 0);
  assert_true(wait_end(pid, 30) && wait_end(-pid, 30));
  door_close(&x);
  assert_true(process_put_kill(&to_root, last_number) &&
              door_send(&to_root, soon())); /* it is not there: nothing */
  unlink("home/.forward");
}

/* It leaves by itself; what was written before is done, and the next write fails. */
static void leaves_when_idle(void **state)
{
  door x;
  frame f;
  (void)state;
  ask_ok(&x, PROCESS_PLAIN, "alice");
  pid_t pid = newest_child();
  poll(0, 0, 1000 * (int)AGENT_IDLE + 500);
  assert_true(wait_end(pid, 30));
  put_job(&x, "alice", "", "s@x.org", "alice@host.example", "A: b\n\nc\n");
  assert_int_equal(door_send(&x, soon()), 0);
  assert_int_equal(errno, EPIPE);
  assert_int_equal(door_wait(&x, &f, soon()), 0);
  door_close(&x);
}

static void leaves_when_settings_change(void **state)
{
  door x;
  (void)state;
  ask_ok(&x, PROCESS_PLAIN, "alice");
  pid_t pid = newest_child();
  reload("timeoutdrain", "2");
  assert_true(wait_end(pid, 2));
  door_close(&x);
  ask_ok(&x, PROCESS_PLAIN, "alice");
  pid = newest_child();
  reload("timeoutdrain", "nonsense");
  assert_int_equal(kill(pid, 0), 0); /* the old settings are kept, and so is the process */
  reload("timeoutdrain", "2");
  door_close(&x);
}

static void lets_jobs_go_without_a_runner(void **state)
{
  door x;
  (void)state;
  ask_ok(&x, PROCESS_PLAIN, "alice");
  pid_t pid = newest_child();
  for (unsigned int i = 0; i < 5; i++)
    put_job(&x, "alice", "", "s@x.org", "alice@host.example", "A: b\n\nc\n");
  kill(pid, SIGSTOP);
  assert_int_equal(door_send(&x, soon()), 1);
  door_close(&x);
  kill(pid, SIGCONT);
  assert_true(wait_end(pid, 30));
  assert_int_equal(count_files("home/Maildir/new", last), 0);
  assert_int_equal(count_files("home/Maildir/tmp", last), 0);
}

/* ---- the door itself */

static void hangs_up_on_nonsense(void **state)
{
  static char const *const nonsense[] = {"\0\0\0\2\0\0\1x", "\377\377\377\377\0\0", "\0\0\0\2\0\0\2p",
                                         "\0\0\0\2\0\0\1p", "\0\0\0\5\0\0\1k\3\0\0"};
  static size_t const lens[] = {8, 6, 8, 8, 11};
  frame f;
  (void)state;
  for (size_t i = 0; i < 5; i++) {
    knock();
    assert_int_equal(write(to_root.fd, nonsense[i], lens[i]), lens[i]);
    assert_int_equal(door_wait(&to_root, &f, soon()), 0);
  }
  knock();
  assert_int_equal(door_put_fd(&to_root, PROCESS_KILL, "\203\0\10\0\0\0\0\0\0\0\0", 11, dup(0)), 1);
  assert_int_equal(door_send(&to_root, soon()), 1);
  assert_int_equal(door_wait(&to_root, &f, soon()), 0);
  knock();
}

static void hangs_up_on_strangers(void **state)
{
  int wstat;
  (void)state;
  if (!ids.root)
    skip();
  assert_int_equal(chmod("run/local", 0666), 0);
  pid_t pid = fork();
  if (!pid) {
    door x;
    frame f;
    if (setresuid(ALICE, ALICE, ALICE) < 0 || !door_knock(&x, "local", DOOR_ACCEPT_FDS, soon()))
      _exit(1);
    (void)process_put_ask(&x, PROCESS_PLAIN, "bob");
    (void)door_send(&x, soon());
    _exit(door_wait(&x, &f, soon()) ? 2 : 0);
  }
  assert_int_equal(waitpid(pid, &wstat, 0), pid);
  assert_int_equal(wstat, 0);
}

static void bounds_processes(void **state)
{
  static door x[200];
  unsigned int n = 0;
  (void)state;
  reload("concurrencylocal", "2");
  for (; n < 200; n++) {
    frame f;
    result r;
    assert_true(process_put_ask(&to_root, PROCESS_PLAIN, "alice") && door_send(&to_root, soon()));
    assert_true(door_wait(&to_root, &f, soon()) && process_take_answer(&f, &last_number, &r));
    if (f.type == PROCESS_REFUSED) {
      assert_result(&r, RESULT_TEMPORARY, "unable to make a process for alice");
      break;
    }
    door_init(x + n, f.fd, DOOR_REFUSE_FDS);
  }
  unsigned int most = 2 * (2 + PROCESS_IDLE_MAX(2)) + ROOTDOOR_SPARE;
  assert_in_range(n, most - 4, most);
  while (n)
    door_close(x + --n);
  reload("concurrencylocal", "20");
}

/* TERM: the door ends at once, a process does what it was given and ends. */
static void drains(void **state)
{
  door busy, idle;
  int wstat;
  (void)state;
  ask_ok(&idle, PROCESS_PLAIN, "bob");
  pid_t idle_pid = newest_child();
  ask_ok(&busy, PROCESS_PLAIN, "alice");
  user_file("home/.forward", "\"|touch begun; sleep 1; exit 67\"\n");
  uint64_t number = put_job(&busy, "alice", "", "s@x.org", "alice@host.example", "A: b\n\nc\n");
  assert_int_equal(door_send(&busy, soon()), 1);
  for (int i = 0; i < 1500 && !exists("home/begun"); i++)
    poll(0, 0, 20);
  kill(door_pid, SIGTERM);
  assert_int_equal(waitpid(door_pid, &wstat, 0), door_pid);
  assert_int_equal(wstat, 0);
  door_pid = -1;
  assert_true(wait_end(idle_pid, 30));
  job_done *d = wait_done(&busy);
  assert_int_equal(d->number, number);
  assert_result(d->results, RESULT_PERMANENT, "code 67");
  unlink("home/.forward");
  door_close(&busy);
  door_close(&idle);
  unlink("run/local");
  start_door();
  knock();
  ask_ok(&busy, PROCESS_PLAIN, "alice");
  door_close(&busy);
}

int main(void)
{
  struct CMUnitTest const tests[] = {
      cmocka_unit_test(says_who_is_nobody),
      cmocka_unit_test(becomes_for_good),
      cmocka_unit_test(keeps_little_of_root),
      cmocka_unit_test(delivers_to_a_maildir),
      cmocka_unit_test(touches_nobody_elses_job),
      cmocka_unit_test(takes_a_batch),
      cmocka_unit_test(takes_several_recipients),
      cmocka_unit_test(follows_a_forward),
      cmocka_unit_test(cannot_write_elsewhere),
      cmocka_unit_test(delivers_to_the_spool),
      cmocka_unit_test(gives_roots_mail_to_ternm),
      cmocka_unit_test(kills_by_number),
      cmocka_unit_test(leaves_when_idle),
      cmocka_unit_test(leaves_when_settings_change),
      cmocka_unit_test(lets_jobs_go_without_a_runner),
      cmocka_unit_test(hangs_up_on_nonsense),
      cmocka_unit_test(hangs_up_on_strangers),
      cmocka_unit_test(bounds_processes),
      cmocka_unit_test(drains),
  };
  return cmocka_run_group_tests(tests, runner_setup, runner_teardown);
}
