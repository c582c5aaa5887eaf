/* Jobs and their answers: what is put is what is taken, and nonsense from a process that was taken over is
 * refused. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "lib/job.h"
#include "lib/record.h"

static door near_end, far_end;

static int doors(void **state)
{
  int fd[2];
  (void)state;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
  door_init(&near_end, fd[0], DOOR_ACCEPT_FDS);
  door_init(&far_end, fd[1], DOOR_ACCEPT_FDS);
  return 0;
}

static int closed(void **state)
{
  (void)state;
  door_close(&near_end);
  door_close(&far_end);
  return 0;
}

static void carry(frame *f)
{
  assert_int_equal(door_flush(&near_end), 1);
  assert_int_equal(door_get(&far_end, f), DOOR_FRAME);
}

static void a_job_arrives_whole(void **state)
{
  job j = JOB_ZERO;
  job k = JOB_ZERO;
  frame f;
  (void)state;
  j.number = 77;
  strcpy(j.id, "0123456789ABCDEFGHIJ");
  j.offset = 4242;
  j.length = 1ull << 40;
  j.fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  envelope_set_sender(&j.e, "", 0);
  for (unsigned int i = 0; i < JOB_RCPT_MAX; i++)
    assert_non_null(envelope_add(&j.e, "a@b.test", 8));
  envelope_set(&j.e, &j.name, "anna", 4);
  envelope_set(&j.e, &j.ext, "x", 1);
  envelope_set(&j.e, &j.route, "[::1]:26", 8);
  assert_int_equal(job_put(&near_end, &j), 1);
  assert_int_equal(j.fd, -1);
  carry(&f);
  assert_int_equal(job_take(&k, &f), 1);
  assert_true(k.fd >= 0 && f.fd < 0);
  assert_true(k.number == 77 && k.offset == 4242 && k.length == 1ull << 40);
  assert_string_equal(k.id, j.id);
  assert_string_equal(envelope_string(&k.e, k.name), "anna");
  assert_string_equal(envelope_string(&k.e, k.ext), "x");
  assert_string_equal(envelope_string(&k.e, k.domain), "");
  assert_string_equal(envelope_string(&k.e, k.route), "[::1]:26");
  assert_int_equal(envelope_count(&k.e), JOB_RCPT_MAX);
  assert_true(k.e.has_sender);
  job_free(&k);
  job_free(&j);
}

static void a_job_that_lacks_something_is_refused(void **state)
{
  static unsigned char const parts[4][3] = {{0, JOB_OFFSET, JOB_LENGTH},
                                            {JOB_NUMBER, 0, JOB_LENGTH},
                                            {JOB_NUMBER, JOB_OFFSET, 0},
                                            {JOB_NUMBER, JOB_NUMBER, JOB_LENGTH}};
  (void)state;
  for (unsigned int i = 0; i < 6; i++) {
    stralloc out = STRALLOC_ZERO;
    job k = JOB_ZERO;
    frame f = {.type = JOB_FRAME, .fd = i == 4 ? -1 : open("/dev/null", O_RDONLY)};
    for (unsigned int p = 0; p < 3; p++) {
      unsigned char type = i < 4 ? parts[i][p] : (unsigned char[]){JOB_NUMBER, JOB_OFFSET, JOB_LENGTH}[p];
      if (type)
        record_put_number(&out, type, 1);
    }
    if (i != 5)
      record_puts(&out, ENVELOPE_RCPT, "a@b");
    f.s = out.s;
    f.len = out.len;
    assert_int_equal(job_take(&k, &f), 0);
    assert_int_equal(errno, EPROTO);
    if (f.fd >= 0)
      close(f.fd);
    stralloc_free(&out);
  }
}

static void the_answer_arrives_whole(void **state)
{
  static job_done done;
  static result r[JOB_RCPT_MAX];
  frame f;
  (void)state;
  for (unsigned int i = 0; i < JOB_RCPT_MAX; i++)
    result_set(r + i, i % 2 ? RESULT_OK : RESULT_PERMANENT, STATUS_UNKNOWN_MAILBOX, "%0500u", i);
  assert_int_equal(job_put_done(&near_end, 5, r, JOB_RCPT_MAX, "mx.test[192.0.2.1]:25"), 1);
  carry(&f);
  assert_int_equal(job_take_done(&done, &f), 1);
  assert_true(done.number == 5 && done.n == JOB_RCPT_MAX && !done.to_mailbox);
  assert_string_equal(done.remote, "mx.test[192.0.2.1]:25");
  for (unsigned int i = 0; i < JOB_RCPT_MAX; i++)
    assert_memory_equal(done.results[i].text, r[i].text, 501);
  assert_int_equal(job_put_to_mailbox(&near_end, 6, 1, 0), 1);
  carry(&f);
  assert_int_equal(job_take_done(&done, &f), 1);
  assert_true(done.number == 6 && !done.n && done.to_mailbox && done.only);
  assert_int_equal(job_put_to_mailbox(&near_end, 7, 0, r), 1);
  carry(&f);
  assert_int_equal(job_take_done(&done, &f), 1);
  assert_true(done.number == 7 && done.to_mailbox && !done.only && done.n == 1);
  assert_string_equal(done.results[0].text, r[0].text);
}

static void nonsense_is_refused(void **state)
{
  static struct {
    char const *name;
    size_t len;
    char const *s;
  } const table[] = {
      {"empty", 0, ""},
      {"no number", 8,
       "\x48\0\5"
       "2\0\0\0\0"},
      {"number and nothing", 11,
       "\xc0\0\10"
       "\0\0\0\0\0\0\0\1"},
      {"short number", 10,
       "\xc0\0\7"
       "\0\0\0\0\0\0\1"},
      {"result of another class", 19,
       "\xc0\0\10"
       "\0\0\0\0\0\0\0\1"
       "\x48\0\5"
       "3\0\0\0\0"},
      {"a length beyond the end", 14,
       "\xc0\0\10"
       "\0\0\0\0\0\0\0\1"
       "\x48\377\377"},
      {"both answers", 22,
       "\xc0\0\10"
       "\0\0\0\0\0\0\0\1"
       "\x48\0\5"
       "2\0\0\0\0"
       "\x4a\0\0"},
      {"unknown, must be understood", 22,
       "\xc0\0\10"
       "\0\0\0\0\0\0\0\1"
       "\x48\0\5"
       "2\0\0\0\0"
       "\xff\0\0"},
  };
  static job_done done;
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    frame f = {.type = JOB_DONE, .s = table[i].s, .len = table[i].len, .fd = -1};
    if (job_take_done(&done, &f))
      fail_msg("%s: got 1 want 0", table[i].name);
  }
}

static void too_many_results_are_refused(void **state)
{
  static job_done done;
  stralloc out = STRALLOC_ZERO;
  (void)state;
  record_put_number(&out, JOB_NUMBER, 1);
  for (unsigned int i = 0; i <= JOB_RCPT_MAX; i++)
    record_put(&out, JOB_RESULT, "2\0\0\0\0", 5);
  frame f = {.type = JOB_DONE, .s = out.s, .len = out.len, .fd = -1};
  assert_int_equal(job_take_done(&done, &f), 0);
  stralloc_free(&out);
}

static void texts_are_one_plain_line(void **state)
{
  static job_done done;
  stralloc out = STRALLOC_ZERO;
  (void)state;
  record_put_number(&out, JOB_NUMBER, 1);
  record_put(&out, JOB_RESULT, "5\0\0\0\0bad\r\nSubject: x\33[2J", 24);
  record_put(&out, JOB_REMOTE, "mx\nBcc: all", 11);
  frame f = {.type = JOB_DONE, .s = out.s, .len = out.len, .fd = -1};
  assert_int_equal(job_take_done(&done, &f), 1);
  for (char const *p = done.results[0].text; *p; p++)
    assert_true((unsigned char)*p >= 32);
  assert_string_equal(done.remote, "mx?Bcc: all");
  stralloc_free(&out);
}

static void processes_are_asked_for(void **state)
{
  enum process_kind kind;
  char name[PROCESS_NAME_MAX];
  uint64_t number;
  result r, got;
  frame f;
  (void)state;
  assert_int_equal(process_put_ask(&near_end, PROCESS_MAILBOX, "anna"), 1);
  carry(&f);
  assert_int_equal(process_take_ask(&f, &kind, name), 1);
  assert_int_equal(kind, PROCESS_MAILBOX);
  assert_string_equal(name, "anna");
  assert_int_equal(process_put_channel(&near_end, 9, open("/dev/null", O_RDONLY)), 1);
  carry(&f);
  assert_int_equal(process_take_answer(&f, &number, &got), 1);
  assert_true(number == 9 && f.fd >= 0);
  close(f.fd);
  result_set(&r, RESULT_TEMPORARY, STATUS_SYSTEM, "no process");
  assert_int_equal(process_put_refused(&near_end, &r), 1);
  carry(&f);
  assert_int_equal(process_take_answer(&f, &number, &got), 1);
  assert_string_equal(got.text, "no process");
  assert_int_equal(process_put_kill(&near_end, 9), 1);
  carry(&f);
  assert_int_equal(process_take_kill(&f, &number), 1);
  assert_int_equal(process_take_ask(&f, &kind, name), 0);
  assert_int_equal(job_put_hello(&near_end, &r), 1);
  carry(&f);
  assert_int_equal(job_take_hello(&f, &got), 1);
  assert_int_equal(got.class, RESULT_TEMPORARY);
}

int main(void)
{
  struct CMUnitTest const tests[] = {
      cmocka_unit_test_setup_teardown(a_job_arrives_whole, doors, closed),
      cmocka_unit_test(a_job_that_lacks_something_is_refused),
      cmocka_unit_test_setup_teardown(the_answer_arrives_whole, doors, closed),
      cmocka_unit_test(nonsense_is_refused),
      cmocka_unit_test(too_many_results_are_refused),
      cmocka_unit_test(texts_are_one_plain_line),
      cmocka_unit_test_setup_teardown(processes_are_asked_for, doors, closed),
  };
  return cmocka_run_group_tests(tests, 0, 0);
}
