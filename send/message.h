/* message - a message that is open: its file with the lock, its envelope, and what becomes of each recipient
   in this pass.

   A pass tries every recipient that is not done once. It is over when none is open; pass.c says what follows
   then. */
#ifndef TERN_SEND_MESSAGE_H
#define TERN_SEND_MESSAGE_H

#include <stdint.h>
#include <skalibs/stralloc.h>
#include "lib/envelope.h"
#include "lib/id.h"
#include "lib/result.h"
#include "queue/store.h"
#include "send/ring.h"

enum stage {
  STAGE_DONE,      /* delivered, relayed, expanded or failed and reported: in the state too */
  STAGE_TODO,      /* nothing is known yet             --- from here open --- */
  STAGE_ASKED,     /* door alias is asked what it means */
  STAGE_EXPANDING, /* becomes messages that are being injected */
  STAGE_QUEUED,    /* waits for an agent */
  STAGE_OUT,       /* an agent has it                  --- to here --- */
  STAGE_FAILED,    /* for good; not reported yet */
  STAGE_LATER,     /* tried, and not for good */
  STAGE_SOON,      /* its agent was lost: as if it had not been tried */
  STAGE_UNTRIED,   /* its destination is dead */
  STAGE_PARKED     /* waits for a door or for a crowded destination, without the message being open */
};
#define STAGE_OPEN(s) ((s) >= STAGE_TODO && (s) <= STAGE_OUT)

/* RFC 3464 section 2.3.3: what a report is to say of a recipient that has not failed. All but the delay only if its
   sender asked for it (RFC 3461 section 4.1). */
enum message_report { REPORT_NONE, REPORT_DELIVERED, REPORT_RELAYED, REPORT_EXPANDED, REPORT_DELAYED };

typedef struct plan_s plan;
struct plan_s { /* of one recipient */
  unsigned char stage;
  unsigned char report; /* enum message_report */
  unsigned char only;   /* his mailbox has not got it, all else that his .forward names has */
  unsigned char fails;  /* when his mailbox has it: something else failed for good, and is his reason */
  uint32_t next;        /* the next recipient of the same entry or job; UINT32_MAX: none */
  uint32_t name;        /* local: strings of the envelope's text */
  uint32_t ext;
  uint32_t reason; /* offset into message.reasons; 0: none */
  uint32_t remote; /* who said so: a string of the envelope's text; 0: this host */
};
#define PLAN_NONE UINT32_MAX

typedef struct message_s message;
struct message_s {
  uint32_t number; /* in the runner's table */
  uint32_t waits;  /* its entry in the schedule */
  store_message s;
  envelope e;
  char id[ID_LEN + 1];
  uint64_t arrival; /* seconds since 1970 */
  uint32_t n;       /* recipients */
  plan *rcpt;
  uint32_t left;       /* not done */
  uint32_t open;       /* of them, in this pass */
  uint32_t injections; /* that it waits for */
  uint32_t park;       /* a list of the schedule; WAITING_NONE */
  uint32_t dead;       /* seconds that the deadest of its destinations stays so */
  result *refused;     /* why one of its injections failed; 0: none did */
  stralloc reasons;    /* packed results, each behind its length */
  uint32_t last_reason;
  uint32_t last_remote;
  ring entries;                /* send/destination's */
  ring turn;                   /* on the list of those that changed in this turn of the loop */
  uint32_t pause;              /* seconds until the next attempt, once that is decided */
  uint32_t save;               /* unsaved: when that is tried again */
  unsigned int unsaved : 1;    /* its marks could not be written */
  unsigned int warned : 1;     /* the log knows */
  unsigned int deleted : 1;    /* a verb said so; what is out is waited for */
  unsigned int bouncing : 1;   /* a verb said so: all that is left fails */
  unsigned int reporting : 1;  /* its bounce is on the way */
  unsigned int unreported : 1; /* its bounce could not be committed */
  unsigned int told : 1;       /* the last line of the log said that nothing is left */
  unsigned int telling : 1;    /* nothing is tried: its sender is only told that it is late */
  unsigned int level : 2;      /* of the bounce that is on the way */
};

extern message *message_new(uint32_t waits); /* 0: no memory */
extern void message_free(message *m);        /* closes its file */
/* After store_open: a plan for each recipient. 0: no memory. */
extern int message_plan(message *m);
/* Keeps why a recipient was not delivered. Without memory the reason is lost, not the recipient. */
extern void message_reason(message *m, uint32_t k, result const *r);
/* Recipient k is done: its mark, which says whether a report is still owed (m->rcpt[k].report). */
extern void message_mark_done(message *m, uint32_t k);
/* The reasons that stand in its file, for a pass that tries nobody. */
extern void message_recall(message *m);
/* 0: none was kept. */
extern int message_why(message const *m, uint32_t k, result *r);
#define message_rcpt(m, k) (envelope_rcpts(&(m)->e) + (k))
#define message_address(m, k) envelope_string(&(m)->e, message_rcpt(m, k)->address)
#define message_sender(m) envelope_string(&(m)->e, (m)->e.sender)

#endif
