/* Tests queue/store: what goes in comes out; every cut, flip and tear of a file is judged as the table in
   queue/README.md says; names that are taken, locks that are held and disks that are full. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <skalibs/stralloc.h>
#include "queue/file.h"
#include "queue/lock.h"
#include "queue/store.h"

static char home[] = "/tmp/tern-store.XXXXXX";

static int set_up(void **state)
{
  char folder[] = "queue/?";
  (void)state;
  umask(077);
  if (!mkdtemp(home) || chdir(home) < 0 || mkdir("queue", 0770) < 0 || mkdir("queue/bad", 0770) < 0)
    return -1;
  for (char const *p = STORE_FOLDERS; *p; p++) {
    folder[6] = *p;
    if (mkdir(folder, 0770) < 0)
      return -1;
  }
  return 0;
}

static int tear_down(void **state)
{
  char command[64];
  (void)state;
  snprintf(command, sizeof command, "rm -rf %s", home);
  return chdir("/") < 0 || system(command);
}

/* ---- helpers */

static void make_envelope(envelope *e, size_t rcpts)
{
  char address[48];
  assert_true(envelope_set_sender(e, "alice@example.org", 17));
  for (size_t k = 0; k < rcpts; k++)
    assert_non_null(envelope_add(e, address, (size_t)sprintf(address, "user%zu@example.org", k)));
}

/* A committed message with this body, given in `pieces` writes. */
static id commit(size_t rcpts, char const *body, size_t len, unsigned int pieces)
{
  envelope e = ENVELOPE_ZERO;
  stralloc records = STRALLOC_ZERO;
  store_new m = STORE_NEW_ZERO;
  make_envelope(&e, rcpts);
  assert_true(envelope_pack_all(&e, &records));
  assert_true(store_begin(&m, 7, &records, rcpts, 1234));
  for (; pieces > 1; pieces--) {
    struct iovec v[2] = {{.iov_base = (char *)body, .iov_len = len / pieces / 2}, {.iov_base = 0}};
    v[1] = (struct iovec){.iov_base = (char *)body + v[0].iov_len, .iov_len = len / pieces - v[0].iov_len};
    assert_true(store_write(&m, v, 2));
    body += len / pieces;
    len -= len / pieces;
  }
  struct iovec last = {.iov_base = (char *)body, .iov_len = len};
  assert_true(store_commit(&m, &last, 1));
  envelope_free(&e);
  stralloc_free(&records);
  return m.i;
}

static char *slurp(id const *i, size_t *len)
{
  char path[FILE_PATH];
  struct stat st;
  file_path(path, i);
  int fd = open(path, O_RDONLY);
  assert_true(fd >= 0 && !fstat(fd, &st));
  char *s = malloc((size_t)st.st_size + 1);
  assert_true(s && pread(fd, s, (size_t)st.st_size, 0) == st.st_size);
  close(fd);
  *len = (size_t)st.st_size;
  return s;
}

/* Writes only what is not zeros, so that holes stay holes. */
static void spill(id const *i, char const *s, size_t len)
{
  char path[FILE_PATH];
  file_path(path, i);
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0660);
  assert_true(fd >= 0 && !ftruncate(fd, (off_t)len));
  for (size_t at = 0; at < len;) {
    size_t n = len - at < FILE_SECTOR ? len - at : FILE_SECTOR;
    for (size_t k = 0; k < n; k++)
      if (s[at + k]) {
        assert_true(pwrite(fd, s + at, n, (off_t)at) == (ssize_t)n);
        break;
      }
    at += n;
  }
  close(fd);
}

static int exists(char const *path)
{
  return !access(path, F_OK);
}

static char const *const opened_names[] = {"opened", "gone", "busy", "undone", "damaged", "foreign", "error"};

static void expect(enum store_opened got, enum store_opened want, char const *what, size_t at)
{
  if (got != want)
    fail_msg("%s %zu: got %s, want %s", what, at, opened_names[got], opened_names[want]);
}

static void remove_bad(id const *i)
{
  char s[ID_LEN + 1], path[64];
  id_fmt(s, i);
  sprintf(path, "queue/bad/%s", s);
  if (!exists(path))
    fail_msg("%s: got nothing, want a file", path);
  unlink(path);
  strcat(path, ".why");
  if (!exists(path))
    fail_msg("%s: got nothing, want a reason", path);
  unlink(path);
}

/* ---- tests */

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

/* Bytes of an unfinished message: whatever is cut off, nobody was told of it. */
static void every_truncation(void **state)
{
  char why[STORE_WHY];
  store_message m = STORE_MESSAGE_ZERO;
  size_t len;
  (void)state;
  id i = commit(2, "Subject: x\n\nhello\n", 18, 1);
  char *s = slurp(&i, &len);
  for (size_t n = 0; n < len; n += n < FILE_STATE - 2 ? 501 : 1) {
    spill(&i, s, n);
    expect(store_open(&m, &i, 0, STORE_SCAN, why), STORE_UNDONE, "cut at", n);
    expect(store_open(&m, &i, 0, STORE_SCAN, why), STORE_GONE, "cut at", n);
    spill(&i, s, n);
    expect(store_open(&m, &i, 0, STORE_TOLD, why), STORE_DAMAGED, "told, cut at", n);
    remove_bad(&i);
  }
  free(s);
}

static void every_flip(void **state)
{
  char why[STORE_WHY];
  size_t len;
  (void)state;
  id i = commit(2, "Subject: x\n\nhello\n", 18, 1);
  char *s = slurp(&i, &len);
  for (size_t at = FILE_STATE; at < len; at++)
    for (int bit = 1; bit < 256; bit <<= 3) {
      store_message m = STORE_MESSAGE_ZERO;
      envelope e = ENVELOPE_ZERO;
      s[at] = (char)(s[at] ^ bit);
      spill(&i, s, len);
      expect(store_open(&m, &i, &e, STORE_SCAN, why), STORE_UNDONE, "flipped at", at);
      s[at] = (char)(s[at] ^ bit);
      envelope_free(&e);
    }
  free(s);
}

/* With a state the message was acknowledged: nothing is unlinked. */
static void flips_with_state(void **state)
{
  char why[STORE_WHY];
  store_message m = STORE_MESSAGE_ZERO;
  size_t len;
  (void)state;
  id i = commit(2, "Subject: x\n\nhello\n", 18, 1);
  expect(store_open(&m, &i, 0, STORE_TOLD, why), STORE_OPENED, "open", 0);
  store_mark(&m, 1, STORE_DONE);
  store_set(&m, 3, 1234567890123u, 1);
  assert_true(store_save(&m, 1));
  store_close(&m);
  char *s = slurp(&i, &len);
  for (size_t at = FILE_STATE; at < len; at++) {
    s[at] ^= 4;
    spill(&i, s, len);
    expect(store_open(&m, &i, 0, STORE_FIRST, why), STORE_DAMAGED, "flipped at", at);
    remove_bad(&i);
    s[at] ^= 4;
  }
  for (size_t at = 0; at < FILE_SECTOR; at++) {
    s[at] ^= 16;
    spill(&i, s, len);
    expect(store_open(&m, &i, 0, STORE_FIRST, why), STORE_OPENED, "torn at", at);
    if (m.state.rcpt[1] != STORE_NEW || m.state.attempts || m.state.hold)
      fail_msg("torn at %zu: got a mark, want none", at);
    store_close(&m);
    s[at] ^= 16;
  }
  spill(&i, s, len);
  expect(store_open(&m, &i, 0, STORE_FIRST, why), STORE_OPENED, "right again", 0);
  assert_int_equal(m.state.rcpt[0], STORE_NEW);
  assert_int_equal(m.state.rcpt[1], STORE_DONE);
  assert_int_equal(m.state.attempts, 3);
  assert_int_equal(m.state.next, 1234567890123u);
  assert_int_equal(m.state.hold, 1);
  assert_true(store_remove(&m));
  free(s);
}

/* A torn sector costs its own marks only, is zeros afterwards, and nothing of it can be read by who gets the
 * file. */
static void torn_sectors(void **state)
{
  char why[STORE_WHY], zeros[FILE_SECTOR] = "", s[FILE_SECTOR], path[FILE_PATH];
  store_message m = STORE_MESSAGE_ZERO;
  (void)state;
  id i = commit(ENVELOPE_RCPT_MAX, "x\n", 2, 1);
  expect(store_open(&m, &i, 0, STORE_TOLD, why), STORE_OPENED, "open", 0);
  for (size_t k = 0; k < m.state.n; k++)
    store_mark(&m, k, k % 3 ? STORE_DONE : STORE_DEFERRED);
  assert_true(store_save(&m, 0));
  assert_int_equal(m.state.dirty, 0);
  store_close(&m);
  file_path(path, &i);
  for (unsigned int torn = 0; torn < file_sectors(ENVELOPE_RCPT_MAX) + 1; torn++) {
    int fd = open(path, O_RDWR);
    char whole[FILE_SECTOR];
    assert_int_equal(pread(fd, whole, FILE_SECTOR, torn * FILE_SECTOR), FILE_SECTOR);
    assert_int_equal(pwrite(fd, "another message's secret", 24, torn * FILE_SECTOR + 100), 24);
    expect(store_open(&m, &i, 0, STORE_SCAN, why), STORE_OPENED, "sector", torn);
    for (size_t k = 0; k < m.state.n; k++) {
      unsigned char want = k / FILE_SECTOR_RCPTS == torn ? STORE_NEW : k % 3 ? STORE_DONE : STORE_DEFERRED;
      if (m.state.rcpt[k] != want)
        fail_msg("sector %u torn, recipient %zu: got %u, want %u", torn, k, m.state.rcpt[k], want);
    }
    store_close(&m);
    assert_int_equal(pread(fd, s, FILE_SECTOR, torn * FILE_SECTOR), FILE_SECTOR);
    assert_memory_equal(s, zeros, FILE_SECTOR);
    assert_int_equal(pwrite(fd, whole, FILE_SECTOR, torn * FILE_SECTOR), FILE_SECTOR);
    close(fd);
  }
  unlink(path);
}

/* The marks of one message, found in another's file, are torn: nothing mixes two messages. */
static void marks_of_another(void **state)
{
  char why[STORE_WHY];
  store_message m = STORE_MESSAGE_ZERO;
  size_t len, alen;
  (void)state;
  id one = commit(1, "one\n", 4, 1), two = commit(1, "two\n", 4, 1);
  expect(store_open(&m, &one, 0, STORE_TOLD, why), STORE_OPENED, "one", 0);
  store_mark(&m, 0, STORE_DONE);
  assert_true(store_save(&m, 0));
  store_close(&m);
  char *a = slurp(&one, &alen), *b = slurp(&two, &len);
  memcpy(b, a, FILE_SECTOR);
  spill(&two, b, len);
  expect(store_open(&m, &two, 0, STORE_SCAN, why), STORE_OPENED, "two", 0);
  assert_int_equal(m.state.rcpt[0], STORE_NEW);
  assert_true(store_remove(&m));
  spill(&two, a, alen);
  expect(store_open(&m, &two, 0, STORE_SCAN, why), STORE_DAMAGED, "two with the file of one", 0);
  remove_bad(&two);
  expect(store_open(&m, &one, 0, STORE_SCAN, why), STORE_OPENED, "one", 1);
  assert_true(store_remove(&m));
  free(a);
  free(b);
}

static void nonsense(void **state)
{
  char why[STORE_WHY], path[FILE_PATH], junk[40000];
  store_message m = STORE_MESSAGE_ZERO;
  id i;
  (void)state;
  id_make(&i, 1);
  file_path(path, &i);
  srandom(42);
  for (size_t k = 0; k < sizeof junk; k++)
    junk[k] = (char)random();
  spill(&i, junk, sizeof junk);
  expect(store_open(&m, &i, 0, STORE_SCAN, why), STORE_DAMAGED, "junk", 0);
  remove_bad(&i);
  assert_true(!symlink("/etc/passwd", path));
  expect(store_open(&m, &i, 0, STORE_SCAN, why), STORE_DAMAGED, "a symlink", 0);
  remove_bad(&i);
  assert_true(!mkfifo(path, 0660));
  expect(store_open(&m, &i, 0, STORE_SCAN, why), STORE_DAMAGED, "a fifo", 0);
  remove_bad(&i);
  id open_file = commit(1, "x\n", 2, 1);
  file_path(path, &open_file);
  assert_true(!chmod(path, 0666));
  expect(store_open(&m, &open_file, 0, STORE_SCAN, why), STORE_DAMAGED, "mode 0666", 0);
  remove_bad(&open_file);
}

/* What a newer tern wrote waits: another version, a record that must be understood. */
static void foreign(void **state)
{
  char why[STORE_WHY], head[FILE_HEAD], path[FILE_PATH];
  stralloc records = STRALLOC_ZERO;
  envelope e = ENVELOPE_ZERO;
  store_new m = STORE_NEW_ZERO;
  store_message got = STORE_MESSAGE_ZERO;
  (void)state;
  make_envelope(&e, 1);
  assert_true(envelope_pack_all(&e, &records) && record_put(&records, 60 | RECORD_MUST, "?", 1));
  assert_true(store_begin(&m, 1, &records, 1, 0) && store_commit(&m, 0, 0));
  envelope_clear(&e);
  expect(store_open(&got, &m.i, &e, STORE_SCAN, why), STORE_FOREIGN, "record", 0);
  file_path(path, &m.i);
  assert_true(exists(path));
  int fd = open(path, O_RDWR);
  assert_int_equal(pread(fd, head, FILE_HEAD, FILE_STATE), FILE_HEAD);
  head[11] = 9;
  /* the checksum covers the version: without the right one it is no newer version, but damage */
  assert_int_equal(pwrite(fd, head, FILE_HEAD, FILE_STATE), FILE_HEAD);
  expect(store_open(&got, &m.i, 0, STORE_SCAN, why), STORE_UNDONE, "version", 0);
  close(fd);
  envelope_free(&e);
  stralloc_free(&records);
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
  struct CMUnitTest const tests[] = {cmocka_unit_test(round_trip),   cmocka_unit_test(every_truncation),
                                     cmocka_unit_test(every_flip),   cmocka_unit_test(flips_with_state),
                                     cmocka_unit_test(torn_sectors), cmocka_unit_test(marks_of_another),
                                     cmocka_unit_test(nonsense),     cmocka_unit_test(foreign),
                                     cmocka_unit_test(busy),         cmocka_unit_test(abandoned),
                                     cmocka_unit_test(full),         cmocka_unit_test(notes),
                                     cmocka_unit_test(scan),         cmocka_unit_test(scan_beside_writer)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
