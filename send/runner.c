/* runner - the loop. A turn waits for descriptors, which are acted upon as they come, and then lets each
   module do what follows: intake, questions, jobs, injections, verbs; at last the marks. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include "lib/log.h"
#include "lib/service.h"
#include "lib/text.h"
#include "send/delivery.h"
#include "send/ending.h"
#include "send/injection.h"
#include "send/intake.h"
#include "send/lane.h"
#include "send/pass.h"
#include "send/resolving.h"
#include "send/runner.h"
#include "send/upkeep.h"
#include "send/verbs.h"

#define DESCRIPTORS_OTHER 128u /* doors, files and sockets beside messages and channels */
#define ACTIVE_MIN 16u

/* As many open messages as there are descriptors for, beside the channels. */
static uint32_t active_max(runner const *r)
{
  struct rlimit l;
  uint64_t taken = DESCRIPTORS_OTHER + control_number(&r->set.c, CONTROL_CONCURRENCYLOCAL) +
                   PROCESS_IDLE_MAX(control_number(&r->set.c, CONTROL_CONCURRENCYLOCAL)) +
                   control_number(&r->set.c, CONTROL_CONCURRENCYREMOTE);
  if (getrlimit(RLIMIT_NOFILE, &l) < 0)
    return ACTIVE_MIN;
  if (l.rlim_cur < l.rlim_max && l.rlim_cur < taken + SCHEDULE_ACTIVE) {
    l.rlim_cur = l.rlim_max < taken + SCHEDULE_ACTIVE ? l.rlim_max : taken + SCHEDULE_ACTIVE;
    if (setrlimit(RLIMIT_NOFILE, &l) < 0 || getrlimit(RLIMIT_NOFILE, &l) < 0)
      return ACTIVE_MIN;
  }
  if (l.rlim_cur < taken + ACTIVE_MIN)
    return ACTIVE_MIN;
  return l.rlim_cur - taken < SCHEDULE_ACTIVE ? (uint32_t)(l.rlim_cur - taken) : SCHEDULE_ACTIVE;
}

int runner_init(runner *r, int fd_verbs, enum watch_how how)
{
  r->begin = STAMP;
  r->now = 1;
  r->tick = STAMP;
  ring_init(&r->changed);
  ring_init(&r->unsaved);
  r->intake.notices.fd = -1;
  r->intake.w = (watched)WATCHED_ZERO;
  resolving_init(r);
  injection_init(r);
  if (!watch_init(&r->watch, how) || !schedule_init(&r->schedule, active_max(r)))
    return 0;
  r->active = calloc(r->schedule.active_max + INTAKE_SPARE, sizeof *r->active);
  return r->active && lane_init(r) && delivery_init(r) && verbs_init(r, fd_verbs);
}

/* Everything is given up as it is: what was not marked is done again. */
void runner_free(runner *r)
{
  verbs_free(r);
  injection_free_all(r);
  resolving_free(r);
  delivery_free(r);
  for (uint32_t n = 0; n < r->schedule.active_max + INTAKE_SPARE; n++)
    if (r->active[n]) {
      while (!ring_empty(&r->active[n]->entries))
        entry_free(ring_of(entry, message, r->active[n]->entries.next));
      message_free(r->active[n]);
    }
  free(r->active);
  destinations_free(&r->destinations);
  schedule_free(&r->schedule);
  watch_free(&r->watch);
  settings_free(&r->set);
}

static int is_busy(runner const *r)
{
  return r->schedule.active || resolving_busy(r) || injection_busy(r) || r->delivery.side[SIDE_LOCAL].n ||
         r->delivery.side[SIDE_LOCAL].resting || r->delivery.side[SIDE_REMOTE].n || delivery_waits(r);
}

uint64_t runner_microseconds(runner const *r)
{
  tain since;
  tain_sub(&since, &STAMP, &r->begin);
  return tai_sec(tain_secp(&since)) * 1000000 + tain_nano(&since) / 1000;
}

static void look_at_clock(runner *r)
{
  tain since;
  tain_sub(&since, &STAMP, &r->begin);
  r->now = 1 + (uint32_t)tai_sec(tain_secp(&since));
  if (tain_future(&r->tick))
    return;
  tain_addsec_g(&r->tick, 1);
  upkeep_second(r);
  ending_second(r);
}

/* The modules in the order of a message's way, and the marks at last. What one of them begins, another may go
   on with in the same turn. */
static void act(runner *r, tain *deadline)
{
  intake_act(r, deadline);
  delivery_act(r);
  resolving_act(r, deadline);
  delivery_act(r);
  verbs_act(r, deadline);
  pass_act(r);
  injection_act(r, deadline);
  pass_act(r);
  lane_act(r, deadline);
}

/* What the start touched goes, once there is nothing to do. */
static void rest(runner *r)
{
  if (r->rested || is_busy(r))
    return;
  text_release();
  r->rested = 1;
}

int runner_turn(runner *r)
{
  tain deadline;
  look_at_clock(r);
  tain_addsec_g(&deadline, 3600);
  act(r, &deadline);
  if (!ring_empty(&r->changed))
    deadline = STAMP;
  if (is_busy(r) && tain_less(&r->tick, &deadline))
    deadline = r->tick;
  if (r->draining && tain_less(&r->drain_end, &deadline))
    deadline = r->drain_end;
  log_flush();
  rest(r);
  return watch_wait(&r->watch, &deadline);
}

void runner_all_now(runner *r)
{
  log_event(0, "warning", "signal", "all that waits is tried now", (char *)0);
  schedule_all_now(&r->schedule);
  lane_all_now(r);
  delivery_all_now(r);
}

void runner_reload(runner *r)
{
  stralloc problem = STRALLOC_ZERO;
  if (settings_read(&r->set, &r->ids, &problem)) {
    delivery_settings(r);
    log_event(0, "reloaded", (char *)0);
  } else
    service_keep(&problem);
  stralloc_free(&problem);
}

void runner_drain(runner *r)
{
  r->draining = 1;
  tain_addsec_g(&r->drain_end, (int)control_number(&r->set.c, CONTROL_TIMEOUTDRAIN));
  intake_stop(r);
  verbs_stop(r);
  for (uint32_t n = 0; n < r->schedule.active_max + INTAKE_SPARE; n++)
    if (r->active[n])
      pass_withdraw(r, r->active[n]);
}

int runner_drained(runner const *r)
{
  return !tain_future(&r->drain_end) || (!r->schedule.active && !verbs_busy(r));
}
