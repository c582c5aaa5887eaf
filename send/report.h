/* report - a bounce, a notice of delay or a report of success as a message: multipart/report (RFC 6522) with words for people,
   the fields of RFC 3464 for programs, and the message or its header. Text only; who gets it and how is
   bounce.c's. */
#ifndef TERN_SEND_REPORT_H
#define TERN_SEND_REPORT_H

#include <stddef.h>
#include <stdint.h>
#include <skalibs/stralloc.h>
#include "send/message.h"

#define REPORT_WORDS 100u         /* recipients that are named in words; the others only in the fields */
#define REPORT_WHOLE_MAX 1048576u /* octets of a message that is returned whole */
#define REPORT_HEADER_MAX 32768u  /* octets of its header */

enum report_level { REPORT_TO_SENDER = 1, REPORT_TO_POSTMASTER = 2 }; /* as ENVELOPE_BOUNCE */

typedef struct report_s report;
struct report_s {
  message const *m; /* recipients that are STAGE_FAILED and want it, or have a plan.report */
  char const *me;
  char const *to;
  enum report_level level;
  uint64_t now;   /* seconds since 1970 */
  uint64_t until; /* it is tried until then, at least */
};

/* Does recipient k stand in the report? */
extern int report_has(message const *m, uint32_t k);
/* The gravest thing that it says: "failed", "delayed", "delivered". */
extern char const *report_kind(message const *m);
/* Does it return the whole message, or only the header? */
extern int report_is_whole(report const *p);
/* The text before what is returned, and after it. 0: no memory. */
extern int report_head(report const *p, stralloc *out);
extern int report_tail(report const *p, stralloc *out);
/* How many of the first len octets of a message are its header, whole lines. */
extern size_t report_header(char const *s, size_t len);

#endif
