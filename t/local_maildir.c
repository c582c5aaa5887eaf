/* Maildirs: what they hold, that a repeated delivery replaces its file, what is left of a failure. */
#include <dirent.h>
#include <sys/resource.h>
#include "t/local_house.h"
#include "local/maildir.h"

static maildir d = MAILDIR_ZERO;
static char last[300]; /* the name of the last file that `count` saw */

static unsigned int count(char const *name)
{
  unsigned int n = 0;
  DIR *dir = opendir(in_house(name));
  struct dirent *e;
  assert_non_null(dir);
  while ((e = readdir(dir)))
    if (e->d_name[0] != '.') {
      snprintf(last, sizeof last, "%s/%s", name, e->d_name);
      n++;
    }
  closedir(dir);
  return n;
}

static int home(void)
{
  static int fd = -1;
  if (fd < 0)
    fd = open("home", O_PATH | O_DIRECTORY | O_CLOEXEC);
  return fd;
}

static int deliver_job(job *j, char const *path, result *r)
{
  copy m;
  maildir_file f;
  copy_init(&m, j, 0);
  assert_int_equal(copy_load(&m), 1);
  if (!maildir_open(&d, home(), path, r) || !maildir_write(&d, &m, "host.example", &f, r))
    return 0;
  maildir_settle(&d, &f, 1);
  return r->class == RESULT_OK;
}

static void wipe(void)
{
  maildir_close(&d);
  assert_int_equal(rm_rf(in_house("home/Maildir")), 0);
}

#define TOP "Return-Path: <bob@x.org>\nX-Original-To: alice@host.example\nDelivered-To: alice@host.example\n"

static void delivers_small_and_large(void **state)
{
  static size_t const lengths[] = {
      8, 4096, COPY_BUFFER - 1, COPY_BUFFER, COPY_BUFFER + 1, 3 * COPY_BUFFER + 7, 5000000};
  (void)state;
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    char *body = malloc(lengths[i]);
    char *want = malloc(lengths[i] + 200);
    job j;
    result r;
    struct stat st;
    for (size_t k = 0; k < lengths[i]; k++)
      body[k] = (char)('a' + k % 23);
    memcpy(body, "A: b\n\nc\n", 8);
    fill_job(&j, "bob@x.org", "alice@host.example", body, lengths[i]);
    if (!deliver_job(&j, "Maildir/", &r))
      fail_msg("%s", r.text);
    assert_result(&r, RESULT_OK, "delivered to Maildir/");
    assert_int_equal(count("home/Maildir/tmp"), 0);
    assert_int_equal(count("home/Maildir/cur"), 0);
    assert_int_equal(count("home/Maildir/new"), 1);
    memcpy(want, TOP, strlen(TOP));
    memcpy(want + strlen(TOP), body, lengths[i]);
    char const *got = get_file(last);
    if (memcmp(got, want, lengths[i] + strlen(TOP)))
      fail_msg("%zu octets: got something else", lengths[i]);
    assert_int_equal(stat(last, &st), 0);
    assert_int_equal(st.st_size, lengths[i] + strlen(TOP));
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat("home/Maildir", &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    free(body);
    free(want);
    job_free(&j);
    wipe();
  }
}

#define WANT TOP "A: b\nDelivered-To: c@d\n\nReturn-Path: <no>\n"

static void leaves_return_paths_out(void **state)
{
  static char body[COPY_BUFFER + 1000];
  (void)state;
  for (int big = 0; big < 2; big++) {
    static char const head[] =
        "Return-Path: <x>\nA: b\nreturn-path: <y>\n <z>\nDelivered-To: c@d\n\nReturn-Path: <no>\n";
    job j;
    result r;
    size_t len = big ? sizeof body : sizeof head - 1;
    memset(body, 'x', sizeof body);
    memcpy(body, head, sizeof head - 1);
    fill_job(&j, "bob@x.org", "alice@host.example", body, len);
    assert_int_equal(deliver_job(&j, "Maildir/", &r), 1);
    assert_int_equal(count("home/Maildir/new"), 1);
    char const *s = get_file(last);
    assert_int_equal(strncmp(s, WANT, strlen(WANT)), 0);
    assert_int_equal(strlen(s), strlen(TOP) + len - strlen("Return-Path: <x>\nreturn-path: <y>\n <z>\n"));
    job_free(&j);
    wipe();
  }
}

static void replaces_its_own(void **state)
{
  job j, other;
  result r;
  char name[300];
  (void)state;
  fill_job(&j, "bob@x.org", "alice@host.example", "A: b\n\nc\n", 8);
  fill_job(&other, "bob@x.org", "alice+x@host.example", "A: b\n\nc\n", 8);
  memcpy(other.id, j.id, sizeof other.id);
  assert_int_equal(deliver_job(&j, "Maildir/", &r), 1);
  assert_int_equal(count("home/Maildir/new"), 1);
  strcpy(name, last);
  assert_int_equal(deliver_job(&j, "Maildir/", &r), 1);
  assert_int_equal(count("home/Maildir/new"), 1);
  assert_text(last, name);
  assert_int_equal(deliver_job(&other, "Maildir/", &r), 1);
  assert_int_equal(count("home/Maildir/new"), 2);
  wipe();
}

/* Folders are kept open, but a Maildir that was moved away is not delivered to. */
static void sees_a_new_folder(void **state)
{
  job j;
  result r;
  (void)state;
  fill_job(&j, "bob@x.org", "alice@host.example", "A: b\n\nc\n", 8);
  assert_int_equal(deliver_job(&j, "Maildir/", &r), 1);
  assert_int_equal(rename("home/Maildir", "home/Old"), 0);
  assert_int_equal(deliver_job(&j, "Maildir/", &r), 1);
  assert_int_equal(count("home/Maildir/new"), 1);
  assert_int_equal(count("home/Old/new"), 1);
  assert_int_equal(rm_rf(in_house("home/Old")), 0);
  assert_int_equal(rm_rf(in_house("home/Maildir/new")), 0);
  assert_int_equal(deliver_job(&j, "Maildir/", &r), 1);
  assert_int_equal(count("home/Maildir/new"), 1);
  wipe();
}

static void settles_a_batch(void **state)
{
  static job j[JOB_BATCH];
  static copy m[JOB_BATCH];
  static maildir_file f[JOB_BATCH];
  static result r[JOB_BATCH];
  (void)state;
  assert_int_equal(maildir_open(&d, home(), "Maildir/", r), 1);
  for (size_t i = 0; i < JOB_BATCH; i++) {
    fill_job(j + i, "bob@x.org", "alice@host.example", "A: b\n\nc\n", 8);
    copy_init(m + i, j + i, 0);
    assert_int_equal(copy_load(m + i), 1);
    assert_int_equal(maildir_write(&d, m + i, "host.example", f + i, r + i), 1);
  }
  assert_int_equal(count("home/Maildir/new"), 0);
  assert_int_equal(count("home/Maildir/tmp"), JOB_BATCH);
  unlinkat(d.tmp, strrchr(last, '/') + 1, 0); /* one is taken away: that one alone fails */
  maildir_settle(&d, f, JOB_BATCH);
  size_t failed = 0;
  for (size_t i = 0; i < JOB_BATCH; i++)
    failed += r[i].class != RESULT_OK;
  assert_int_equal(failed, 1);
  assert_int_equal(count("home/Maildir/tmp"), 0);
  assert_int_equal(count("home/Maildir/new"), JOB_BATCH - 1);
  wipe();
}

/* The runner went away before the rename: nothing is delivered, nothing is left. */
static void lets_go_when_alone(void **state)
{
  job j;
  result r;
  (void)state;
  pid_t pid = fork();
  if (!pid) {
    close(channel_end);
    fill_job(&j, "bob@x.org", "alice@host.example", "A: b\n\nc\n", 8);
    _exit(deliver_job(&j, "Maildir/", &r) ? 1 : r.class != RESULT_TEMPORARY);
  }
  int wstat;
  close(channel_end);
  assert_int_equal(waitpid(pid, &wstat, 0), pid);
  open_ends();
  assert_int_equal(wstat, 0);
  assert_int_equal(count("home/Maildir/new"), 0);
  assert_int_equal(count("home/Maildir/tmp"), 0);
  wipe();
}

static void bears_a_full_disk(void **state)
{
  static char body[200000] = "A: b\n\n";
  job j;
  result r = RESULT_ZERO;
  int wstat;
  (void)state;
  fill_job(&j, "bob@x.org", "alice@host.example", body, sizeof body);
  pid_t pid = fork();
  if (!pid) {
    struct rlimit l = {.rlim_cur = 100000, .rlim_max = 100000};
    setrlimit(RLIMIT_FSIZE, &l);
    assert_int_equal(deliver_job(&j, "Maildir/", &r), 0);
    assert_result(&r, RESULT_TEMPORARY, "File too large");
    _exit(0);
  }
  assert_int_equal(waitpid(pid, &wstat, 0), pid);
  assert_int_equal(wstat, 0);
  assert_int_equal(count("home/Maildir/tmp"), 0);
  assert_int_equal(count("home/Maildir/new"), 0);
  wipe();
}

static void refuses_what_is_no_folder(void **state)
{
  job j;
  result r = RESULT_ZERO;
  (void)state;
  fill_job(&j, "bob@x.org", "alice@host.example", "A: b\n\nc\n", 8);
  put_file("home/Maildir", "", 0600);
  assert_int_equal(deliver_job(&j, "Maildir/", &r), 0);
  assert_result(&r, RESULT_TEMPORARY, "unable to open Maildir/");
  unlink("home/Maildir");
  assert_int_equal(deliver_job(&j, "none/Maildir/", &r), 0);
  assert_result(&r, RESULT_TEMPORARY, "No such file");
  assert_int_equal(mkdir("home/Maildir", 0700), 0);
  assert_int_equal(mkfifo("home/Maildir/new", 0600), 0);
  assert_int_equal(deliver_job(&j, "Maildir/", &r), 0);
  assert_result(&r, RESULT_TEMPORARY, "unable to open");
  wipe();
}

static void bears_odd_host_names(void **state)
{
  copy m;
  job j;
  maildir_file f;
  result r;
  char host[300];
  (void)state;
  memset(host, '/', sizeof host - 1);
  host[sizeof host - 1] = 0;
  fill_job(&j, "bob@x.org", "alice@host.example", "A: b\n\nc\n", 8);
  copy_init(&m, &j, 0);
  assert_int_equal(copy_load(&m), 1);
  assert_int_equal(maildir_open(&d, home(), "Maildir/", &r), 1);
  assert_int_equal(maildir_write(&d, &m, host, &f, &r), 1);
  maildir_settle(&d, &f, 1);
  assert_result(&r, RESULT_OK, "");
  assert_int_equal(count("home/Maildir/new"), 1);
  assert_non_null(strstr(last, ".\\057\\057"));
  wipe();
}

int main(void)
{
  struct CMUnitTest const tests[] = {
      cmocka_unit_test(delivers_small_and_large), cmocka_unit_test(leaves_return_paths_out),
      cmocka_unit_test(replaces_its_own),         cmocka_unit_test(sees_a_new_folder),
      cmocka_unit_test(settles_a_batch),          cmocka_unit_test(lets_go_when_alone),
      cmocka_unit_test(bears_a_full_disk),        cmocka_unit_test(refuses_what_is_no_folder),
      cmocka_unit_test(bears_odd_host_names),
  };
  return cmocka_run_group_tests(tests, house_setup, house_teardown);
}
