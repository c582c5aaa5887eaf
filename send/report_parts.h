/* report_parts - what the files of a report share: its words are report_words.c's, its fields report_fields.c's, the whole
   report.c's. */
#ifndef TERN_SEND_REPORT_PARTS_H
#define TERN_SEND_REPORT_PARTS_H

#include <skalibs/stralloc.h>
#include "send/report.h"

/* What it says of recipient k; ABOUT_N: nothing. In the order of its paragraphs. */
enum about { ABOUT_FAILED, ABOUT_DELAYED, ABOUT_DELIVERED, ABOUT_RELAYED, ABOUT_EXPANDED, ABOUT_N };
extern enum about report_about(message const *m, uint32_t k);
extern int report_says(message const *m, enum about what); /* of anybody? */

/* 0: no memory. */
extern int report_puts(stralloc *out, char const *a, char const *b);
extern int report_field(stralloc *out, char const *name, char const *value);
extern int report_boundary(report const *p, stralloc *out, char const *end);
/* Is it what a host said, or what we say about a host? */
extern int report_is_reply(char const *s);

/* The text for people, and the part for programs. */
extern int report_words(report const *p, stralloc *out);
extern int report_fields(report const *p, stralloc *out);
/* What a person may do about a failure of this kind. */
extern char const *report_advice(result const *why);

#endif
