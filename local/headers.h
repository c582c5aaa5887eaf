/* headers - the header of a message as it is delivered: what is put on top, and what is looked for in it.

   On top stand Return-Path, X-Original-To and Delivered-To, once each (RFC 5321 section 4.4 for the first).
   In the message itself the search is for a Delivered-To with the recipient's address, which means a loop,
   and for Return-Path fields, which are left out of the copy: the one on top is to be the only one. Older
   Delivered-To and X-Original-To fields tell how the message came here and stay. */
#ifndef TERN_LOCAL_HEADERS_H
#define TERN_LOCAL_HEADERS_H

#include <stddef.h>
#include <stdint.h>

#define HEADERS_SKIP_MAX 4u /* Return-Path fields that are left out; further ones stay */
#define HEADERS_VALUE 1024u /* octets of a Delivered-To that are compared */
#define HEADERS_TOP 3400u   /* the three fields, addresses of ENVELOPE_ADDRESS_MAX octets */
#define HEADERS_FROM_ 1100u /* a From_ line */

enum headers_field { HEADERS_OTHER, HEADERS_RETURN_PATH, HEADERS_DELIVERED_TO };

typedef struct headers_range_s headers_range;
struct headers_range_s {
  uint64_t from, to;
};

typedef struct headers_s headers;
struct headers_s {
  char const *recipient; /* whose Delivered-To is looked for */
  uint64_t at;           /* octets scanned; once ended: where the empty line begins */
  unsigned int nskip;
  headers_range skip[HEADERS_SKIP_MAX];
  enum headers_field field; /* of the line before: a folded line belongs to it */
  unsigned int ended : 1;   /* the empty line was found */
  unsigned int inside : 1;  /* of a line that is longer than what was given at once */
  unsigned int loop : 1;    /* the recipient's Delivered-To was found */
  size_t valuelen;
  char value[HEADERS_VALUE];
};

extern void headers_init(headers *h, char const *recipient);
/* Scans octets that follow those of the last call; gives how many it took: whole lines, or everything if
   there is no end of line in it. Call it until `ended`, or until there is no more, then headers_finish. */
extern size_t headers_scan(headers *h, char const *s, size_t len);
extern void headers_finish(headers *h); /* the message has no body */

/* Each writes at s and gives the number of octets. Octets that would end a line become "?". */
extern size_t headers_return_path(char *s, char const *sender);
extern size_t headers_original(char *s, char const *address);
extern size_t headers_delivered(char *s, char const *recipient);
/* The From_ line of mbox, programs and procmail: "From SENDER Tue Nov 24 02:09:36 2026"; the empty sender is
   MAILER-DAEMON, and white space in a sender becomes "-". tzset must have been called. */
extern size_t headers_from_(char *s, char const *sender);

#endif
