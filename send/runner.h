/* runner - all that the runner has, in one place, and its loop. Each module works on its own part of it and
   calls the others by their headers; nothing here waits but runner_turn.

   The way of a message: intake opens it; resolving asks what its local recipients mean; delivery gives jobs
   to channels; pass draws the conclusions: marks, report (bounce), what is tried again when. */
#ifndef TERN_SEND_RUNNER_H
#define TERN_SEND_RUNNER_H

#include <stdint.h>
#include <skalibs/tai.h>
#include "lib/door.h"
#include "lib/identity.h"
#include "lib/result.h"
#include "queue/notice.h"
#include "queue/store.h"
#include "send/destination.h"
#include "send/message.h"
#include "send/ring.h"
#include "send/schedule.h"
#include "send/settings.h"
#include "send/syncer.h"
#include "send/watch.h"

/* ---- the doors that the runner knocks at */
enum lane_name { LANE_ALIAS, LANE_LOCAL, LANE_REMOTE, LANE_QUEUE, LANE_N };
typedef struct lane_s lane;
struct lane_s {
  unsigned int failures; /* in a row; 0: it answers */
  tain since;            /* the first of them */
  tain retry;            /* not to be tried before */
  uint32_t parked;       /* a list of the schedule */
  int away;              /* it has been down for long: nobody waits for it with an open message */
};

/* ---- what belongs to one module each */
typedef struct intake_s intake;
struct intake_s {
  notice_reader notices;
  watched w;
  store_scan scan;
  int more; /* notices are left that were read already */
  int scanning;
  int again;    /* a scan is due after this one */
  uint32_t due; /* a scan that could not be done: when; 0: none */
};

typedef struct resolving_s resolving;
struct resolving_s {
  door d;
  watched w;
  ring asked;      /* questions on their way, in order */
  ring waiting;    /* questions that have not been put */
  stralloc answer; /* of the first of `asked`, as far as it came */
  unsigned int n;  /* of asked */
  tain deadline;   /* for the first of them */
};

enum delivery_side { SIDE_LOCAL, SIDE_REMOTE, SIDE_N };
typedef struct side_s side;
struct side_s {     /* local and remote channels */
  ring channels;    /* the longest idle first among the idle */
  ring ready;       /* destinations that may be able to go on */
  ring starving;    /* destinations that have no channel and find no room for one */
  ring doubtful;    /* of them, hosts in doubt: turn.h */
  uint32_t doubts;  /* channels of hosts in doubt */
  uint32_t doubted; /* open messages that wait for hosts in doubt */
  uint32_t parked;  /* those that are too many: a list of the schedule */
  int alternate;
  uint32_t n; /* channels, without those that rest */
  uint32_t limit;
  uint32_t resting, resting_max; /* local: processes without a job */
};
typedef struct delivery_s delivery;
struct delivery_s {
  side side[SIDE_N];
  uint64_t job; /* the last job's number */
  door local;   /* door `local` */
  watched w;
  int silent;     /* it has not answered since it was opened */
  ring asked;     /* channels that it was asked for, in order */
  uint32_t turn;  /* of the loop */
  uint32_t swept; /* when destinations were last forgotten */
};

typedef struct injections_s injections;
struct injections_s {
  ring waiting, running;
  unsigned int n; /* running */
};

typedef struct verbs_s verbs;
struct verbs_s {
  int fd; /* the listener */
  watched w;
  ring callers;
  unsigned int n;
  tain again; /* nobody is let in before: there were no descriptors */
  syncer syncer;
};

typedef struct runner_s runner;
struct runner_s {
  identities ids;
  settings set;
  watch watch;
  schedule schedule;
  destinations destinations;
  lane lanes[LANE_N];
  intake intake;
  resolving resolving;
  delivery delivery;
  injections injections;
  verbs verbs;
  message **active; /* by number; 0: free */
  uint32_t active_top;
  ring unsaved; /* messages that only wait for their marks to be written */
  ring changed; /* messages whose marks are to be written, or whose pass is over */
  tain begin;
  uint32_t now; /* seconds since `begin`, plus 1 */
  tain tick;    /* the next second */
  int draining;
  int rested; /* what the start touched of the program was given back */
  tain drain_end;
};

/* After the settings and the doors are there; fd_verbs: the listener of door `send`. 0: errno. */
extern int runner_init(runner *r, int fd_verbs, enum watch_how how);
extern void runner_free(runner *r);
/* One turn: waits, acts, at most for a second while anything is under way. 0: errno. */
extern int runner_turn(runner *r);
extern void runner_all_now(runner *r);
extern void runner_reload(runner *r);
/* No new work from now on; what is in hand goes on. */
extern void runner_drain(runner *r);
extern int runner_drained(runner const *r); /* nothing is in hand, or the time is over */

/* Microseconds of the runner's own clock, as of the last wait. */
extern uint64_t runner_microseconds(runner const *r);
/* Wall clock, seconds since 1970. */
extern uint64_t runner_wall(void);

#endif
