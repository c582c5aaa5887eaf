/* listing - the protocols of the doors `showq` (what is in the queue) and `send` (what is to be done with it).

   showq: 'l': what is wanted, as lib/selection packs it: LISTING_ID*, LISTING_SENDER*, LISTING_RCPT*, LISTING_DOMAIN*,
          LISTING_MINE (none: everything). Answer: for each message one 'm' (and more 'm' with the same LISTING_ID and
          nothing but recipients, if they are many), oldest first; then 'z' with LISTING_RESULT. Who may not see a message's
          addresses can't find it by them, but with LISTING_MINE who may change it can.
   send:  'v': VERB_NAME ("hold", "release", "retry", "delete", "bounce"), LISTING_ID* or VERB_ALL. Answer: for each message
          'o': LISTING_ID, LISTING_RESULT; then 'z' with LISTING_RESULT. What is answered is on the disk.
          'h': which hosts do not answer? From who may change everything. Answer: for each 'h': LISTING_DOMAIN (a domain, or
          the target of a route), LISTING_ARRIVAL (since when), LISTING_NEXT, LISTING_REASON; then 'z'. */
#ifndef TERN_LISTING_H
#define TERN_LISTING_H

#include "lib/record.h"

#define LISTING_ASK 'l'
#define LISTING_MESSAGE 'm'
#define LISTING_END 'z'
#define VERB_ASK 'v'
#define VERB_DONE 'o'
#define HOSTS_ASK 'h'
#define HOSTS_ONE 'h'

enum listing_record {
  LISTING_ID = 1 | RECORD_MUST,       /* text */
  LISTING_SENDER = 2 | RECORD_MUST,   /* missing: the asker may not see addresses */
  LISTING_SIZE = 3 | RECORD_MUST,     /* number: octets of the body */
  LISTING_ARRIVAL = 4 | RECORD_MUST,  /* number: seconds since 1970 */
  LISTING_STATE = 5 | RECORD_MUST,    /* one octet: enum listing_state */
  LISTING_ATTEMPTS = 6 | RECORD_MUST, /* number */
  LISTING_NEXT = 7 | RECORD_MUST,     /* number: seconds since 1970; 0: now */
  LISTING_RCPT =
      8 | RECORD_MUST, /* begins a recipient that still waits; its data: the address, empty if hidden */
  LISTING_RCPT_STATE = 9 | RECORD_MUST, /* one octet: enum store_rcpt of queue/store.h */
  LISTING_REASON = 10 | RECORD_MUST,    /* text: why it waits */
  LISTING_RESULT = 11 | RECORD_MUST,    /* lib/result */
  VERB_NAME = 12 | RECORD_MUST,
  VERB_ALL = 13 | RECORD_MUST,
  LISTING_UID = 14,                  /* number */
  LISTING_DOMAIN = 15 | RECORD_MUST, /* of a recipient that waits; with a dot before it: all below it */
  LISTING_MINE = 16 | RECORD_MUST,   /* no data: only messages that the asker may change */
  LISTING_TRIED = 17 /* number, of a recipient: when the reason was noted, seconds since 1970 */
};
enum listing_state {
  LISTING_NEW = 'n',
  LISTING_ACTIVE = 'a',
  LISTING_DEFERRED = 'd',
  LISTING_HOLD = 'h',
  LISTING_BAD = 'b' /* a file that makes no sense, or a newer tern's: nothing is known but its id */
};

#endif
