/* lane - back-off for doors. */
#include <errno.h>
#include <string.h>
#include "lib/log.h"
#include "send/delivery.h"
#include "send/lane.h"

#define PAUSE_FIRST 50 /* milliseconds */

char const *const lane_names[LANE_N] = {"alias", "local", "remote", "queue"};

int lane_init(runner *r)
{
  for (unsigned int i = 0; i < LANE_N; i++) {
    r->lanes[i] = (lane){.parked = waiting_list(&r->schedule.w)};
    if (r->lanes[i].parked == WAITING_NONE)
      return 0;
  }
  return 1;
}

static void after(tain *t, unsigned int ms)
{
  tain pause;
  tain_from_millisecs(&pause, (int)ms);
  tain_add_g(t, &pause);
}

void lane_failed(runner *r, enum lane_name which)
{
  lane *l = r->lanes + which;
  unsigned int ms = l->failures < 9 ? PAUSE_FIRST << l->failures : LANE_PAUSE_MAX;
  if (!l->failures++) {
    l->since = STAMP;
    log_event(0, "warning", "door", lane_names[which], "problem", strerror(errno), (char *)0);
  }
  after(&l->retry, ms < LANE_PAUSE_MAX ? ms : LANE_PAUSE_MAX);
}

/* Destinations that wait for it are looked at again; questions and injections look at their door in each turn. */
static void go_on(runner *r, enum lane_name which)
{
  if (which == LANE_LOCAL || which == LANE_REMOTE)
    delivery_wake(r, which == LANE_LOCAL ? SIDE_LOCAL : SIDE_REMOTE);
}

void lane_worked(runner *r, enum lane_name which)
{
  lane *l = r->lanes + which;
  if (!l->failures)
    return;
  l->failures = 0;
  l->away = 0;
  log_event(0, "warning", "door", lane_names[which], "problem", "over", (char *)0);
  schedule_unpark(&r->schedule, l->parked);
  go_on(r, which);
}

void lane_reason(enum lane_name which, result *why)
{
  result_set(why, RESULT_TEMPORARY, STATUS_NOT_ACCEPTING,
             "the service %s does not answer; the message waits for it", lane_names[which]);
}

static void knock(runner *r, enum lane_name which)
{
  tain deadline = STAMP;
  door d;
  if (!door_knock(&d, lane_names[which], DOOR_REFUSE_FDS, &deadline)) {
    lane_failed(r, which);
    return;
  }
  door_close(&d);
  lane_worked(r, which);
}

void lane_act(runner *r, tain *deadline)
{
  for (enum lane_name which = 0; which < LANE_N; which++) {
    lane *l = r->lanes + which;
    tain patience;
    if (!l->failures)
      continue;
    if (!tain_future(&l->retry))
      knock(r, which);
    if (!l->failures)
      continue;
    tain_addsec(&patience, &l->since, LANE_PATIENCE);
    if (!l->away && !tain_future(&patience)) {
      l->away = 1;
      go_on(r, which);
    }
    if (tain_less(&l->retry, deadline))
      *deadline = l->retry;
  }
}

void lane_all_now(runner *r)
{
  for (enum lane_name which = 0; which < LANE_N; which++)
    if (r->lanes[which].failures)
      r->lanes[which].retry = STAMP;
}
