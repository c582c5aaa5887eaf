/* mx - the hosts that take the mail of a domain, in the order in which they are tried (RFC 5321 section 5.1),
   or the one host of a route, also by LMTP. The addresses of a group of equal preference are looked up when it is reached.
 */
#ifndef TERN_REMOTE_MX_H
#define TERN_REMOTE_MX_H

#include <stddef.h>
#include <stdint.h>
#include <skalibs/ip46.h>
#include <skalibs/tai.h>
#include "lib/result.h"
#include "lib/answer.h"
#include "remote/settings.h"

#define MX_HOSTS 20u /* addresses that are tried */
#define MX_PORT_SMTP 25u
#define MX_PORT_LMTP 24u
#define MX_DESTINATION 320u /* octets of a destination, with its NUL */
#define MX_FRESH 30         /* seconds for which a list is used again */
#define MX_SECONDS 60       /* to look up the addresses of one group */
#define MX_REMOTE 320u      /* "host[address]:port" or "localhost[/path]", with its NUL */

typedef struct mx_host_s mx_host;
struct mx_host_s {
  char name[ANSWER_NAME_MAX]; /* or the path of a Unix socket, which has no ip and no port */
  ip46 ip;
  uint16_t port;
  unsigned int slow : 1; /* it did not answer a short attempt to connect */
};
#define mx_is_socket(h) ((h)->name[0] == '/')

typedef struct mx_s mx;
struct mx_s {
  char destination[MX_DESTINATION]; /* "" if there is none */
  tain stale;
  tain end; /* of the lookups in hand: a silent name server holds up nobody for long */
  size_t n;
  mx_host host[MX_HOSTS];
  answer mx; /* the MX records, sorted; those from `next` on have not been looked up */
  size_t next;
  uint16_t port;              /* for those */
  unsigned int self : 1;      /* we are one of them: those after us are no use */
  unsigned int lmtp : 1;      /* they speak LMTP */
  unsigned int temporary : 1; /* some could not be looked up */
  unsigned int barred : 1;    /* some have addresses of a family that `ipversion` does not name */
};

/* What two jobs must have in common to go over one connection: the route, else the domain in lower case. 0:
 * too long. */
extern int mx_destination(char out[MX_DESTINATION], char const *domain, char const *route);
/* Finds the first group of hosts; uses the list of the same destination again while it is fresh. 1: at least
   one host is in l. 0: *why: permanent or temporary. */
extern int mx_find(mx *l, settings const *s, char const *domain, char const *route, result *why);
/* Adds the next group. 0: there is none. */
extern int mx_more(mx *l, settings const *s);
extern void mx_remote(char out[MX_REMOTE], mx_host const *h);

typedef struct mx_route_s mx_route;
struct mx_route_s {
  char host[ANSWER_NAME_MAX]; /* "": by MX; "/path": a Unix socket */
  uint16_t port;
  unsigned int lmtp : 1;
};
/* Cuts "host", "host:port", "[literal]", "[literal]:port" (also an IPv6 literal without brackets or port, and
   an empty host), each also behind "lmtp:", and "lmtp:/path". 0: it makes no sense. */
extern int mx_scan_route(mx_route *r, char const *route);
/* "[192.0.2.1]", "[IPv6:2001:db8::1]", or the same without brackets and tag. 0: not an address. */
extern int mx_scan_literal(char const *s, ip46 *ip);

#endif
