/* order - the ids of the queue by age, in memory that does not grow with the queue: a part at a time, with
   another scan for each ORDER_MAX of them. */
#ifndef TERN_ORDER_H
#define TERN_ORDER_H

#include <stddef.h>
#include "lib/id.h"

#define ORDER_MAX 65536u /* ids in memory */

typedef struct order_s order;
struct order_s {
  id *ids;
  size_t max; /* allocated; 0: ORDER_MAX when needed */
  size_t n, at;
  id last;   /* given already; everything up to it, too */
  int begun; /* last means something */
  int cut;   /* there are more than fit, after the last of ids */
};
#define ORDER_ZERO                                                                                           \
  {                                                                                                          \
    .ids = 0                                                                                                 \
  }
/* The next id. 1; 0: the end; -1: errno. A message that comes or goes meanwhile is given or not. */
extern int order_next(order *o, id *i);
extern void order_free(order *o);

#endif
