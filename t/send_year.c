/* The runner over long times and many messages, under a clock of its own (send_sim.h): a million messages to 20,000 hosts in a
   year; hosts that are down, bursts, and a clock that jumps. */
#include "t/send_sim.h"

#define MINUTE (60 * SECOND)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)

/* ---- a year */

#define MESSAGES 1000000u
#define HOSTS 20000u

/* One in a hundred is dead for good, one in twenty for three days of each week, one in ten is of many minds. */
static int is_up(uint32_t host)
{
  return host % 100 == 99 ? 0 : host % 20 == 18 ? (now / DAY + host / 20) % 7 >= 3 : 1;
}

static sim_act worldly(uint32_t host)
{
  if (!is_up(host))
    return (sim_act){.takes = 30 * SECOND, .class = RESULT_TEMPORARY, .status = STATUS_NO_ANSWER};
  if (host % 20 >= 16 && host % 20 < 18 && any(3) == 0)
    return (sim_act){.takes = SECOND, .class = RESULT_TEMPORARY, .status = STATUS_MAILBOX};
  return (sim_act){.takes = SECOND / 5 + any(SECOND), .class = RESULT_OK};
}

/* Neither it nor its host while it waited. */
static int is_given_up_untried(fate const *f)
{
  return f->end == 'x' && !f->tries && sim_vain[f->host] <= f->born;
}

/* Mail comes all the time, and forty times in the year 10,000 messages for one host at once, or 3,000 for one that is
   dead. */
static void check_year(void)
{
  uint64_t slowest = 0;
  uint32_t given_up = 0;
  for (uint32_t n = 0; n < MESSAGES; n++) {
    fate const *f = fates + n;
    uint64_t life = (f->end ? f->gone : now) - f->born;
    if (!f->end && now - f->last > 2 * HOUR + RETRY_PAUSE_MAX * SECOND && now - f->born > 5 * HOUR &&
        is_up(f->host))
      fail_msg("message %u waits since %" PRIu64 " s and was last tried %" PRIu64 " s ago", n,
               (now - f->born) / SECOND, (now - f->last) / SECOND);
    if (is_given_up_untried(f))
      fail_msg("message %u was given up untried", n);
    if (life > 604800 * SECOND + 5 * HOUR)
      fail_msg("message %u was still there after %" PRIu64 " s", n, life / SECOND);
    if (f->notices > 1)
      fail_msg("message %u: %u notices of delay", n, f->notices);
    if (f->host % 20 < 16 && f->end != 'd' && now - f->born > DAY)
      fail_msg("message %u to a good host was not delivered", n);
    if (f->host % 20 < 16 && f->host >= 100 && f->first - f->born > slowest)
      slowest = f->first - f->born;
    given_up += f->end == 'x';
  }
  print_message("a year: %" PRIu64 " attempts, %" PRIu64
                " openings, %u given up, at most %u open and %u connections, slowest "
                "first attempt at a good host %" PRIu64 " ms\n",
                sim_tries, sim_opens, given_up, sim_active_max, sim_connections_max, slowest / 1000);
  assert_true(slowest < SECOND);
  assert_true(given_up > 5000);
}

static void a_year_passes(void **state)
{
  uint64_t const step = 365 * DAY / (MESSAGES - 400000);
  uint32_t n = 0, burst = 0;
  size_t most = 0;
  (void)state;
  sim_host = &worldly;
  sim_begin(MESSAGES, "200", "0");
  for (uint64_t next = 0; n < MESSAGES; next += step) {
    while (now < next)
      sim_step(next);
    if (burst < 40 && n / 15000 > burst) {
      uint32_t host = burst % 10 == 9 ? 99 : burst % 10;
      for (uint32_t k = 0; k < (host == 99 ? 3000 : 10000) && n < MESSAGES; k++)
        sim_arrive(n++, host);
      burst++;
    }
    if (n < MESSAGES)
      sim_arrive(n++, 100 + any(HOSTS - 100));
    size_t bytes = all.schedule.w.pages * WAITING_PAGE * sizeof(waiting_entry) +
                   all.schedule.w.heap_room * 4 + all.schedule.w.buckets * 4;
    most = bytes > most ? bytes : most;
  }
  for (uint64_t end = now + 9 * DAY; now < end && sim_left;)
    sim_step(end);
  check_year();
  assert_int_equal(sim_left, 0);
  assert_true(sim_active_max <= SCHEDULE_ACTIVE && sim_connections_max <= 200);
  assert_true(all.destinations.n < 2 * HOSTS);
  print_message("memory of what waits: %zu KiB at most\n", most / 1024);
  sim_end();
}

/* ---- a clock that jumps */

static sim_act down_for_a_day(uint32_t host)
{
  if (now < DAY)
    return (sim_act){.takes = 10 * SECOND, .class = RESULT_TEMPORARY, .status = STATUS_NO_ANSWER};
  return (sim_act){.takes = SECOND + host % 7, .class = RESULT_OK};
}

static sim_act busy_for_an_hour(uint32_t host)
{
  (void)host;
  return (sim_act){.takes = now < HOUR ? 30 * SECOND : SECOND / 10, .class = RESULT_OK};
}

/* 30,000 messages wait for their first attempt, or are in the middle of it, when the clock goes ten years ahead. */
static void ten_years_ahead_expire_nothing_untried(void **state)
{
  (void)state;
  sim_host = &busy_for_an_hour;
  sim_begin(30000, "200", "0");
  for (uint32_t n = 0; n < 30000; n++)
    sim_arrive(n, n % 100);
  while (now < 10 * MINUTE)
    sim_step(10 * MINUTE);
  assert_true(sim_left > 20000);
  sim_wall = 10 * 365 * 86400;
  while (sim_left && now < 2 * DAY)
    sim_step(2 * DAY);
  for (uint32_t n = 0; n < 30000; n++)
    if (fates[n].end != 'd')
      fail_msg("message %u: %u tries, end %d", n, fates[n].tries, fates[n].end);
  sim_end();
}

/* All have been tried and wait. Back by ten years: nobody waits longer for it; and forward again to where it was. */
static void a_clock_that_jumps_back_harms_nothing(void **state)
{
  (void)state;
  sim_host = &down_for_a_day;
  sim_begin(2000, "200", "0");
  for (uint32_t n = 0; n < 2000; n++)
    sim_arrive(n, n % 50);
  while (now < 10 * HOUR)
    sim_step(10 * HOUR);
  assert_int_equal(sim_left, 2000);
  sim_wall = -10 * 365 * 86400;
  while (now < 30 * HOUR)
    sim_step(30 * HOUR);
  for (uint32_t n = 0; n < 2000; n++)
    if (fates[n].end != 'd')
      fail_msg("message %u was not delivered: %u tries, last %" PRIu64 " s ago", n, fates[n].tries,
               (now - fates[n].last) / SECOND);
  sim_end();
}

static sim_act never(uint32_t host)
{
  (void)host;
  return (sim_act){.takes = MINUTE, .class = RESULT_TEMPORARY, .status = STATUS_NO_ANSWER};
}

/* 10,000 messages for a host that is down for good, most of them never tried themselves: each attempt hangs for a minute, and
   yet all come back soon after their time. */
static void a_dead_hosts_mail_comes_back_in_time(void **state)
{
  uint64_t longest = 0;
  uint32_t untried = 0;
  (void)state;
  sim_host = &never;
  sim_begin(10000, "200", "0");
  for (uint32_t n = 0; n < 10000; n++) {
    sim_arrive(n, 0);
    if (n % 100 == 0)
      sim_step(now + SECOND);
  }
  while (sim_left && now < 9 * DAY)
    sim_step(9 * DAY);
  for (uint32_t n = 0; n < 10000; n++) {
    fate const *f = fates + n;
    assert_true(f->end == 'x' && !is_given_up_untried(f));
    longest = f->gone - f->born > longest ? f->gone - f->born : longest;
    untried += !f->tries;
  }
  print_message("10,000 messages for a dead host: %" PRIu64
                " attempts, %u were not tried themselves, the last came back "
                "%" PRIu64 " s after its time\n",
                sim_tries, untried, longest / SECOND - 604800);
  assert_true(longest <= 604800 * SECOND + 5 * HOUR);
  sim_end();
}

/* ---- who costs others nothing */

static sim_act many_dead(uint32_t host)
{
  if (host < 2000)
    return (sim_act){.takes = 60 * SECOND, .class = RESULT_TEMPORARY, .status = STATUS_NO_ANSWER};
  return (sim_act){.takes = SECOND / 5, .class = RESULT_OK};
}

/* Ten messages come every second for 1,000 hosts that are up. After twenty minutes there are 2,000 hosts that are down, met for
   the first time: ten messages for each, all within a minute, and each attempt hangs for a minute. */
static void dead_hosts_cost_others_nothing(void **state)
{
  uint32_t const dead = 20000, live = 36000;
  uint64_t const begin = 20 * MINUTE;
  uint64_t slowest = 0, sum = 0;
  uint32_t n = 0, late = 0;
  (void)state;
  sim_host = &many_dead;
  sim_begin(dead + live, "200", "0");
  while (now < HOUR) {
    for (uint32_t k = 0; now >= begin && now < begin + MINUTE && k < dead / 600; k++)
      if (n < dead + live)
        sim_arrive(n++, any(2000));
    if (n < dead + live)
      sim_arrive(n++, 2000 + any(1000));
    for (uint64_t until = now + SECOND / 10; now < until;)
      sim_step(until);
  }
  for (uint32_t k = 0; k < n; k++)
    if (fates[k].host >= 2000) {
      uint64_t wait = (fates[k].first ? fates[k].first : now) - fates[k].born;
      slowest = wait > slowest ? wait : slowest;
      sum += wait;
      late += wait > SECOND;
    }
  print_message("2,000 dead hosts: %u of %u others waited over a second, the slowest %" PRIu64
                " ms, on average %" PRIu64 " us\n",
                late, live, slowest / 1000, sum / live);
  assert_int_equal(late, 0);
  sim_end();
}

static sim_act slow_or_quick(uint32_t host)
{
  return (sim_act){.takes = host ? SECOND / 5 : 20 * SECOND, .class = RESULT_OK};
}

/* 10,000 messages wait for one slow host. */
static void a_burst_delays_nobody_else(void **state)
{
  uint64_t slowest = 0;
  (void)state;
  sim_host = &slow_or_quick;
  sim_begin(11000, "200", "0");
  for (uint32_t n = 0; n < 10000; n++)
    sim_arrive(n, 0);
  for (uint32_t n = 10000; n < 11000; n++) {
    sim_arrive(n, 1 + any(300));
    for (uint64_t until = now + SECOND; now < until;)
      sim_step(until);
  }
  for (uint32_t n = 10000; n < 11000; n++)
    if (fates[n].first - fates[n].born > slowest)
      slowest = fates[n].first - fates[n].born;
  print_message("10,000 messages for one slow host: others wait %" PRIu64 " ms at most\n", slowest / 1000);
  assert_true(slowest < SECOND);
  while (sim_left)
    sim_step(now + DAY);
  sim_end();
}

/* A host takes what it can bear, 12 at a time, and refuses the rest. */
static uint32_t bears;
static sim_act bearing(uint32_t host)
{
  destination const *d = ring_of(destination, all, all.destinations.all.next);
  (void)host;
  if (d->open > bears)
    return (sim_act){.takes = SECOND / 50, .class = RESULT_TEMPORARY, .status = STATUS_NO_ANSWER};
  return (sim_act){.takes = SECOND, .class = RESULT_OK};
}

static void connections_find_their_level(void **state)
{
  uint64_t sum = 0;
  uint32_t samples = 0;
  (void)state;
  bears = 12;
  sim_host = &bearing;
  sim_begin(5000, "200", "0");
  for (uint32_t n = 0; n < 5000; n++)
    sim_arrive(n, 0);
  while (now < 5 * MINUTE) {
    sim_step(now + SECOND);
    if (now > MINUTE && !ring_empty(&all.destinations.all)) {
      sum += ring_of(destination, all, all.destinations.all.next)->open;
      samples++;
    }
  }
  print_message("a host that bears %u connections: %" PRIu64 " on average\n", bears, sum / samples);
  assert_true(sum / samples >= bears / 2 && sum / samples <= bears + 2);
  assert_true(sim_connections_max <= DELIVERY_DOMAIN);
  sim_end();
}

int main(void)
{
  struct CMUnitTest const tests[] = {
      cmocka_unit_test(connections_find_their_level),
      cmocka_unit_test(a_burst_delays_nobody_else),
      cmocka_unit_test(dead_hosts_cost_others_nothing),
      cmocka_unit_test(ten_years_ahead_expire_nothing_untried),
      cmocka_unit_test(a_dead_hosts_mail_comes_back_in_time),
      cmocka_unit_test(a_clock_that_jumps_back_harms_nothing),
      cmocka_unit_test(a_year_passes),
  };
  if (getenv("TERN_TEST_ONLY"))
    cmocka_set_test_filter(getenv("TERN_TEST_ONLY"));
  return cmocka_run_group_tests(tests, 0, 0);
}
