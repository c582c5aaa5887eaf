/* send_sim - the runner's own code under a clock of the test: schedule, delivery, room, window, pass, ending and upkeep are the real
   ones; the queue's files, the agents, the log and the clock stand here. Time goes from event to event, so that a year passes in
   seconds.

   A message has one recipient, at a host of its own number; what the host does is asked of sim_host. */
#ifndef TERN_T_SEND_SIM_H
#define TERN_T_SEND_SIM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "lib/log.h"
#include "queue/store.h"
#include "send/bounce.h"
#include "send/channel.h"
#include "send/delivery.h"
#include "send/ending.h"
#include "send/injection.h"
#include "send/intake.h"
#include "send/pass.h"
#include "send/results.h"
#include "send/retry.h"
#include "send/runner.h"
#include "send/upkeep.h"
#include "send/verbs.h"

#define SECOND UINT64_C(1000000) /* the clock's unit is a microsecond */
#define SIM_START 1700000000ull

typedef struct fate_s fate;
struct fate_s {   /* one message: its file, and what became of it */
  uint64_t born;  /* by the clock that does not jump */
  uint64_t wall;  /* its id's time, in seconds */
  uint64_t next;  /* the state's */
  uint64_t first; /* when it was first given to an agent; 0: not yet */
  uint64_t last;
  uint64_t gone; /* when it had its end */
  uint32_t host;
  uint32_t attempts; /* the state's */
  uint32_t tries;
  unsigned char mark;
  unsigned char end; /* 0: it waits; 'd' delivered, 'x' given up */
  unsigned char told : 1, hold : 1;
  unsigned char notices;
};

/* What a host does with what it is given: seconds in microseconds, and the result. */
typedef struct sim_act_s sim_act;
struct sim_act_s {
  uint64_t takes;
  enum result_class class;
  unsigned int status;
};
static sim_act (*sim_host)(uint32_t host);

static runner all;
static fate *fates;
static uint64_t now;     /* microseconds since the start */
static int64_t sim_wall; /* seconds that the wall clock is off */
static uint64_t sim_tries, sim_opens;
static uint32_t sim_left;        /* messages that wait */
static uint64_t sim_vain[65536]; /* by host: when it was last tried in vain */
static uint32_t sim_connections_max, sim_active_max;

/* ---- the clock */

time_t time(time_t *t)
{
  time_t wall = (time_t)(SIM_START + now / SECOND) + (time_t)sim_wall;
  if (t)
    *t = wall;
  return wall;
}

static void sim_clock(uint64_t to)
{
  tain since;
  now = to;
  tain_from_millisecs(&since, 0);
  tai_u64(tain_secp(&since), now / SECOND);
  since.nano = (uint32_t)(now % SECOND) * 1000;
  tain_add(&STAMP, &all.begin, &since);
  all.now = 1 + (uint32_t)(now / SECOND);
}

/* ---- the log */

void log_init(void)
{
}
void log_begin(log_entry *l, char const *id_text, char const *event)
{
  (void)l, (void)id_text, (void)event;
}
void log_add(log_entry *l, char const *key, char const *value)
{
  (void)l, (void)key, (void)value;
}
void log_addb(log_entry *l, char const *key, char const *value, size_t len)
{
  (void)l, (void)key, (void)value, (void)len;
}
void log_add_number(log_entry *l, char const *key, uint64_t n)
{
  (void)l, (void)key, (void)n;
}
void log_end(log_entry *l)
{
  (void)l;
}
void log_flush(void)
{
}
void log_event(char const *id_text, char const *event, ...)
{
  (void)id_text, (void)event;
}
void log_warn(char const *verb, char const *object)
{
  (void)verb, (void)object;
}

/* ---- the queue */

#define fate_of(m) (fates + (m)->i.random)

enum store_opened store_open(store_message *m, id const *i, envelope *e, enum store_check check, char *why)
{
  char rcpt[32];
  fate *f = fates + i->random;
  (void)check, (void)why;
  sim_opens++;
  if (f->end)
    return STORE_GONE;
  *m = (store_message){.i = *i, .fd = 0, .checked = 1, .length = 1000};
  m->state = (store_state){
      .attempts = f->attempts, .next = f->next, .hold = f->hold, .told = f->told, .n = 1, .rcpt = &f->mark};
  if (!envelope_set_sender(e, "s@here.test", 11) ||
      !envelope_add(e, rcpt, (size_t)snprintf(rcpt, sizeof rcpt, "u@d%u.test", f->host)))
    return STORE_ERROR;
  return STORE_OPENED;
}
void store_close(store_message *m)
{
  m->fd = -1;
}
int store_reader(store_message const *m)
{
  (void)m;
  return -1;
}
void store_mark(store_message *m, size_t rcpt, enum store_rcpt what)
{
  m->state.rcpt[rcpt] = (unsigned char)what;
}
void store_set(store_message *m, uint32_t attempts, uint64_t next, int hold)
{
  fate *f = fate_of(m);
  m->state.attempts = f->attempts = attempts;
  m->state.next = f->next = next;
  m->state.hold = f->hold = !!hold;
}
void store_told(store_message *m)
{
  m->state.told = fate_of(m)->told = 1;
}
void store_groups(store_message *m, uint32_t n, uint64_t sum)
{
  m->state.groups = n, m->state.groups_sum = sum;
}
int store_save(store_message *m, int sync)
{
  (void)sync;
  m->state.dirty = 0;
  return 1;
}
int store_note(store_message *m, uint32_t const *rcpts, result const *results, size_t n, time_t when)
{
  (void)m, (void)rcpts, (void)results, (void)n, (void)when;
  return 1;
}
int store_notes(store_message const *m, int (*f)(void *, uint32_t, result const *, uint64_t), void *data)
{
  (void)m, (void)f, (void)data;
  return 1;
}
int store_remove(store_message *m)
{
  fate *f = fate_of(m);
  f->end = f->mark == STORE_DONE ? 'd' : 'x';
  f->gone = now;
  sim_left--;
  m->fd = -1;
  return 1;
}
int store_quarantine(store_message *m, char const *why)
{
  (void)m, (void)why;
  return 0;
}

/* ---- the agents: a heap of jobs by the time of their answer */

typedef struct sim_job_s sim_job;
struct sim_job_s {
  uint64_t when, number;
  channel *c;
  uint32_t host;
  sim_act act;
};
static sim_job sim_jobs[4096];
static uint32_t sim_n;

static void sim_put(sim_job const *j)
{
  uint32_t at = sim_n++;
  assert_true(sim_n <= 4096);
  while (at && sim_jobs[(at - 1) / 2].when > j->when) {
    sim_jobs[at] = sim_jobs[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  sim_jobs[at] = *j;
}

static sim_job sim_take(void)
{
  sim_job first = sim_jobs[0], last = sim_jobs[--sim_n];
  uint32_t at = 0;
  for (uint32_t child; (child = 2 * at + 1) < sim_n; at = child) {
    child += child + 1 < sim_n && sim_jobs[child + 1].when < sim_jobs[child].when;
    if (sim_jobs[child].when >= last.when)
      break;
    sim_jobs[at] = sim_jobs[child];
  }
  sim_jobs[at] = last;
  return first;
}

int channel_open(channel *c)
{
  c->state = CHANNEL_OPEN;
  return 1;
}
channel *channel_knock(runner *r, destination *d)
{
  channel *c = channel_make(r, d, CHANNEL_OPEN);
  if (r->delivery.side[SIDE_REMOTE].n > sim_connections_max)
    sim_connections_max = r->delivery.side[SIDE_REMOTE].n;
  return c;
}
/* An agent works on one job after the other. */
int channel_give(channel *c, message *m, uint32_t first, uint32_t n, uint32_t seconds)
{
  fate *f = fate_of(&m->s);
  uint64_t begin = now;
  sim_job j = {.number = ++c->r->delivery.job, .c = c, .host = f->host, .act = sim_host(f->host)};
  for (uint32_t k = 0; k < sim_n; k++)
    if (sim_jobs[k].c == c && sim_jobs[k].when > begin)
      begin = sim_jobs[k].when;
  channel_given(c, &(given){.number = j.number, .m = m, .first = first, .n = n}, seconds);
  j.when = begin + j.act.takes;
  sim_put(&j);
  if (!f->first)
    f->first = now;
  f->last = now;
  f->tries++;
  sim_tries++;
  return 1;
}

static void sim_answer(void)
{
  sim_job j = sim_take();
  job_done done = {.number = j.number, .n = 1};
  done.results[0].class = j.act.class;
  done.results[0].status = j.act.status;
  if (j.act.status == STATUS_NO_ANSWER)
    sim_vain[j.host] = now;
  strcpy(done.results[0].text, j.act.class == RESULT_OK ? "250 Ok" : "not now");
  assert_true(results_done(j.c, &done));
}

/* ---- reports: committed at once */

static void sim_reports(void)
{
  for (ring *i; (i = ring_take(&all.injections.waiting));) {
    injection *x = ring_of(injection, queue, i);
    fate *f = fate_of(&x->m->s);
    f->notices += x->m->rcpt[0].report == REPORT_DELAYED;
    x->m->injections--;
    bounce_ended(&all, x, RESULT_OK, 0, "a report");
    injection_free(x);
  }
}

/* ---- the loop */

static void sim_begin(uint32_t messages, char const *remote, char const *domain)
{
  memset(&all, 0, sizeof all);
  all.set.c.number[CONTROL_QUEUELIFETIME] = 604800;
  all.set.c.number[CONTROL_DELAYWARNING] = 14400;
  all.set.c.number[CONTROL_CONCURRENCYREMOTE] = strtoull(remote, 0, 10);
  all.set.c.number[CONTROL_CONCURRENCYDOMAIN] = strtoull(domain, 0, 10);
  all.set.c.number[CONTROL_CONCURRENCYLOCAL] = 20;
  all.set.c.number[CONTROL_CONCURRENCYUSER] = 4;
  all.set.c.number[CONTROL_TIMEOUTCONNECT] = 60;
  all.set.c.number[CONTROL_TIMEOUTREMOTE] = 300;
  all.set.c.number[CONTROL_TIMEOUTDONE] = 600;
  tain_now_set_stopwatch_g();
  assert_true(runner_init(&all, -1, WATCH_POLL));
  fates = calloc(messages, sizeof *fates);
  assert_non_null(fates);
  sim_n = 0;
  sim_wall = 0;
  sim_tries = sim_opens = 0;
  memset(sim_vain, 0, sizeof sim_vain);
  sim_left = sim_connections_max = sim_active_max = 0;
  sim_clock(SECOND);
}

static void sim_end(void)
{
  runner_free(&all);
  free(fates);
}

static void sim_arrive(uint32_t n, uint32_t host)
{
  uint64_t wall = (uint64_t)time(0);
  id i = {.usec = wall * SECOND + (uint64_t)n * 7919 % SECOND, .random = n, .worker = 1};
  fates[n] = (fate){.born = now, .wall = wall, .host = host};
  sim_left++;
  assert_true(schedule_arrive(&all.schedule, &i, SCHEDULE_NOTICE));
}

/* Does all that can be done now; gives when the schedule wants to be asked again. */
static uint64_t sim_act_now(void)
{
  tain far, wake;
  tain_addsec(&far, &STAMP, 86400);
  do {
    wake = far;
    intake_act(&all, &wake);
    delivery_act(&all);
    pass_act(&all);
    sim_reports();
    if (all.schedule.active > sim_active_max)
      sim_active_max = all.schedule.active;
  } while (!tain_less(&STAMP, &wake) || !ring_empty(&all.changed) ||
           !ring_empty(&all.delivery.side[SIDE_REMOTE].ready));
  tain_sub(&wake, &wake, &STAMP);
  return now + tai_sec(tain_secp(&wake)) * SECOND + wake.nano / 1000;
}

/* Runs until `until`, or to the next second, answer or turn of the schedule that comes first. */
static void sim_step(uint64_t until)
{
  uint64_t next = sim_act_now();
  uint64_t second = (now / SECOND + 1) * SECOND;
  if ((all.delivery.side[SIDE_REMOTE].n || all.schedule.active || delivery_waits(&all)) && second < next)
    next = second;
  if (sim_n && sim_jobs[0].when < next)
    next = sim_jobs[0].when;
  if (until < next)
    next = until;
  int ticks = next / SECOND != now / SECOND;
  sim_clock(next);
  if (ticks) {
    upkeep_second(&all);
    ending_second(&all);
  }
  while (sim_n && sim_jobs[0].when <= now)
    sim_answer();
}

static uint64_t sim_seed = 88172645463325252ull;
static uint32_t any(uint32_t n)
{
  sim_seed ^= sim_seed << 13;
  sim_seed ^= sim_seed >> 7;
  sim_seed ^= sim_seed << 17;
  return (uint32_t)(sim_seed >> 33) % n;
}

#endif
