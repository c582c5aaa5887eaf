/* request - what a caller at door `send` asks for, as lib/listing.h has it. */
#ifndef TERN_SEND_REQUEST_H
#define TERN_SEND_REQUEST_H

#include <stdint.h>
#include <skalibs/stralloc.h>
#include "lib/door.h"
#include "send/verb.h"

#define REQUEST_IDS 10000u /* messages that one may name */

typedef struct request_s request;
struct request_s {
  enum verb verb;
  int all;
  stralloc ids; /* packed, ID_PACK each */
  uint32_t at;  /* of ids; all: the entry's number in the schedule */
};

extern int request_take(request *q, frame const *f); /* 0: it makes no sense, or no memory */

#endif
