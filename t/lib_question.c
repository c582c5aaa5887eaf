/* The frames of door `alias`: questions and answers of any size survive the way; who gets no answer, or
   nonsense, is told "later". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "lib/question.h"

static char folder[] = "/tmp/tern-question.XXXXXX";

static int enter(void **state)
{
  (void)state;
  tain_now_set_stopwatch_g();
  return !(mkdtemp(folder) && !chdir(folder) && !mkdir("run", 0755));
}

static int leave(void **state)
{
  (void)state;
  unlink("run/alias");
  return rmdir("run") || chdir("/") || rmdir(folder);
}

static void in(tain *deadline, int seconds)
{
  tain_now_g();
  tain_addsec_g(deadline, seconds);
}

static void pair(door *a, door *b)
{
  int fds[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
  door_init(a, fds[0], DOOR_REFUSE_FDS);
  door_init(b, fds[1], DOOR_REFUSE_FDS);
}

/* The records of all frames up to one of type `last`; `more` is the type of the others. */
static unsigned int collect(door *from, door *to, unsigned char more, unsigned char last, stralloc *out)
{
  unsigned int frames = 0;
  out->len = 0;
  for (;;) {
    frame f;
    enum door_got got = door_get(to, &f);
    if (got == DOOR_NOTHING) {
      (void)door_flush(from);
      continue;
    }
    assert_int_equal(got, DOOR_FRAME);
    assert_true(f.type == more || f.type == last);
    assert_true(stralloc_catb(out, f.s, f.len));
    frames++;
    if (f.type == last)
      return frames;
  }
}

static void sends_resolve(void **state)
{
  static door a, b;
  envelope e = ENVELOPE_ZERO;
  static uint32_t list[ENVELOPE_RCPT_MAX];
  stralloc got = STRALLOC_ZERO;
  char address[300];
  record one;
  (void)state;
  pair(&a, &b);
  memset(address, 'x', sizeof address);
  for (unsigned int i = 0; i < 1000; i++) {
    envelope_rcpt *r;
    snprintf(address + 200, sizeof address - 200, "%u@m.example", i);
    r = envelope_add(&e, address, strlen(address));
    assert_non_null(r);
    r->final = (unsigned char)(i % 3);
  }
  for (unsigned int i = 0; i < 500; i++)
    list[i] = 2 * i;
  assert_true(question_put_resolve(&a, &e, list, 500));
  assert_true(collect(&a, &b, QUESTION_RESOLVE_MORE, QUESTION_RESOLVE, &got) >= 2);
  record_reader reader = RECORD_READER(got.s, got.len);
  for (unsigned int i = 0; i < 500; i++) {
    snprintf(address + 200, sizeof address - 200, "%u@m.example", 2 * i);
    assert_int_equal(record_next(&reader, &one), RECORD_ONE);
    assert_true(one.type == QUESTION_ADDRESS && one.len == strlen(address) &&
                !memcmp(one.s, address, one.len));
    if (2 * i % 3 == FINAL_NOT)
      continue;
    assert_int_equal(record_next(&reader, &one), RECORD_ONE);
    assert_true(one.type == QUESTION_FINAL && one.len == 1 && (unsigned int)*one.s == 2 * i % 3);
  }
  assert_int_equal(reader.len, 0);
  assert_true(question_put_resolve(&a, &e, list, 0));
  assert_int_equal(collect(&a, &b, QUESTION_RESOLVE_MORE, QUESTION_RESOLVE, &got), 1);
  assert_int_equal(got.len, 0);
  stralloc_free(&got);
  envelope_free(&e);
  door_close(&a);
  door_close(&b);
}

static void cuts_answers_between_records(void **state)
{
  static size_t const sizes[] = {0, 1, 65530, 65531, 65532, 200000};
  static char const filling[1000];
  static door a, b;
  stralloc records = STRALLOC_ZERO, got = STRALLOC_ZERO;
  (void)state;
  pair(&a, &b);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    records.len = 0;
    while (records.len < sizes[i])
      assert_true(record_put(&records, ANSWER_MEMBER, filling, records.len % 997));
    assert_true(question_put_answer(&a, records.s, records.len));
    collect(&a, &b, ANSWER_MORE, ANSWER_LAST, &got);
    assert_int_equal(got.len, records.len);
    assert_true(!got.len || !memcmp(got.s, records.s, got.len));
  }
  stralloc_free(&records);
  stralloc_free(&got);
  door_close(&a);
  door_close(&b);
}

/* ---- a door that answers as the test wants: once a connection, then it closes */

static pid_t serve(char const *answer, size_t len, unsigned int connections, unsigned int questions)
{
  struct sockaddr_un addr = {.sun_family = AF_UNIX, .sun_path = "run/alias"};
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  pid_t pid;
  unlink("run/alias");
  assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof addr) == 0 && listen(fd, 5) == 0);
  pid = fork();
  if (!pid) {
    while (connections--) {
      int c = accept(fd, 0, 0);
      char buf[4096];
      for (unsigned int q = questions; q--;) {
        if (read(c, buf, sizeof buf) <= 0)
          break;
        if (len && write(c, answer, len) < 0)
          break;
      }
      close(c);
    }
    _exit(0);
  }
  close(fd);
  return pid;
}

/* One frame: length, no descriptors, version, type, records. */
static size_t frame_of(char *s, unsigned char type, stralloc const *records)
{
  size_t len = records->len + 2;
  char const head[] = {0, 0, (char)(len >> 8), (char)len, 0, 0, DOOR_VERSION, (char)type};
  memcpy(s, head, sizeof head);
  if (records->len)
    memcpy(s + sizeof head, records->s, records->len);
  return sizeof head + records->len;
}

static size_t meaning_frame(char *s, char meaning)
{
  stralloc records = STRALLOC_ZERO, packed = STRALLOC_ZERO;
  result r;
  size_t len;
  result_set(&r, meaning == MEANING_UNKNOWN ? RESULT_PERMANENT : RESULT_OK, STATUS_UNKNOWN_MAILBOX, "nobody");
  assert_true(result_pack(&packed, &r) && record_put(&records, ANSWER_MEANING, &meaning, 1) &&
              record_put(&records, ANSWER_RESULT, packed.s, packed.len));
  len = frame_of(s, ANSWER_LAST, &records);
  stralloc_free(&records);
  stralloc_free(&packed);
  return len;
}

static enum meaning exists(door *d, result *r, int seconds)
{
  tain deadline;
  in(&deadline, seconds);
  return question_exists(d, "joe", 3, r, &deadline);
}

static void asks_again_on_a_new_connection(void **state)
{
  static door d = {.fd = -1};
  char answer[512];
  size_t len = meaning_frame(answer, MEANING_UNKNOWN);
  pid_t pid = serve(answer, len, 3, 1);
  result r = RESULT_ZERO;
  (void)state;
  for (int i = 0; i < 3; i++) { /* each connection answers one question and is gone for the next */
    assert_int_equal(exists(&d, &r, 5), MEANING_UNKNOWN);
    assert_true(r.class == RESULT_PERMANENT && !strcmp(r.text, "nobody"));
  }
  waitpid(pid, 0, 0);
  assert_int_equal(exists(&d, &r, 5), MEANING_LATER);
  assert_int_equal(r.class, RESULT_TEMPORARY);
  assert_int_equal(d.fd, -1);
  unlink("run/alias");
  assert_int_equal(exists(&d, &r, 5), MEANING_LATER);
  door_close(&d);
}

static void takes_nonsense_for_later(void **state)
{
  static char const bad_meaning[] = "\0\0\0\x06\0\0\1a\x82\0\1z";
  static char const no_result[] = "\0\0\0\x06\0\0\1a\x82\0\1u";
  static char const too_much[] = "\0\0\0\x06\0\0\1a\x82\0\xffu";
  static char const other_type[] = "\0\0\0\2\0\0\1q";
  static char const other_version[] = "\0\0\0\2\0\0\2a";
  static char const huge[] = "\x0f\xff\xff\xff\0\0";
  static char const empty[] = "\0\0\0\2\0\0\1a";
  static struct {
    char const *s;
    size_t len;
  } const cases[] = {
      {bad_meaning, 12},  {no_result, 12}, {too_much, 12}, {other_type, 8},
      {other_version, 8}, {huge, 6},       {empty, 8},     {"", 0},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    static door d = {.fd = -1};
    result r = RESULT_ZERO;
    pid_t pid = serve(cases[i].s, cases[i].len, 1, 2);
    enum meaning m = exists(&d, &r, 1);
    if (m != MEANING_LATER || r.class != RESULT_TEMPORARY || d.fd != -1)
      fail_msg("case %zu: got %c %c fd %d", i, m, r.class, d.fd);
    door_close(&d);
    waitpid(pid, 0, 0);
  }
}

static void learns_a_name(void **state)
{
  static door d = {.fd = -1};
  stralloc records = STRALLOC_ZERO;
  char answer[200], name[64];
  tain deadline;
  pid_t pid;
  (void)state;
  assert_true(record_puts(&records, ANSWER_NAME, "mike"));
  pid = serve(answer, frame_of(answer, ANSWER_LAST, &records), 1, 2);
  in(&deadline, 5);
  assert_true(question_whoami(&d, name, sizeof name, &deadline));
  assert_string_equal(name, "mike");
  assert_false(question_whoami(&d, name, 4, &deadline));
  door_close(&d);
  waitpid(pid, 0, 0);
  stralloc_free(&records);
}

static void reads_targets(void **state)
{
  static door d = {.fd = -1};
  stralloc records = STRALLOC_ZERO, targets = STRALLOC_ZERO, owner = STRALLOC_ZERO;
  char answer[400];
  tain deadline;
  result r;
  pid_t pid;
  (void)state;
  assert_true(record_puts(&records, ANSWER_OWNER, "owner-x@m") &&
              record_puts(&records, ANSWER_TARGET, "|a b") && record_puts(&records, ANSWER_TARGET, "/c"));
  pid = serve(answer, frame_of(answer, ANSWER_LAST, &records), 1, 1);
  in(&deadline, 5);
  assert_true(question_targets(&d, "x", 1, &targets, &owner, &r, &deadline));
  assert_string_equal(owner.s, "owner-x@m");
  assert_memory_equal(targets.s, "|a b\0/c\0", 8);
  door_close(&d);
  waitpid(pid, 0, 0);
  in(&deadline, 2);
  assert_false(question_targets(&d, "x", 1, &targets, &owner, &r, &deadline));
  assert_int_equal(r.class, RESULT_TEMPORARY);
  stralloc_free(&records);
  stralloc_free(&targets);
  stralloc_free(&owner);
}

int main(void)
{
  struct CMUnitTest const tests[] = {
      cmocka_unit_test(sends_resolve),
      cmocka_unit_test(cuts_answers_between_records),
      cmocka_unit_test(asks_again_on_a_new_connection),
      cmocka_unit_test(takes_nonsense_for_later),
      cmocka_unit_test(learns_a_name),
      cmocka_unit_test(reads_targets),
  };
  return cmocka_run_group_tests(tests, enter, leave);
}
