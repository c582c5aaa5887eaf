/* dns - asks the name servers, within bounds: a state of our own, made before the chroot, and no more of
   libc's resolver than the reading of resolv.conf (its queries by TCP have no deadline, and its global state
   is lost in a chroot). */
#ifndef TERN_DNS_H
#define TERN_DNS_H

#include <stdint.h>
#include <skalibs/ip46.h>
#include <skalibs/tai.h>
#include "lib/answer.h"

#define DNS_SERVERS 3u /* as in resolv.conf(5) */
#define DNS_SEARCH 6u
#define DNS_SECONDS 30 /* for one question, with all its tries */

typedef struct dns_s dns;
struct dns_s {
  unsigned int n;
  struct {
    ip46 ip;
    uint16_t port;
  } server[DNS_SERVERS];
  unsigned int seconds; /* before another server is asked */
  unsigned int tries;   /* of each server */
  unsigned int searches;
  char search[DNS_SEARCH][ANSWER_NAME_MAX]; /* domains to complete a name without a dot with (routes only) */
};

/* Reads /etc/resolv.conf: call it before the chroot. Without one the server is 127.0.0.1. 0: no memory. */
extern int dns_init(dns *d);
/* Replaces the servers by the setting `resolver`: control_scan_resolver. 0: it makes no sense. */
extern int dns_use(dns *d, char const *resolver);

enum dns_found { DNS_FOUND, DNS_NODATA, DNS_NXDOMAIN, DNS_LATER };
/* Asks, follows aliases, at most ANSWER_CHAIN questions. DNS_LATER: no server gives an answer that makes
   sense, or aliases go in a circle. A name that can't be a host's is DNS_NXDOMAIN without a question. */
extern enum dns_found dns_ask(dns const *d, answer *a, char const *name, enum answer_type type);
/* The same, with an end of one's own; DNS_LATER then. */
extern enum dns_found dns_ask_until(dns const *d, answer *a, char const *name, enum answer_type type,
                                    tain const *end);

#endif
