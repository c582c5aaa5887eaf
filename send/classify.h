/* classify - is an address this machine's, or where else does it go? By the settings of the moment: a route
   is looked up at each attempt, so that a corrected setting frees what waits. */
#ifndef TERN_SEND_CLASSIFY_H
#define TERN_SEND_CLASSIFY_H

#include <stddef.h>
#include "send/settings.h"

typedef struct where_s where;
struct where_s {
  char const *domain; /* points into the address */
  size_t domain_len;
  char const *route; /* "host[:port]", "": by MX */
};

enum place {
  PLACE_LOCAL,
  PLACE_HERE, /* local, by an address literal of this host: the local part counts alone */
  PLACE_REMOTE
};
extern enum place classify(settings const *s, char const *address, where *w);
/* Must door alias be asked about a remote address too? Only it knows the domains of `virtual`. */
#define classify_asks_all(s) (*control_line(&(s)->c, CONTROL_VIRTUAL))

#endif
