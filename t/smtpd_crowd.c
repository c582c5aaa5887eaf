/* Who is counted together, how many at once and in a minute, and who is asked to go. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "smtpd/crowd.h"

static ip46 ip(char const *s)
{
  ip46 i;
  assert_int_equal(ip46_scan(s, &i), strlen(s));
  return i;
}

static enum crowd_judged enter(unsigned int place, char const *address, unsigned int max, unsigned int rate)
{
  ip46 const client = ip(address);
  return crowd_enter(place, &client, max, rate);
}

static void at_once(void **state)
{
  static struct {
    char const *ip;
    enum crowd_judged want;
  } const cases[] = {{"192.0.2.1", CROWD_OK},
                     {"192.0.2.1", CROWD_OK},
                     {"192.0.2.2", CROWD_OK},
                     {"192.0.2.1", CROWD_MANY},
                     {"192.0.2.1", CROWD_MANY},
                     {"2001:db8:0:1::1", CROWD_OK},
                     {"2001:db8:0:1:ffff::2", CROWD_OK},
                     {"2001:db8:0:1::3", CROWD_MANY},
                     {"2001:db8:0:2::1", CROWD_OK},
                     {"::1", CROWD_OK},
                     {"0.0.0.0", CROWD_OK}};
  unsigned int n = sizeof cases / sizeof *cases;
  (void)state;
  for (unsigned int i = 0; i < n; i++) {
    enum crowd_judged got = enter(i, cases[i].ip, 2, 0);
    if (got != cases[i].want)
      fail_msg("%u: %s: got %d, want %d", i, cases[i].ip, (int)got, (int)cases[i].want);
    if (got == CROWD_MANY)
      crowd_leave(i);
  }
  crowd_leave(0);
  assert_int_equal(enter(0, "192.0.2.1", 2, 0), CROWD_OK);
  assert_int_equal(enter(CROWD_PLACES - 1, "192.0.2.1", 2, 0), CROWD_MANY);
  assert_int_equal(enter(CROWD_PLACES - 1, "192.0.2.1", 0, 0), CROWD_OK);
  for (unsigned int i = 0; i < n; i++)
    crowd_leave(i);
  crowd_leave(CROWD_PLACES - 1);
}

/* A client that comes often is found out even while very many others come once. */
static void in_a_minute(void **state)
{
  unsigned int refused = 0;
  (void)state;
  for (unsigned int i = 0; i < 100; i++) {
    refused += enter(0, "198.51.100.7", 0, 20) == CROWD_FAST;
    for (unsigned int k = 0; k < 200; k++) {
      char other[32];
      snprintf(other, sizeof other, "10.%u.%u.%u", i, k, k);
      (void)enter(1, other, 0, 20);
    }
  }
  if (refused < 40 || refused > 80) /* 80, but for a minute that begins meanwhile */
    fail_msg("got %u of 100 refused, want 80", refused);
  assert_int_equal(enter(0, "198.51.100.7", 0, 0), CROWD_OK);
  crowd_leave(0);
  crowd_leave(1);
}

static void wait_ms(unsigned int ms)
{
  struct timespec const t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
  (void)nanosleep(&t, 0);
}

static void who_goes(void **state)
{
  unsigned int places[POOL_ASK_MAX];
  (void)state;
  (void)enter(5, "192.0.2.1", 0, 0);
  (void)enter(6, "192.0.2.2", 0, 0);
  crowd_works(5);
  wait_ms(500);
  (void)enter(4, "192.0.2.3", 0, 0);
  assert_int_equal(crowd_ask(places), 0);
  wait_ms(CROWD_GRACE - 250); /* 6 has had its time, 4 not yet */
  unsigned int n = crowd_ask(places);
  if (n != 1 || places[0] != 6)
    fail_msg("got %u places, the first %u; want 1, place 6", n, n ? places[0] : 0);
  assert_false(crowd_is_asked_to_go()); /* that is place 4's client */
  wait_ms(300);
  n = crowd_ask(places);
  if (n != 2 || places[0] != 6 || places[1] != 4)
    fail_msg("got %u places, %u and %u; want 2, places 6 and 4", n, places[0], places[1]);
  assert_true(crowd_is_asked_to_go());
  crowd_leave(4);
  assert_false(crowd_is_asked_to_go());
  crowd_leave(6);
  assert_int_equal(crowd_ask(places), 0);
  crowd_leave(5);
}

/* Those that came first are named, when there are more than can be named. */
static void the_first_go(void **state)
{
  unsigned int places[POOL_ASK_MAX];
  (void)state;
  for (unsigned int i = 0; i < 100; i++) {
    (void)enter(i * 7 % 100, "192.0.2.1", 0, 0);
    if (i % 10 == 9)
      wait_ms(10);
  }
  wait_ms(CROWD_GRACE + 20);
  assert_int_equal(crowd_ask(places), POOL_ASK_MAX);
  for (unsigned int i = 0; i < POOL_ASK_MAX; i++) {
    unsigned int came = 0;
    while (came * 7 % 100 != places[i])
      came++;
    if (came >= 40)
      fail_msg("place %u came as number %u, want one of the first 40", places[i], came);
  }
  for (unsigned int i = 0; i < 100; i++)
    crowd_leave(i);
}

static int make(void **state)
{
  (void)state;
  return !crowd_make();
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(at_once), cmocka_unit_test(in_a_minute),
                                     cmocka_unit_test(who_goes), cmocka_unit_test(the_first_go)};
  return cmocka_run_group_tests_name("smtpd_crowd", tests, make, 0);
}
