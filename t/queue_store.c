/* Tests queue/store: what goes in comes out; locks that are held, disks that are full, notes, and scans
   beside a writer. */
#include "t/queue_files.h"

static void round_trip(void **state)
{
  static struct {
    char const *name;
    size_t rcpts, len;
    unsigned int pieces;
  } const cases[] = {{"small", 1, 4096, 1},
                     {"empty body", 1, 0, 1},
                     {"pieces", 2, 100000, 3},
                     {"many", 10000, 5000, 1},
                     {"many and pieces", 449, 300001, 5},
                     {"one octet", 1, 1, 1}};
  (void)state;
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
    char why[STORE_WHY];
    envelope e = ENVELOPE_ZERO;
    store_message m = STORE_MESSAGE_ZERO;
    char *body = malloc(cases[k].len + 1);
    for (size_t n = 0; n < cases[k].len; n++)
      body[n] = (char)(n * 31 + n / 255);
    id i = commit(cases[k].rcpts, body, cases[k].len, cases[k].pieces);
    expect(store_open(&m, &i, &e, STORE_FIRST, why), STORE_OPENED, cases[k].name, 0);
    assert_int_equal(m.uid, 1234);
    assert_int_equal(m.length, cases[k].len);
    assert_int_equal(envelope_count(&e), cases[k].rcpts);
    assert_string_equal(envelope_string(&e, e.sender), "alice@example.org");
    assert_int_equal(m.state.n, cases[k].rcpts);
    assert_int_equal(m.state.attempts, 0);
    int fd = store_reader(&m);
    char *got = malloc(cases[k].len + 1);
    assert_int_equal(pread(fd, got, cases[k].len, (off_t)m.body), cases[k].len);
    assert_memory_equal(got, body, cases[k].len);
    assert_int_equal(write(fd, "x", 1), -1);
    struct stat st;
    assert_true(!fstat(fd, &st));
    assert_int_equal(st.st_mode & 07777, 0660);
    close(fd);
    assert_true(store_remove(&m));
    expect(store_open(&m, &i, 0, STORE_TOLD, why), STORE_GONE, cases[k].name, 1);
    free(got);
    free(body);
    envelope_free(&e);
  }
}

static void busy(void **state)
{
  char why[STORE_WHY];
  store_message m = STORE_MESSAGE_ZERO, other = STORE_MESSAGE_ZERO;
  stralloc records = STRALLOC_ZERO;
  envelope e = ENVELOPE_ZERO;
  store_new n = STORE_NEW_ZERO;
  int active;
  (void)state;
  make_envelope(&e, 1);
  assert_true(envelope_pack_all(&e, &records));
  assert_true(store_begin(&n, 1, &records, 1, 0));
  expect(store_open(&m, &n.i, 0, STORE_SCAN, why), STORE_BUSY, "while it is filled", 0);
  expect(store_look(&m, &n.i, 0, &active), STORE_UNDONE, "look while it is filled", 0);
  assert_true(active);
  assert_true(store_commit(&n, 0, 0));
  expect(store_open(&m, &n.i, 0, STORE_SCAN, why), STORE_OPENED, "committed", 0);
  expect(store_open(&other, &n.i, 0, STORE_SCAN, why), STORE_BUSY, "while it is open", 0);
  expect(store_look(&other, &n.i, 0, &active), STORE_OPENED, "look while it is open", 0);
  assert_true(active);
  store_close(&other);
  pid_t pid = fork();
  if (!pid)
    _exit(store_open(&other, &n.i, 0, STORE_SCAN, why) == STORE_BUSY ? 0 : 1);
  int wstat;
  assert_true(waitpid(pid, &wstat, 0) == pid && !wstat);
  store_close(&m);
  expect(store_look(&other, &n.i, 0, &active), STORE_OPENED, "look afterwards", 0);
  assert_false(active);
  store_close(&other);
  expect(store_open(&m, &n.i, 0, STORE_SCAN, why), STORE_OPENED, "afterwards", 0);
  assert_true(store_remove(&m));
  envelope_free(&e);
  stralloc_free(&records);
}

static void abandoned(void **state)
{
  stralloc records = STRALLOC_ZERO;
  store_new n = STORE_NEW_ZERO;
  char path[FILE_PATH];
  struct iovec v = {.iov_base = (char *)"x", .iov_len = 1};
  (void)state;
  assert_true(stralloc_cats(&records, "records"));
  assert_true(store_begin(&n, 1, &records, 1, 0) && store_write(&n, &v, 1));
  file_path(path, &n.i);
  assert_true(exists(path));
  store_abandon(&n);
  store_abandon(&n);
  assert_false(exists(path));
  stralloc_free(&records);
}

/* No room: the file is gone, the reason stands in errno, and nothing but that message suffers. */
static void full(void **state)
{
  stralloc records = STRALLOC_ZERO;
  char body[8192];
  struct rlimit old, small = {.rlim_cur = FILE_STATE + 4096, .rlim_max = RLIM_INFINITY};
  struct iovec v = {.iov_base = body, .iov_len = sizeof body};
  (void)state;
  memset(body, 'x', sizeof body);
  assert_true(stralloc_cats(&records, "records"));
  signal(SIGXFSZ, SIG_IGN);
  assert_true(!getrlimit(RLIMIT_FSIZE, &old));
  small.rlim_max = old.rlim_max;
  assert_true(!setrlimit(RLIMIT_FSIZE, &small));
  for (int pieces = 0; pieces < 2; pieces++) {
    store_new n = STORE_NEW_ZERO;
    char path[FILE_PATH];
    assert_true(store_begin(&n, 1, &records, 1, 0));
    file_path(path, &n.i);
    if (pieces)
      assert_false(store_write(&n, &v, 1));
    else
      assert_false(store_commit(&n, &v, 1));
    assert_int_equal(errno, EFBIG);
    store_abandon(&n);
    if (exists(path))
      fail_msg("%s: got a file, want none", path);
  }
  assert_true(!setrlimit(RLIMIT_FSIZE, &old));
  stralloc_free(&records);
}

struct collected {
  unsigned int n;
  uint32_t sum;
  char text[RESULT_TEXT];
};

static int collect(void *data, uint32_t rcpt, result const *r, uint64_t when)
{
  struct collected *c = data;
  assert_int_equal(when, 1700000000);
  c->n++;
  c->sum += rcpt;
  strcpy(c->text, r->text);
  return 1;
}

static void notes(void **state)
{
  enum { N = 10000 };
  static uint32_t rcpts[N];
  char why[STORE_WHY];
  store_message m = STORE_MESSAGE_ZERO;
  struct collected c = {.n = 0};
  struct stat st;
  (void)state;
  result *results = calloc(N, sizeof *results);
  id i = commit(N, "x\n", 2, 1);
  for (uint32_t k = 0; k < N; k++) {
    rcpts[k] = k;
    result_set(results + k, RESULT_TEMPORARY, STATUS_NO_ANSWER, "host %u does not answer", k % 10);
  }
  expect(store_open(&m, &i, 0, STORE_TOLD, why), STORE_OPENED, "open", 0);
  uint64_t plain = m.end;
  assert_true(store_note(&m, rcpts, results, N, 1700000000));
  assert_true(store_notes(&m, &collect, &c));
  assert_int_equal(c.n, N);
  assert_int_equal(c.sum, (uint32_t)N * (N - 1) / 2);
  if (m.end - plain > 4 * N + 10 * 100)
    fail_msg("notes of 10 results: got %llu bytes", (unsigned long long)(m.end - plain));
  c = (struct collected){.n = 0};
  assert_true(store_note(&m, rcpts + 5, results + 5, 1, 1700000000));
  assert_true(store_notes(&m, &collect, &c));
  assert_int_equal(c.n, 1);
  assert_int_equal(c.sum, 5);
  assert_string_equal(c.text, "host 5 does not answer");
  assert_true(!fstat(m.fd, &st) && (uint64_t)st.st_size == m.end);
  store_close(&m);
  /* each tear of the note: it is gone, the message is not */
  size_t len;
  char *s = slurp(&i, &len);
  for (size_t at = plain; at < len; at++) {
    s[at] ^= 1;
    spill(&i, s, len);
    expect(store_open(&m, &i, 0, STORE_FIRST, why), STORE_OPENED, "note torn at", at);
    c.n = 0;
    assert_true(store_notes(&m, &collect, &c));
    if (c.n || m.end != plain)
      fail_msg("note torn at %zu: got %u notes and size %llu, want 0 and %llu", at, c.n,
               (unsigned long long)m.end, (unsigned long long)plain);
    store_close(&m);
    s[at] ^= 1;
  }
  spill(&i, s, len);
  expect(store_open(&m, &i, 0, STORE_FIRST, why), STORE_OPENED, "whole again", 0);
  assert_true(store_note(&m, 0, 0, 0, 1700000000));
  assert_int_equal(m.end, plain);
  assert_true(store_remove(&m));
  free(s);
  free(results);
}

static unsigned int strays;
static void count_stray(char const *path)
{
  if (strncmp(path, "queue/", 6))
    fail_msg("stray: got %s, want it below queue/", path);
  strays++;
}

static void scan(void **state)
{
  enum { N = 200 };
  store_scan s = STORE_SCAN_ZERO;
  id i;
  unsigned int n = 0;
  char why[STORE_WHY];
  (void)state;
  for (unsigned int k = 0; k < N; k++)
    (void)commit(1, "x\n", 2, 1);
  static char const *const names[] = {"queue/0/junk", "queue/5/.hidden", "queue/V/000000000000000000v",
                                      "queue/V/00000000000000000001", "queue/V/0000000000000000000V0"};
  for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
    close(open(names[k], O_WRONLY | O_CREAT, 0660));
  strays = 0;
  int r;
  while ((r = store_scan_next(&s, &i, &count_stray)) > 0) {
    store_message m = STORE_MESSAGE_ZERO;
    n++;
    expect(store_open(&m, &i, 0, STORE_SCAN, why), STORE_OPENED, "scanned", n);
    assert_true(store_remove(&m));
  }
  store_scan_end(&s);
  assert_int_equal(r, 0);
  assert_int_equal(n, N);
  assert_int_equal(strays, 4);
  for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
    unlink(names[k]);
}

/* A scan that unlinks what it finds, beside a writer: between creation and lock a file may go, a message may
 * not. */
static void scan_beside_writer(void **state)
{
  enum { N = 3000 };
  int p[2];
  (void)state;
  assert_true(!pipe(p));
  pid_t pid = fork();
  if (!pid) {
    close(p[0]);
    for (unsigned int k = 0; k < N; k++) {
      id i = commit(1, "x\n", 2, 1);
      if (write(p[1], &i, sizeof i) != sizeof i)
        _exit(1);
    }
    _exit(0);
  }
  close(p[1]);
  fcntl(p[0], F_SETFL, O_NONBLOCK);
  id told[64];
  unsigned int committed = 0, lost = 0, undone = 0;
  for (int open_end = 1; open_end;) {
    store_scan s = STORE_SCAN_ZERO;
    id i;
    char why[STORE_WHY];
    while (store_scan_next(&s, &i, 0) > 0) {
      store_message m = STORE_MESSAGE_ZERO;
      enum store_opened o = store_open(&m, &i, 0, STORE_SCAN, why);
      undone += o == STORE_UNDONE;
      if (o == STORE_DAMAGED || o == STORE_ERROR)
        fail_msg("scan: got %s, want anything else", opened_names[o]);
      store_close(&m);
    }
    store_scan_end(&s);
    ssize_t r;
    while ((r = read(p[0], told, sizeof told)) > 0)
      for (size_t k = 0; k < (size_t)r / sizeof(id); k++) {
        char path[FILE_PATH];
        file_path(path, told + k);
        committed++;
        lost += !!unlink(path);
      }
    open_end = r < 0;
  }
  int wstat;
  assert_true(waitpid(pid, &wstat, 0) == pid && !wstat);
  close(p[0]);
  if (committed != N || lost)
    fail_msg("got %u committed and %u lost (%u undone), want %u and 0", committed, lost, undone, N);
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(round_trip),
                                     cmocka_unit_test(busy),
                                     cmocka_unit_test(abandoned),
                                     cmocka_unit_test(full),
                                     cmocka_unit_test(notes),
                                     cmocka_unit_test(scan),
                                     cmocka_unit_test(scan_beside_writer)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
