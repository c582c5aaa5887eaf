/* Mailboxes in one file: quoting, locks against another process, what is refused, what a full disk leaves. */
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <utime.h>
#include "t/local_house.h"
#include "local/mbox.h"

static job j = JOB_ZERO;
static copy m;

static void fill(char const *sender, char const *body, size_t len)
{
  fill_job(&j, sender, "alice@host.example", body, len);
  copy_init(&m, &j, 0);
  assert_int_equal(copy_load(&m), 1);
}

/* The result is in *r. */
static int deliver_one(char const *name, enum mbox_kind kind, unsigned int wait, result *r)
{
  mbox b;
  return mbox_open(&b, in_house(name), kind, wait, r) && mbox_append(&b, &m, r) + 2 * mbox_close(&b, r) == 3;
}

/* The mailbox without its From_ lines' dates. */
static char const *dateless(char const *name)
{
  static stralloc sa = STRALLOC_ZERO;
  char const *s = get_file(name);
  sa.len = 0;
  while (*s) {
    size_t n = strcspn(s, "\n") + 1;
    if (!strncmp(s, "From ", 5)) {
      stralloc_catb(&sa, s, 5 + strcspn(s + 5, " "));
      stralloc_catb(&sa, "\n", 1);
    } else
      stralloc_catb(&sa, s, n);
    s += n;
  }
  stralloc_0(&sa);
  return sa.s;
}

#define TOP                                                                                                  \
  "From bob@x.org\nReturn-Path: <bob@x.org>\nX-Original-To: alice@host.example\nDelivered-To: "              \
  "alice@host.example\n"

struct quote_case {
  char const *body, *want;
};
static struct quote_case const quotes[] = {
    {"Subject: a\n\nbody\n", "Subject: a\n\nbody\n\n"},
    {"Subject: a\n\nno end", "Subject: a\n\nno end\n\n"},
    {"", "\n"},
    {"A: b\n\nFrom here\n From there\nFrom\n>From x\nFro",
     "A: b\n\n>From here\n From there\nFrom\n>From x\nFro\n\n"},
    {"A: b\n\nFrom \nFrom From \nx From \n", "A: b\n\n>From \n>From From \nx From \n\n"},
    {"From first\nA: b\n\nFFrom x\nFr\nFrom", ">From first\nA: b\n\nFFrom x\nFr\nFrom\n\n"},
    {"Return-Path: <x@y>\nA: b\n\nc\n", "A: b\n\nc\n\n"},
    {"A: b\n\nFrom ", "A: b\n\n>From \n\n"},
};

static void quotes_from_(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof quotes / sizeof *quotes; i++) {
    char want[1000];
    result r;
    fill("bob@x.org", quotes[i].body, strlen(quotes[i].body));
    if (!deliver_one("spool/alice", MBOX_SPOOL, 0, &r))
      fail_msg("%s", r.text);
    snprintf(want, sizeof want, "%s%s", TOP, quotes[i].want);
    if (strcmp(dateless("spool/alice"), want))
      fail_msg("\"%s\": got \"%s\", want \"%s\"", quotes[i].body, dateless("spool/alice"), want);
    assert_false(exists("spool/alice.lock"));
    unlink("spool/alice");
    job_free(&j);
  }
}

/* "From " at every place around the end of the buffer. */
static void quotes_across_reads(void **state)
{
  static char body[COPY_BUFFER + 4096];
  (void)state;
  for (size_t at = COPY_BUFFER - 8; at < COPY_BUFFER + 2; at++) {
    result r;
    struct stat st;
    memset(body, 'x', sizeof body);
    memcpy(body, "A: b\n\n", 6);
    memcpy(body + at, "\nFrom y", 7);
    body[sizeof body - 1] = '\n';
    fill("", body, sizeof body);
    assert_int_equal(deliver_one("spool/alice", MBOX_SPOOL, 0, &r), 1);
    char const *s = get_file("spool/alice");
    if (!strstr(s, "x\n>From yx"))
      fail_msg("at %zu: not quoted", at);
    assert_int_equal(stat("spool/alice", &st), 0);
    assert_int_equal(st.st_size, (size_t)(strstr(s, "A: b\n\n") - s) + sizeof body + 2);
    unlink("spool/alice");
    job_free(&j);
  }
}

static void makes_it_private_and_ours(void **state)
{
  struct stat st;
  result r;
  (void)state;
  umask(0);
  fill("bob@x.org", "A: b\n\nc\n", 8);
  assert_int_equal(deliver_one("spool/alice", MBOX_SPOOL, 0, &r), 1);
  umask(022);
  assert_int_equal(stat("spool/alice", &st), 0);
  assert_int_equal(st.st_mode & 07777, 0600);
  assert_int_equal(st.st_uid, geteuid());
  assert_int_equal(deliver_one("spool/alice", MBOX_SPOOL, 0, &r), 1);
  assert_text(dateless("spool/alice"), TOP "A: b\n\nc\n\n" TOP "A: b\n\nc\n\n");
  unlink("spool/alice");
}

/* What a writer that was killed left does not swallow the next message. */
static void begins_a_line_of_its_own(void **state)
{
  result r;
  static char const *const before[] = {"half a li", "a line\n", "a line\n\n", "\n", "x"};
  static char const *const glue[] = {"\n\n", "\n", "", "", "\n\n"};
  (void)state;
  for (size_t i = 0; i < 5; i++) {
    char want[400];
    put_file("spool/alice", before[i], 0600);
    assert_int_equal(deliver_one("spool/alice", MBOX_SPOOL, 0, &r), 1);
    snprintf(want, sizeof want, "%s%s%sA: b\n\nc\n\n", before[i], glue[i], TOP);
    assert_text(dateless("spool/alice"), want);
  }
  unlink("spool/alice");
}

/* ---- what is refused: always temporary, and nothing is touched */

static void refuse(char const *part)
{
  result r = RESULT_ZERO;
  if (deliver_one("spool/alice", MBOX_SPOOL, 0, &r))
    fail_msg("delivered, want %s", part);
  assert_result(&r, RESULT_TEMPORARY, part);
  unlink("spool/alice");
  rmdir("spool/alice");
}

static void refuses_tricks(void **state)
{
  (void)state;
  put_file("secret", "secret\n", 0600);
  assert_int_equal(symlink("../secret", "spool/alice"), 0);
  refuse("unable to open");
  assert_int_equal(symlink("../missing", "spool/alice"), 0);
  refuse("unable to open");
  assert_false(exists("missing"));
  assert_int_equal(link("secret", "spool/alice"), 0);
  refuse("more than one link");
  assert_int_equal(mkfifo("spool/alice", 0600), 0);
  refuse("not a regular file");
  assert_int_equal(mkdir("spool/alice", 0700), 0);
  refuse("unable to open");
  if (!geteuid()) {
    assert_int_equal(mknod("spool/alice", S_IFCHR | 0666, makedev(1, 5)), 0);
    refuse("not a regular file");
    put_file("spool/alice", "", 0666);
    assert_int_equal(chown("spool/alice", 20002, 20002), 0);
    refuse("belongs to someone else");
  }
  assert_text(get_file("secret"), "secret\n");
}

/* ---- locks */

static pid_t holder(char const *name, int flock_too, unsigned int milliseconds)
{
  int p[2];
  char c;
  assert_int_equal(pipe(p), 0);
  pid_t pid = fork();
  if (!pid) {
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = open(in_house(name), O_RDWR | O_CREAT, 0600);
    if (fcntl(fd, F_SETLK, &l) < 0 || (flock_too && flock(fd, LOCK_EX) < 0))
      _exit(1);
    (void)!write(p[1], "", 1);
    usleep(milliseconds * 1000);
    _exit(0);
  }
  assert_int_equal(read(p[0], &c, 1), 1);
  close(p[0]), close(p[1]);
  return pid;
}

static void waits_for_fcntl(void **state)
{
  result r = RESULT_ZERO;
  int wstat;
  pid_t pid = holder("spool/alice", 0, 600);
  (void)state;
  assert_int_equal(deliver_one("spool/alice", MBOX_SPOOL, 0, &r), 0);
  assert_result(&r, RESULT_TEMPORARY, "locked by another program");
  assert_false(exists("spool/alice.lock"));
  assert_int_equal(deliver_one("spool/alice", MBOX_SPOOL, 5, &r), 1);
  assert_int_equal(waitpid(pid, &wstat, 0), pid);
  assert_int_equal(wstat, 0);
  unlink("spool/alice");
}

static void waits_for_a_dotlock(void **state)
{
  struct utimbuf old = {.actime = time(0) - 1000, .modtime = time(0) - 1000};
  result r = RESULT_ZERO;
  (void)state;
  put_file("spool/alice.lock", "1234\n", 0600);
  assert_int_equal(deliver_one("spool/alice", MBOX_SPOOL, 0, &r), 0);
  assert_result(&r, RESULT_TEMPORARY, "locked by another program");
  assert_text(get_file("spool/alice"), "");
  assert_int_equal(utime(in_house("spool/alice.lock"), &old), 0);
  assert_int_equal(deliver_one("spool/alice", MBOX_SPOOL, 0, &r), 1); /* stale */
  assert_false(exists("spool/alice.lock"));
  put_file("spool/alice.lock", "", 01600); /* ours, and its maker is dead: we have the fcntl lock */
  assert_int_equal(deliver_one("spool/alice", MBOX_SPOOL, 0, &r), 1);
  assert_false(exists("spool/alice.lock"));
  unlink("spool/alice");
}

/* Eight processes append at once: nothing is lost or mixed. */
static void keeps_writers_apart(void **state)
{
  int wstat;
  unsigned int n = 0;
  (void)state;
  for (int i = 0; i < 8; i++) {
    pid_t pid = fork();
    if (!pid) {
      result r;
      for (int k = 0; k < 10; k++)
        if (!deliver_one("spool/alice", MBOX_SPOOL, 10, &r))
          _exit(1);
      _exit(0);
    }
  }
  while (wait(&wstat) > 0)
    assert_int_equal(wstat, 0);
  for (char const *s = dateless("spool/alice"); *s; s += strlen(TOP "A: b\n\nc\n\n"), n++)
    assert_int_equal(strncmp(s, TOP "A: b\n\nc\n\n", strlen(TOP "A: b\n\nc\n\n")), 0);
  assert_int_equal(n, 80);
  unlink("spool/alice");
}

/* A folder in which we may make no dotlock: the fcntl lock has to do. */
static void goes_on_without_a_dotlock(void **state)
{
  int wstat;
  (void)state;
  if (geteuid())
    skip();
  put_file("spool/bob", "", 0600);
  assert_int_equal(chown("spool/bob", 20001, 20001), 0);
  chmod("spool", 0755);
  pid_t pid = fork();
  if (!pid) {
    result r;
    assert_int_equal(setresuid(20001, 20001, 20001), 0);
    _exit(deliver_one("spool/bob", MBOX_SPOOL, 0, &r) ? 0 : 1);
  }
  assert_int_equal(waitpid(pid, &wstat, 0), pid);
  assert_int_equal(wstat, 0);
  assert_text(dateless("spool/bob"), TOP "A: b\n\nc\n\n");
}

/* ---- a full disk: the file is as before, others of the batch stay */

static void takes_back_what_did_not_fit(void **state)
{
  static char big[300000];
  int wstat;
  (void)state;
  put_file("spool/alice", "From x\n\nold\n\n", 0600);
  pid_t pid = fork();
  if (!pid) {
    struct rlimit l = {.rlim_cur = 100000, .rlim_max = 100000};
    result r = RESULT_ZERO;
    mbox b;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
    assert_int_equal(mbox_open(&b, in_house("spool/alice"), MBOX_SPOOL, 0, &r), 1);
    assert_int_equal(mbox_append(&b, &m, &r), 1);
    memset(big, 'x', sizeof big);
    job j2;
    copy m2;
    l.rlim_cur = l.rlim_max;
    fill_job(&j2, "a@b", "alice@host.example", big, 90000);
    copy_init(&m2, &j2, 0);
    m2.length = 200000; /* the file is shorter: also an error in the middle */
    assert_int_equal(copy_load(&m2), 0);
    m2.length = 90000;
    copy_init(&m2, &j2, 0);
    assert_int_equal(copy_load(&m2), 1);
    assert_int_equal(mbox_append(&b, &m2, &r), 1);
    assert_int_equal(mbox_append(&b, &m2, &r), 0);
    assert_result(&r, RESULT_TEMPORARY, "File too large");
    assert_int_equal(r.status, STATUS_MAILBOX_FULL);
    assert_int_equal(mbox_append(&b, &m, &r), 1);
    assert_int_equal(mbox_close(&b, &r), 1);
    _exit(0);
  }
  assert_int_equal(waitpid(pid, &wstat, 0), pid);
  assert_int_equal(wstat, 0);
  char const *s = dateless("spool/alice");
  assert_non_null(strstr(s, "\n\nold\n\n" TOP "A: b\n\nc\n\n"));
  assert_text(s + strlen(s) - strlen(TOP "A: b\n\nc\n\n"), TOP "A: b\n\nc\n\n");
  unlink("spool/alice");
}

static void writes_to_files(void **state)
{
  result r;
  (void)state;
  put_file("box", "", 0600);
  assert_int_equal(symlink("box", "lbox"), 0);
  assert_int_equal(deliver_one("lbox", MBOX_FILE, 0, &r), 1);
  assert_text(dateless("box"), TOP "A: b\n\nc\n\n");
  assert_int_equal(deliver_one("nofolder/box", MBOX_FILE, 0, &r), 0);
  assert_result(&r, RESULT_TEMPORARY, "unable to open");
  unlink("box");
  assert_int_equal(mkfifo("box", 0600), 0);
  assert_int_equal(deliver_one("box", MBOX_FILE, 0, &r), 0);
  assert_result(&r, RESULT_TEMPORARY, "not a regular file");
}

int main(void)
{
  struct CMUnitTest const tests[] = {
      cmocka_unit_test(quotes_from_),
      cmocka_unit_test(quotes_across_reads),
      cmocka_unit_test(makes_it_private_and_ours),
      cmocka_unit_test(begins_a_line_of_its_own),
      cmocka_unit_test(refuses_tricks),
      cmocka_unit_test(waits_for_fcntl),
      cmocka_unit_test(waits_for_a_dotlock),
      cmocka_unit_test(keeps_writers_apart),
      cmocka_unit_test(takes_back_what_did_not_fit),
      cmocka_unit_test(writes_to_files),
      cmocka_unit_test(goes_on_without_a_dotlock),
  };
  return cmocka_run_group_tests(tests, house_setup, house_teardown);
}
