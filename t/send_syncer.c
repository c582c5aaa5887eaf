/* send/syncer and send/answers: nothing is answered before it was flushed, one flush serves many, and a flush that failed is
   no flush. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <skalibs/djbunix.h>
#include <skalibs/tai.h>
#include "lib/listing.h"
#include "lib/record.h"
#include "send/answers.h"
#include "send/syncer.h"

#define ID "06C3V22HDQRO0AAO7ETM"

static char home[] = "/tmp/tern-syncer.XXXXXX";
static watch w;
static syncer s;

static int enter(void **state)
{
  (void)state;
  signal(SIGPIPE, SIG_IGN);
  tain_now_set_stopwatch_g();
  strcpy(home + sizeof home - 7, "XXXXXX");
  if (!mkdtemp(home) || chdir(home) || mkdir("queue", 0700) || !watch_init(&w, WATCH_BEST))
    return 1;
  syncer_init(&s, &w);
  return 0;
}

static int leave(void **state)
{
  (void)state;
  syncer_stop(&s);
  watch_free(&w);
  while (waitpid(-1, 0, 0) > 0)
    ;
  return (rmdir("queue") && errno != ENOENT) || chdir("/") || rmdir(home);
}

static void turn(void)
{
  tain t;
  tain_addsec_g(&t, 5);
  assert_true(watch_wait(&w, &t));
}

static enum syncer_state wait_for(uint64_t ticket)
{
  enum syncer_state state;
  for (unsigned int k = 0; (state = syncer_is(&s, ticket)) == SYNCER_WAITS && k < 10; k++)
    turn();
  return state;
}

static void one_flush_for_many(void **state)
{
  uint64_t first, last = 0;
  (void)state;
  first = syncer_ask(&s);
  for (unsigned int k = 0; k < 100; k++)
    last = syncer_ask(&s);
  assert_int_equal(syncer_is(&s, first), SYNCER_WAITS);
  assert_int_equal(wait_for(first), SYNCER_DONE);
  assert_int_equal(syncer_is(&s, last), SYNCER_WAITS); /* asked for after the first flush began */
  turn();
  assert_int_equal(syncer_is(&s, last), SYNCER_DONE);
  assert_int_equal(s.done, s.asked);
}

/* The process beside this one. */
static pid_t child(void)
{
  char path[64];
  int pid = 0;
  snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
  FILE *f = fopen(path, "r");
  if (!f)
    return 0;
  if (fscanf(f, "%d", &pid) != 1)
    pid = 0;
  fclose(f);
  return pid;
}

static void what_failed_is_told(void **state)
{
  (void)state;
  assert_int_equal(wait_for(syncer_ask(&s)), SYNCER_DONE);
  pid_t pid = child();
  if (!pid)
    skip();
  kill(pid, SIGSTOP);
  uint64_t lost = syncer_ask(&s), later;
  kill(pid, SIGKILL);
  assert_int_equal(wait_for(lost), SYNCER_FAILED);
  assert_int_not_equal(s.error, 0);
  later = syncer_ask(&s); /* a new process */
  assert_int_equal(wait_for(later), SYNCER_DONE);
  assert_int_equal(syncer_is(&s, lost), SYNCER_FAILED);
}

static void no_queue_no_flush(void **state)
{
  (void)state;
  assert_int_equal(rmdir("queue"), 0);
  assert_int_equal(wait_for(syncer_ask(&s)), SYNCER_FAILED);
  assert_int_equal(s.error, EIO);
}

/* The next answer's text; 0: there is none. */
static char const *hear(door *d, char *class)
{
  static result r;
  frame f;
  if (door_get(d, &f) != DOOR_FRAME)
    return 0;
  record_reader in = RECORD_READER(f.s, f.len);
  record one;
  while (record_next(&in, &one) == RECORD_ONE)
    if (one.type == LISTING_RESULT)
      assert_true(result_unpack(&r, one.s, one.len));
  *class = (char)r.class;
  return r.text;
}

static void answers_wait_for_the_disk(void **state)
{
  answers a = {.ticket = 0};
  door other;
  result why;
  int p[2];
  char class = 0;
  (void)state;
  assert_true(!socketpair(AF_UNIX, SOCK_STREAM, 0, p));
  door_init(&a.d, p[0], DOOR_REFUSE_FDS);
  door_init(&other, p[1], DOOR_REFUSE_FDS);
  for (unsigned int round = 0; round < 2; round++) { /* with a queue and without */
    for (unsigned int k = 0; k < 3; k++) {
      result_set(&why, RESULT_OK, STATUS_NONE, "done %u", k);
      assert_true(answers_keep(&a, ID, &why));
    }
    result_set(&why, RESULT_PERMANENT, STATUS_NONE, "not at all");
    assert_true(answers_put(&a, VERB_DONE, ID, &why) && answers_act(&a, &s) && answers_kept(&a));
    assert_true(door_flush(&a.d));
    assert_string_equal(hear(&other, &class), "not at all");
    assert_null(hear(&other, &class));
    while (answers_kept(&a)) {
      turn();
      assert_true(answers_act(&a, &s));
    }
    assert_true(door_flush(&a.d));
    for (unsigned int k = 0; k < 3; k++) {
      char want[16];
      char const *got = hear(&other, &class);
      snprintf(want, sizeof want, "done %u", k);
      assert_non_null(got);
      assert_int_equal(class, round ? RESULT_TEMPORARY : RESULT_OK);
      if (!round)
        assert_string_equal(got, want);
    }
    syncer_stop(&s);
    (void)rmdir("queue");
  }
  answers_free(&a);
  door_close(&other);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
  struct CMUnitTest const tests[] = {TEST(one_flush_for_many), TEST(what_failed_is_told),
                                     TEST(no_queue_no_flush), TEST(answers_wait_for_the_disk)};
  return cmocka_run_group_tests(tests, 0, 0);
}
