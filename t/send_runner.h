/* send_runner - the runner's loop in a test: with actors behind its doors (send_fakes.h) and the real queue. */
#ifndef TERN_T_SEND_RUNNER_H
#define TERN_T_SEND_RUNNER_H

#include "t/send_fakes.h"
#include <sys/resource.h>
#include <sys/time.h>
#include "lib/listing.h"
#include "send/channel.h"
#include "send/delivery.h"
#include "send/intake.h"
#include "send/runner.h"
#include "send/verbs.h"

static __attribute__((unused)) runner all;
static __attribute__((unused)) pid_t alias_pid, local_pid, remote_pid, queue_pid;

static __attribute__((unused)) void set(char const *name, char const *value)
{
  char path[64];
  snprintf(path, sizeof path, "control/%s", name);
  fakes_file(path, value);
}

static __attribute__((unused)) void begin_runner(enum watch_how how)
{
  stralloc problem = STRALLOC_ZERO;
  int notices, fd;
  struct sockaddr_un sa = {.sun_family = AF_UNIX, .sun_path = "run/send"};
  memset(&all, 0, sizeof all);
  all.ids.owner = getuid();
  for (unsigned int i = 0; i < IDENTITY_N; i++)
    all.ids.uid[i] = getuid();
  if (!settings_read(&all.set, &all.ids, &problem))
    fail_msg("%s", problem.s);
  (void)unlink(sa.sun_path);
  notices = notice_open(getuid(), getgid());
  fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  assert_true(notices >= 0 && bind(fd, (struct sockaddr *)&sa, sizeof sa) == 0 && listen(fd, 16) == 0);
  tain_now_set_stopwatch_g();
  assert_true(runner_init(&all, fd, how) && intake_init(&all, notices));
}

static __attribute__((unused)) void end_runner(void)
{
  intake_stop(&all);
  verbs_stop(&all);
  runner_free(&all);
}

static __attribute__((unused)) enum watch_how how = WATCH_BEST;

static __attribute__((unused)) int enter(void **state)
{
  (void)state;
  tain_now_set_stopwatch_g();
  if (!fakes_enter())
    return 1;
  set("me", "here.test\n");
  set("locals", "here.test\n");
  set("smtproutes", "routed.test:[127.0.0.1]:2500\n");
  set("concurrencylocal", "8\n");
  alias_pid = fakes_serve("alias", &fakes_alias);
  local_pid = fakes_serve("local", &fakes_local);
  remote_pid = fakes_serve("remote", &fakes_remote);
  queue_pid = fakes_serve("queue", &fakes_queue);
  begin_runner(how);
  return 0;
}

static __attribute__((unused)) int leave(void **state)
{
  (void)state;
  end_runner();
  fakes_kill(alias_pid);
  fakes_kill(local_pid);
  fakes_kill(remote_pid);
  fakes_kill(queue_pid);
  fakes_leave();
  return 0;
}

/* Where everything stands, for a failure's sake. */
static __attribute__((unused)) void describe(void)
{
  for (unsigned int i = 0; i < SIDE_N; i++)
    print_error("side %u: %u of %u channels, ready %d, starving %d\n", i, all.delivery.side[i].n,
                all.delivery.side[i].limit, !ring_empty(&all.delivery.side[i].ready),
                !ring_empty(&all.delivery.side[i].starving));
  for (ring *i = all.destinations.all.next; i != &all.destinations.all; i = i->next) {
    destination *d = ring_of(destination, all, i);
    if (d->messages || d->asked)
      print_error("%c %s: %u messages, %u channels, %u asked for, linked %d\n", d->kind, d->name, d->messages,
                  d->open, d->asked, ring_linked(&d->ready));
  }
  for (unsigned int i = 0; i < LANE_N; i++)
    print_error("lane %u: %u failures, away %d\n", i, all.lanes[i].failures, all.lanes[i].away);
  print_error("%u known, %u active, %u asked, %u injections, earliest in %u\n", all.schedule.w.n,
              all.schedule.active, all.resolving.n, all.injections.n,
              schedule_wake(&all.schedule, all.now) - all.now);
  for (uint32_t n = 0; n < all.schedule.active_max; n++)
    if (all.active[n])
      print_error("%s: %u left, %u open, injections %u, first stage %u\n", all.active[n]->id,
                  all.active[n]->left, all.active[n]->open, all.active[n]->injections,
                  all.active[n]->rcpt[0].stage);
}

/* Runs the loop until something holds. */
#define until(seconds, condition)                                                                            \
  do {                                                                                                       \
    tain until_end;                                                                                          \
    tain_addsec_g(&until_end, 6 * (seconds));                                                                \
    while (!(condition)) {                                                                                   \
      short_turn();                                                                                          \
      if (!tain_future(&until_end)) {                                                                        \
        describe();                                                                                          \
        fail_msg("not within %d s: %s", seconds, #condition);                                                \
      }                                                                                                      \
    }                                                                                                        \
  } while (0)

static __attribute__((unused)) void woken(int sig)
{
  (void)sig;
}

/* A turn may wait long: a timer wakes it, so that the conditions are looked at. */
static __attribute__((unused)) void short_turn(void)
{
  assert_true(runner_turn(&all));
}

static __attribute__((unused)) void run_for(int ms)
{
  tain end, pause;
  tain_from_millisecs(&pause, ms);
  tain_add_g(&end, &pause);
  while (tain_future(&end)) {
    short_turn();
  }
}

/* ---- messages */

static __attribute__((unused)) char last_id[ID_LEN + 1];

static __attribute__((unused)) void put_envelope(envelope *e, char const *body)
{
  stralloc records = STRALLOC_ZERO;
  store_new m = STORE_NEW_ZERO;
  int notice = -1;
  struct iovec v = {.iov_base = (char *)body, .iov_len = strlen(body)};
  assert_true(envelope_pack_all(e, &records));
  assert_true(store_begin(&m, 1000, &records, envelope_count(e), getuid()) && store_commit(&m, &v, 1));
  id_fmt(last_id, &m.i);
  notice_tell(&notice, &m.i);
  if (notice >= 0)
    close(notice);
  stralloc_free(&records);
}

/* Recipients separated by blanks. */
static __attribute__((unused)) void put(char const *sender, char const *rcpts)
{
  envelope e = ENVELOPE_ZERO;
  envelope_set_sender(&e, sender, strlen(sender));
  for (char const *p = rcpts; *p;) {
    size_t n = strcspn(p, " ");
    assert_non_null(envelope_add(&e, p, n));
    p += n + (p[n] == ' ');
  }
  put_envelope(&e, "Subject: test\nFrom: s\n\nbody\n");
  envelope_free(&e);
}

static __attribute__((unused)) int exists(char const *id_text)
{
  char path[32];
  snprintf(path, sizeof path, "queue/%c/%s", id_text[ID_LEN - 1], id_text);
  return access(path, F_OK) == 0;
}

static __attribute__((unused)) unsigned int in_queue(void)
{
  store_scan s = STORE_SCAN_ZERO;
  unsigned int n = 0;
  id i;
  while (store_scan_next(&s, &i, 0) > 0)
    n++;
  store_scan_end(&s);
  return n;
}
#define quiet() (!in_queue() && !all.schedule.w.n)

static __attribute__((unused)) store_state look(char const *id_text)
{
  static unsigned char marks[ENVELOPE_RCPT_MAX];
  store_message m;
  int active;
  id i;
  assert_true(id_scan(&i, id_text, ID_LEN));
  assert_int_equal(store_look(&m, &i, 0, &active), STORE_OPENED);
  store_state s = m.state;
  memcpy(marks, s.rcpt, s.n);
  s.rcpt = marks;
  store_close(&m);
  return s;
}

/* The whole text of a message in the queue. */
static __attribute__((unused)) char const *text_of(char const *id_text)
{
  static char s[262144];
  char path[32];
  snprintf(path, sizeof path, "queue/%c/%s", id_text[ID_LEN - 1], id_text);
  int fd = open(path, O_RDONLY);
  ssize_t n = fd < 0 ? -1 : pread(fd, s, sizeof s - 1, 16384);
  assert_true(n > 0);
  close(fd);
  for (ssize_t k = 0; k < n; k++)
    if (!s[k])
      s[k] = ' ';
  s[n] = 0;
  return s;
}

/* The id of the n-th line of `told` that begins with `start`: the third word. */
static __attribute__((unused)) char const *told_id(char const *start)
{
  static char text[ID_LEN + 1];
  char line[4096], a[64], b[2048];
  FILE *f = fopen("told", "r");
  *text = 0;
  while (f && fgets(line, sizeof line, f))
    if (!strncmp(line, start, strlen(start)) && sscanf(line, "%63s %2047s %20s", a, b, text) == 3)
      break;
  if (f)
    fclose(f);
  return text;
}

#define SCENARIO(f) cmocka_unit_test_setup_teardown(f, enter, leave)

/* A timer wakes each turn; TERN_TEST_POLL: without epoll; TERN_TEST_ONLY: a pattern of names. */
static __attribute__((unused)) void prepare(void)
{
  struct itimerval often = {.it_interval = {.tv_usec = 10000}, .it_value = {.tv_usec = 10000}};
  (void)signal(SIGALRM, &woken);
  (void)setitimer(ITIMER_REAL, &often, 0);
  how = getenv("TERN_TEST_POLL") ? WATCH_POLL : WATCH_BEST;
  if (getenv("TERN_TEST_ONLY"))
    cmocka_set_test_filter(getenv("TERN_TEST_ONLY"));
}

#endif
