/* channel - a way to an agent: a connection to door `remote`, which is a worker there, or the channel to a
   user's process that door `local` gave. It belongs to one destination, has a bounded number of jobs, stays a
   little while when idle, and whatever ends it gives its jobs back. */
#ifndef TERN_SEND_CHANNEL_H
#define TERN_SEND_CHANNEL_H

#include "lib/job.h"
#include "send/runner.h"

#define CHANNEL_LINGER_LOCAL 5u /* seconds that an idle one stays */
#define CHANNEL_LINGER_REMOTE 3u
#define CHANNEL_KILL 10u   /* seconds from the order to end a process until its jobs are given up */
#define CHANNEL_ANSWER 60u /* seconds for door local's answer */
#define CHANNEL_SLOW 1u    /* seconds after which a process that has not answered gets no more jobs */

typedef struct given_s given;
struct given_s { /* a job that the agent has */
  uint64_t number;
  message *m;
  uint32_t first; /* its recipients, chained by plan.next */
  uint32_t n;
  uint64_t begun;      /* microseconds of the runner's clock: given, or first of those that its agent has */
  uint32_t since, due; /* seconds of the runner's clock */
};

enum channel_state {
  CHANNEL_ASKED, /* door local was asked for it */
  CHANNEL_OPEN,
  CHANNEL_ENDING /* its process is being killed: no more jobs */
};

typedef struct channel_s channel;
struct channel_s {
  runner *r;
  destination *of;
  ring side;  /* of all channels of the side, the longest idle first among the idle */
  ring own;   /* of the destination's */
  ring asked; /* of those that door local was asked for */
  enum channel_state state;
  door d;
  watched w;
  uint64_t process; /* local: its number */
  given job[JOB_BATCH];
  unsigned int n;  /* jobs */
  int doubtful;    /* its host has not answered yet, or not lately: the side counts it */
  int greeted;     /* its process said what it has to say first */
  int resting;     /* local: it has no job, and another may have its part of the room */
  int refused;     /* its process said that it could not become the user */
  int leaving;     /* it takes no more jobs, answers those that it has read, and closes */
  uint32_t served; /* jobs ever */
  uint32_t
      idle; /* since when; CHANNEL_ASKED: until when the answer may take: seconds of the runner's clock */
  uint32_t kill; /* CHANNEL_ENDING: given up then */
};

/* A connection to door remote. 0: none (the lane knows). */
extern channel *channel_knock(runner *r, destination *d);
/* For who opens one: a new one of d's, 0: no memory; and its door is there now, 0: errno. */
extern channel *channel_make(runner *r, destination *d, enum channel_state state);
extern int channel_open(channel *c);
/* Sends a job: n recipients of m from `first` on. 0: they are still the caller's (errno). */
extern int channel_give(channel *c, message *m, uint32_t first, uint32_t n, uint32_t seconds);
/* The agent has the job, for so many seconds; and: it is done. */
extern void channel_given(channel *c, given const *g, uint32_t seconds);
extern void channel_taken(channel *c, given const *g);
extern void channel_believe(channel *c); /* its host has answered */
/* A process without a job leaves its part of the room. 0: it is no such process. */
extern int channel_rest(channel *c);
extern void channel_close(channel *c); /* its jobs are lost; who starves is called */
extern void channel_drop(channel *c);  /* the same for an idle one, whose room is taken at once */
extern int channel_is_slow(channel const *c);

#endif
