/* The schedule, the pauses and the window: properties over long times and many messages, with a clock that
 * jumps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "send/retry.h"
#include "send/schedule.h"
#include "send/turn.h"
#include "send/window.h"

static uint64_t seed = 88172645463325252ull;
static uint32_t any(uint32_t n)
{
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (uint32_t)(seed >> 33) % n;
}

static id nth(uint64_t k)
{
  return (id){
      .usec = 1700000000000000ull + k, .random = (uint32_t)(k * 2654435761u), .worker = (uint16_t)(k % 7)};
}

/* ---- retry */

static void pauses_grow_and_are_bounded(void **state)
{
  (void)state;
  assert_int_equal(retry_pause(0, 1), RETRY_FIRST);
  assert_int_equal(retry_pause(400, 2), 1200);
  assert_int_equal(retry_pause(1600, 3), 2000);
  uint32_t last = 0;
  uint64_t age = 0;
  for (uint32_t n = 1; n < 200; n++) {
    uint32_t pause = retry_pause(age, n);
    if (pause < last || pause < RETRY_FIRST || pause > RETRY_PAUSE_MAX)
      fail_msg("attempt %u: got %u after %u", n, pause, last);
    last = pause;
    age += pause;
  }
  assert_int_equal(last, RETRY_PAUSE_MAX);
  for (uint64_t a = 0; a < 1u << 20; a += 97)
    assert_true(retry_pause(a, 50) <= retry_pause(a + 97, 50));
}

static void a_jumping_clock_does_no_harm_to_pauses(void **state)
{
  (void)state;
  assert_int_equal(retry_age(2000, 1000), 0);
  assert_int_equal(retry_pause(retry_age(1000, 1000 + 315360000), 1), RETRY_FIRST);
  assert_int_equal(retry_pause(UINT64_MAX, UINT32_MAX), RETRY_PAUSE_MAX);
  assert_int_equal(retry_pause(0, UINT32_MAX), RETRY_FIRST);
}

static void lost_agents_are_asked_again_at_once_then_later(void **state)
{
  (void)state;
  assert_int_equal(retry_soon(0), 0);
  assert_int_equal(retry_soon(1), 0);
  for (unsigned int n = 2; n < 300; n++)
    assert_true(retry_soon(n) >= retry_soon(n - 1) && retry_soon(n) >= 1 && retry_soon(n) <= 64);
}

/* ---- window */

static void a_round(window *w, uint32_t max)
{
  for (unsigned int k = w->limit; k--;)
    window_success(w, 1, max);
}

static void the_window_grows_and_halves(void **state)
{
  window w;
  (void)state;
  window_init(&w, 5);
  a_round(&w, 30);
  assert_int_equal(window_allows(&w, 0, 200), 20); /* four times as many: nothing has failed */
  a_round(&w, 30);
  assert_int_equal(window_allows(&w, 0, 200), 30);
  window_failure(&w, 2);
  window_failure(&w, 2); /* all that fails in one second counts once */
  assert_int_equal(window_allows(&w, 2, 200), 15);
  window_success(&w, 1, 30);
  assert_int_equal(window_allows(&w, 2, 200), 16); /* by one from now on */
}

static void a_dead_destination_is_probed_by_one(void **state)
{
  window w;
  uint32_t now = 100, last = 0;
  (void)state;
  window_init(&w, 20);
  for (unsigned int k = 0; k < 20; k++)
    window_failure(&w, now);
  assert_int_equal(window_allows(&w, now, 200), 0);
  assert_int_equal(window_left(&w, now), WINDOW_PAUSE);
  for (unsigned int k = 0; k < 12; k++) {
    uint32_t left = window_left(&w, now);
    assert_true(left >= last && left <= WINDOW_PAUSE_MAX);
    last = left;
    now += left;
    assert_int_equal(window_allows(&w, now, 200), 1);
    window_failure(&w, now);
  }
  now += window_left(&w, now);
  window_success(&w, now, 200);
  assert_int_equal(window_allows(&w, now, 200), 20);
  assert_true(window_is_proven(&w));
}

/* ---- waiting */

static void entries_are_found_and_small(void **state)
{
  waiting w;
  uint32_t const n = 1000000;
  uint32_t *at = malloc(n * sizeof *at);
  (void)state;
  assert_true(waiting_init(&w) && at);
  for (uint32_t k = 0; k < n; k++) {
    id i = nth(k);
    at[k] = waiting_add(&w, &i);
    waiting_time(&w, at[k], any(1000000));
  }
  size_t bytes = w.pages * WAITING_PAGE * sizeof(waiting_entry) + w.heap_room * 4 + w.buckets * 4;
  assert_true(sizeof(waiting_entry) == 32);
  if (bytes / n > WAITING_BYTES)
    fail_msg("got %zu bytes each, want at most %u", bytes / n, WAITING_BYTES);
  for (uint32_t k = 0; k < n; k++) {
    id i = nth(k), j;
    assert_int_equal(waiting_find(&w, &i), at[k]);
    waiting_id(&w, at[k], &j);
    assert_int_equal(id_cmp(&i, &j), 0);
  }
  for (uint32_t k = 0; k < n; k += 2)
    waiting_remove(&w, at[k]);
  uint32_t last = 0, seen = 0;
  for (uint32_t e; (e = waiting_earliest(&w)) != WAITING_NONE; seen++) {
    assert_true(waiting_at(&w, e)->when >= last);
    last = waiting_at(&w, e)->when;
    waiting_remove(&w, e);
  }
  assert_int_equal(seen, n / 2);
  assert_int_equal(w.n, 0);
  waiting_free(&w);
  free(at);
}

static void lists_keep_their_order(void **state)
{
  waiting w;
  uint32_t at[10], a, b;
  (void)state;
  waiting_init(&w);
  a = waiting_list(&w);
  b = waiting_list(&w);
  for (uint32_t k = 0; k < 10; k++) {
    id i = nth(k);
    at[k] = waiting_add(&w, &i);
    waiting_append(&w, k < 5 ? a : b, at[k]);
  }
  waiting_loosen(&w, at[2]);
  waiting_join(&w, a, b);
  assert_int_equal(waiting_first(&w, a), WAITING_NONE);
  static int const want[] = {5, 6, 7, 8, 9, 0, 1, 3, 4};
  for (size_t k = 0; k < 9; k++) {
    assert_int_equal(waiting_first(&w, b), at[want[k]]);
    waiting_loosen(&w, at[want[k]]);
  }
  assert_int_equal(waiting_first(&w, b), WAITING_NONE);
  waiting_free(&w);
}

/* ---- schedule: a year of retries. Each message is tried for five days, each attempt takes a second of the
 * room. */

#define MESSAGES 3000u
#define YEAR (365u * 86400u)

struct fate {
  uint32_t number;
  uint32_t born;
  uint32_t tried; /* when last */
  uint32_t due;
  uint32_t attempts;
};

static void try_one(schedule *s, struct fate *all, uint32_t n, uint32_t now, int64_t wall)
{
  id i;
  waiting_id(&s->w, n, &i);
  struct fate *f = all + (i.usec - 1700000000000000ull) % MESSAGES;
  schedule_activate(s, n, 0, 1);
  if (now < f->due)
    fail_msg("tried at %u, before %u", now, f->due);
  f->attempts++;
  f->tried = now;
  schedule_deactivate(s, n, 1);
  if (now - f->born > 5 * 86400) {
    assert_true(f->attempts >= 5); /* never untried */
    schedule_forget(s, n);
    f->number = WAITING_NONE;
    return;
  }
  uint32_t pause = retry_pause(retry_age(f->born, (uint64_t)(now + wall)), f->attempts);
  f->due = now + pause;
  schedule_defer(s, n, f->due);
}

static void a_year_passes(void **state)
{
  static struct fate all[MESSAGES];
  schedule s;
  uint32_t now = 1, born = 0;
  uint64_t tries = 0;
  int64_t wall = 0; /* how far the wall clock is off */
  (void)state;
  assert_true(schedule_init(&s, SCHEDULE_ACTIVE));
  memset(all, 0, sizeof all);
  for (uint32_t k = 0; k < MESSAGES; k++)
    all[k].number = WAITING_NONE;
  while (now < YEAR) {
    if (born / 100 <= now / 100 && any(4) == 0) {
      uint32_t k = any(MESSAGES);
      if (all[k].number == WAITING_NONE) {
        id i = nth(k);
        assert_true(schedule_arrive(&s, &i, any(2) ? SCHEDULE_NOTICE : SCHEDULE_SCAN));
        all[k] = (struct fate){.number = waiting_find(&s.w, &i), .born = now, .due = now};
      }
    }
    if (any(1000) == 0)
      wall = (int64_t)any(20 * YEAR) - 10 * (int64_t)YEAR;
    for (uint32_t n; (n = schedule_pick(&s, now)) != WAITING_NONE; tries++)
      try_one(&s, all, n, now, wall);
    uint32_t wake = schedule_wake(&s, now);
    assert_true(wake > now);
    born = now + any(3600);
    now = wake < born ? wake : born;
  }
  for (uint32_t k = 0; k < MESSAGES; k++)
    if (all[k].number != WAITING_NONE && now - all[k].tried > 2 * RETRY_PAUSE_MAX)
      fail_msg("message %u was last tried %u s ago", k, now - all[k].tried);
  assert_true(tries > 10000);
  schedule_free(&s);
}

static void a_deep_queue_does_not_delay_fresh_mail(void **state)
{
  schedule s;
  uint32_t old_picked = 0, fresh_picked = 0;
  (void)state;
  assert_true(schedule_init(&s, SCHEDULE_ACTIVE));
  for (uint32_t k = 0; k < 50000; k++) {
    id i = nth(k);
    schedule_arrive(&s, &i, SCHEDULE_NOTICE);
    schedule_defer(&s, waiting_find(&s.w, &i), 5);
  }
  for (uint32_t n; (n = schedule_pick(&s, 10)) != WAITING_NONE; old_picked++)
    schedule_activate(&s, n, 0, 1);
  assert_int_equal(old_picked, SCHEDULE_ACTIVE / 2);
  for (uint32_t k = 50000; k < 51000; k++) {
    id i = nth(k);
    schedule_arrive(&s, &i, SCHEDULE_NOTICE);
  }
  for (uint32_t n; (n = schedule_pick(&s, 10)) != WAITING_NONE; fresh_picked++)
    schedule_activate(&s, n, 0, 1);
  assert_int_equal(fresh_picked, SCHEDULE_ACTIVE / 2);
  assert_int_equal(schedule_wake(&s, 10), UINT32_MAX);
  schedule_free(&s);
}

/* A list of 10,000 and one message to the same host: the second job is the small one's. */
static void a_big_list_takes_turns(void **state)
{
  uint32_t const n = 10000;
  destinations ds;
  message big = {.n = n, .rcpt = calloc(n, sizeof(plan))}, small = {.n = 1, .rcpt = calloc(1, sizeof(plan))};
  message *m;
  uint32_t first, left = n;
  (void)state;
  ring_init(&big.entries);
  ring_init(&small.entries);
  assert_true(destinations_init(&ds) && big.rcpt && small.rcpt);
  destination *d = destination_get(&ds, DESTINATION_REMOTE, "Big.test", 8, 0);
  for (uint32_t k = 0; k < n; k++)
    assert_true(destination_add(d, &big, k));
  assert_true(destination_add(d, &small, 0));
  assert_int_equal(d->messages, 2);
  assert_int_equal(destination_take(d, JOB_RCPT_MAX, &m, &first), JOB_RCPT_MAX);
  assert_ptr_equal(m, &big);
  assert_int_equal(destination_take(d, JOB_RCPT_MAX, &m, &first), 1);
  assert_ptr_equal(m, &small);
  for (left -= JOB_RCPT_MAX; left; left -= JOB_RCPT_MAX)
    assert_int_equal(destination_take(d, JOB_RCPT_MAX, &m, &first), JOB_RCPT_MAX);
  assert_int_equal(d->messages, 0);
  destinations_free(&ds);
  free(big.rcpt);
  free(small.rcpt);
}

/* Hosts in doubt have three quarters of the room and no more; and a quarter, whoever else waits. */
static void hosts_in_doubt_have_their_share(void **state)
{
  destinations ds;
  side s = {.limit = 100, .n = 100};
  destination *good[3], *doubt[3];
  char name[16];
  (void)state;
  assert_true(destinations_init(&ds));
  ring_init(&s.starving);
  ring_init(&s.doubtful);
  for (unsigned int k = 0; k < 3; k++) {
    good[k] =
        destination_get(&ds, DESTINATION_REMOTE, name, (size_t)snprintf(name, sizeof name, "good%u", k), 0);
    doubt[k] =
        destination_get(&ds, DESTINATION_REMOTE, name, (size_t)snprintf(name, sizeof name, "doubt%u", k), 0);
    window_init(&good[k]->w, 2);
    window_init(&doubt[k]->w, 2);
    window_success(&good[k]->w, 1, 20);
    turn_wait(&s, doubt[k]);
    turn_wait(&s, good[k]);
  }
  s.doubts = 75;
  assert_true(turn_is_awaited(&s));
  assert_ptr_equal(turn_next(&s), good[0]);
  s.doubts = 25;
  assert_ptr_equal(turn_next(&s), good[1]);
  s.doubts = 24; /* by turns */
  destination *a = turn_next(&s), *b = turn_next(&s);
  assert_true((a == doubt[0] && b == good[2]) || (a == good[2] && b == doubt[0]));
  s.doubts = 74;
  assert_ptr_equal(turn_next(&s), doubt[1]);
  s.doubts = 75;
  assert_null(turn_next(&s));
  assert_false(turn_is_awaited(&s));
  destinations_free(&ds);
}

static void both_kinds_get_their_turn(void **state)
{
  schedule s;
  uint32_t picked[2] = {0, 0};
  (void)state;
  assert_true(schedule_init(&s, 1000));
  for (uint32_t k = 0; k < 4000; k++) {
    id i = nth(k);
    schedule_arrive(&s, &i, SCHEDULE_NOTICE);
    if (k % 2)
      schedule_defer(&s, waiting_find(&s.w, &i), 1);
  }
  for (uint32_t k = 0; k < 100; k++) {
    uint32_t n = schedule_pick(&s, 1);
    picked[!!(waiting_at(&s.w, n)->flags & WAITING_OLD)]++;
    schedule_activate(&s, n, 0, 1);
  }
  assert_int_equal(picked[0], 50);
  assert_int_equal(picked[1], 50);
  schedule_free(&s);
}

static void held_and_known_messages_stay_where_they_are(void **state)
{
  schedule s;
  id i = nth(1);
  (void)state;
  assert_true(schedule_init(&s, 10));
  schedule_arrive(&s, &i, SCHEDULE_NOTICE);
  uint32_t n = schedule_pick(&s, 1);
  schedule_hold(&s, n);
  schedule_all_now(&s);
  schedule_arrive(&s, &i, SCHEDULE_SCAN);
  assert_int_equal(schedule_pick(&s, UINT32_MAX - 1), WAITING_NONE);
  schedule_refresh(&s, n);
  assert_int_equal(schedule_pick(&s, 1), n);
  schedule_activate(&s, n, 3, 1);
  schedule_arrive(&s, &i, SCHEDULE_NOTICE);
  assert_int_equal(waiting_at(&s.w, n)->place, WAITING_ACTIVE);
  schedule_free(&s);
}

static void all_now_means_all(void **state)
{
  schedule s;
  uint32_t picked = 0;
  (void)state;
  assert_true(schedule_init(&s, 1000));
  for (uint32_t k = 0; k < 300; k++) {
    id i = nth(k);
    schedule_arrive(&s, &i, SCHEDULE_NOTICE);
    schedule_defer(&s, waiting_find(&s.w, &i), 1000 + any(100000));
  }
  assert_int_equal(schedule_pick(&s, 1), WAITING_NONE);
  schedule_all_now(&s);
  uint64_t last = 0;
  for (uint32_t n; (n = schedule_pick(&s, 1)) != WAITING_NONE; picked++) {
    assert_true(waiting_at(&s.w, n)->usec > last); /* the oldest first */
    last = waiting_at(&s.w, n)->usec;
    schedule_defer(&s, n, 500);
  }
  assert_int_equal(picked, 300);
  schedule_free(&s);
}

int main(void)
{
  struct CMUnitTest const tests[] = {
      cmocka_unit_test(pauses_grow_and_are_bounded),
      cmocka_unit_test(a_jumping_clock_does_no_harm_to_pauses),
      cmocka_unit_test(lost_agents_are_asked_again_at_once_then_later),
      cmocka_unit_test(the_window_grows_and_halves),
      cmocka_unit_test(a_dead_destination_is_probed_by_one),
      cmocka_unit_test(entries_are_found_and_small),
      cmocka_unit_test(lists_keep_their_order),
      cmocka_unit_test(a_year_passes),
      cmocka_unit_test(a_deep_queue_does_not_delay_fresh_mail),
      cmocka_unit_test(a_big_list_takes_turns),
      cmocka_unit_test(hosts_in_doubt_have_their_share),
      cmocka_unit_test(both_kinds_get_their_turn),
      cmocka_unit_test(held_and_known_messages_stay_where_they_are),
      cmocka_unit_test(all_now_means_all),
  };
  return cmocka_run_group_tests(tests, 0, 0);
}
