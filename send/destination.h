/* destination - where recipients go: another host or domain, a user's mailbox, a user's own process, an
   alias's programs. Each has a queue with an entry for each message that waits for it, taken in turn, so that
   a message with many recipients delays no other one. Pure: knows no channel's descriptor. */
#ifndef TERN_SEND_DESTINATION_H
#define TERN_SEND_DESTINATION_H

#include <stdint.h>
#include "lib/job.h"
#include "lib/result.h"
#include "send/message.h"
#include "send/ring.h"
#include "send/window.h"

enum destination_kind {
  DESTINATION_REMOTE = 'r',
  DESTINATION_MAILBOX = PROCESS_MAILBOX,
  DESTINATION_PLAIN = PROCESS_PLAIN,
  DESTINATION_ALIAS = PROCESS_ALIAS
};

typedef struct destination_s destination;
struct destination_s {
  destination *chain; /* the same hash */
  ring all;           /* on the runner's list of destinations */
  ring ready;         /* on the list of those that can go on, or of those that starve for a channel */
  ring entries;
  ring channels;
  uint32_t messages; /* entries */
  uint32_t open;     /* channels, those that are asked for included */
  uint32_t resting;  /* of them, which have no job and count for nothing but their own bound (local) */
  uint32_t asked;
  uint32_t parked; /* a list of the schedule, WAITING_NONE: none yet */
  uint32_t called; /* the turn of the loop in which some of them were called */
  uint32_t used;   /* when last: seconds of the runner's clock */
  uint32_t pace;   /* remote: microseconds that a job takes of late; 0: not known */
  window w;        /* remote */
  result *last;    /* remote: the last failure of a connection; 0: none */
  uint32_t
      failing;   /* remote: since when nobody has been reached there: seconds of the runner's clock; 0: not */
  int called_in; /* it starved for a channel, and now there is room */
  int routed;    /* remote: the name is a route "host[:port]", not a domain */
  enum destination_kind kind;
  char name[]; /* the domain in lower case, the route, the user or the alias */
};

typedef struct entry_s entry;
struct entry_s {
  ring queue;   /* of the destination */
  ring message; /* of the message */
  destination *d;
  message *m;
  uint32_t first, last; /* recipients, chained by plan.next */
  uint32_t n;
  uint32_t *doubted; /* a number of entries of hosts in doubt that counts it; 0: none */
};

typedef struct destinations_s destinations;
struct destinations_s {
  destination **bucket;
  uint32_t buckets; /* a power of two */
  uint32_t n;
  ring all;
};

extern int destinations_init(destinations *ds); /* 0: no memory */
extern void destinations_free(destinations *ds);
extern destination *destination_find(destinations const *ds, enum destination_kind kind, char const *name,
                                     int routed);
/* Found or made. The case of a domain does not count. 0: no memory. */
extern destination *destination_get(destinations *ds, enum destination_kind kind, char const *name,
                                    size_t len, int routed);
extern void destination_drop(destinations *ds,
                             destination *d); /* it has no entry, no channel, and nobody is parked */
#define destination_idle(d) (!(d)->messages && !(d)->open)

/* Recipient k of m waits for d. All of a message's recipients of one destination that are added one after
   another share an entry. 0: no memory. */
extern int destination_add(destination *d, message *m, uint32_t k);
/* Takes up to max recipients of the message whose turn it is; what it has more of goes to the end of the
   queue. The recipients are chained by plan.next from *first. Gives their number; 0: nobody waits. */
extern uint32_t destination_take(destination *d, uint32_t max, message **m, uint32_t *first);
/* Takes an entry off its queues; its recipients are the caller's. */
extern void entry_free(entry *x);
extern void entry_believe(entry *x); /* its host is in doubt no more */

#endif
