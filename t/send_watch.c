/* Both ways to wait: what is ready is called, what was removed meanwhile is not, and none is starved. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "send/watch.h"

#define PAIRS 200u

struct one {
  watched w;
  int fd[2];
  unsigned int called;
  unsigned int last;
};
static struct one all[PAIRS];
static watch w;
static struct one *victim; /* removed by whoever is called first */

static void called(void *data, unsigned int got)
{
  struct one *x = data;
  x->called++;
  x->last = got;
  if (victim && victim != x) {
    watch_remove(&w, &victim->w);
    victim = 0;
  }
}

static void turn(int seconds)
{
  tain deadline;
  tain_addsec_g(&deadline, seconds);
  assert_true(watch_wait(&w, &deadline));
}

static void setup(enum watch_how how, unsigned int n)
{
  tain_now_set_stopwatch_g();
  assert_true(watch_init(&w, how));
  victim = 0;
  for (unsigned int i = 0; i < n; i++) {
    all[i] = (struct one){.called = 0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, all[i].fd), 0);
    assert_true(watch_add(&w, &all[i].w, all[i].fd[0], WATCH_READ, &called, all + i));
  }
}

static void cleanup(unsigned int n)
{
  for (unsigned int i = 0; i < n; i++) {
    watch_remove(&w, &all[i].w);
    watch_remove(&w, &all[i].w); /* twice is as good as once */
    close(all[i].fd[0]);
    close(all[i].fd[1]);
  }
  watch_free(&w);
}

static void waits_and_calls(enum watch_how how)
{
  setup(how, 3);
  turn(0);
  assert_int_equal(all[0].called + all[1].called + all[2].called, 0);
  assert_int_equal(write(all[1].fd[1], "x", 1), 1);
  turn(10);
  assert_true(!all[0].called && all[1].called == 1 && !all[2].called);
  turn(10); /* not read yet: it is told again */
  assert_int_equal(all[1].called, 2);
  watch_want(&w, &all[1].w, WATCH_NOTHING);
  turn(0);
  assert_int_equal(all[1].called, 2);
  watch_want(&w, &all[2].w, WATCH_READ | WATCH_WRITE);
  turn(10);
  assert_int_equal(all[2].last, WATCH_WRITE);
  watch_want(&w, &all[2].w, WATCH_READ);
  close(all[0].fd[1]);
  turn(10);
  assert_true(all[0].called == 1 && all[0].last & WATCH_READ);
  all[0].fd[1] = -1;
  cleanup(3);
}

static void the_removed_is_not_called(enum watch_how how)
{
  setup(how, 2);
  for (unsigned int i = 0; i < 2; i++)
    assert_int_equal(write(all[i].fd[1], "x", 1), 1);
  victim = all + 1;
  turn(10);
  if (all[0].called) {
    assert_int_equal(all[1].called, 0);
    assert_int_equal(all[1].w.fd, -1);
  }
  victim = 0;
  cleanup(2);
}

static void none_is_starved(enum watch_how how)
{
  setup(how, PAIRS);
  for (unsigned int i = 0; i < PAIRS; i++)
    assert_int_equal(write(all[i].fd[1], "x", 1), 1);
  for (unsigned int k = 0; k < 2 * (PAIRS / WATCH_BATCH + 1); k++)
    turn(0);
  for (unsigned int i = 0; i < PAIRS; i++)
    if (!all[i].called)
      fail_msg("descriptor %u: got no call", i);
  cleanup(PAIRS);
}

static void best(void **state)
{
  (void)state;
  waits_and_calls(WATCH_BEST);
  the_removed_is_not_called(WATCH_BEST);
  none_is_starved(WATCH_BEST);
}

static void by_poll(void **state)
{
  (void)state;
  waits_and_calls(WATCH_POLL);
  the_removed_is_not_called(WATCH_POLL);
  none_is_starved(WATCH_POLL);
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(best), cmocka_unit_test(by_poll)};
  return cmocka_run_group_tests(tests, 0, 0);
}
