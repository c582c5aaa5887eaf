/* blocklist - what DNS says of a client: lists of addresses (RFC 5782), and its own name. Every question has an end;
   what can't be answered in time is BLOCKLIST_LATER, which for a list means "not listed". */
#ifndef TERN_SMTPD_BLOCKLIST_H
#define TERN_SMTPD_BLOCKLIST_H

#include <skalibs/ip46.h>

#define BLOCKLIST_ZONE 256u  /* octets of a zone's name, with its NUL */
#define BLOCKLIST_SECONDS 10 /* for all zones together, and for the name of a client */

typedef struct dns_s dns;

enum blocklist_answer { BLOCKLIST_NO, BLOCKLIST_YES, BLOCKLIST_LATER };

/* lines: of the setting dnsbl, "zone" or "zone network ...": the answers that count, else 127.0.0.0/8 without
   127.255.255.0/24, by which lists say that they do not answer. 1: it is listed, in `zone`. */
extern int blocklist_has(dns const *d, char const *lines, ip46 const *client, char zone[BLOCKLIST_ZONE]);
/* BLOCKLIST_YES: the client has no name, or (confirmed) none whose addresses include its own. */
extern enum blocklist_answer blocklist_reverse(dns const *d, ip46 const *client, int confirmed);

#endif
