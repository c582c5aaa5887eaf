/* Tests queue/store with files that something happened to: every cut, flip and tear is judged as the table in
   queue/README.md says, and nothing mixes two messages. */
#include "t/queue_files.h"

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

/* A torn mark does not hide that the body is wrong: it is looked at before the mark is mended. */
static void torn_and_wrong(void **state)
{
  char why[STORE_WHY];
  store_message m = STORE_MESSAGE_ZERO;
  size_t len;
  (void)state;
  id i = commit(2, "Subject: x\n\nhello\n", 18, 1);
  char *s = slurp(&i, &len);
  memset(s, 'x', FILE_SECTOR);
  spill(&i, s, len);
  expect(store_open(&m, &i, 0, STORE_SCAN, why), STORE_OPENED, "torn", 0);
  assert_true(m.checked);
  store_close(&m);
  s[len - 1] ^= 4;
  spill(&i, s, len);
  expect(store_open(&m, &i, 0, STORE_SCAN, why), STORE_DAMAGED, "torn and wrong", 0);
  remove_bad(&i);
  free(s);
}

/* A power cut may leave both names of a file that was on its way to bad/. */
static void two_names(void **state)
{
  char why[STORE_WHY], text[ID_LEN + 1], path[FILE_PATH], bad[64];
  store_message m = STORE_MESSAGE_ZERO;
  (void)state;
  id i = commit(1, "x\n", 2, 1);
  file_path(path, &i);
  id_fmt(text, &i);
  sprintf(bad, "queue/bad/%s", text);
  assert_true(!chmod(path, 0666) && !link(path, bad));
  expect(store_open(&m, &i, 0, STORE_SCAN, why), STORE_DAMAGED, "two names", 0);
  assert_false(exists(path));
  remove_bad(&i);
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

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(every_truncation), cmocka_unit_test(every_flip),
                                     cmocka_unit_test(flips_with_state), cmocka_unit_test(torn_sectors),
                                     cmocka_unit_test(marks_of_another), cmocka_unit_test(nonsense),
                                     cmocka_unit_test(torn_and_wrong),   cmocka_unit_test(two_names),
                                     cmocka_unit_test(foreign)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
