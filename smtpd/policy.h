/* policy - whose mail is taken: the settings that tern-smtpd lives by, and where they put a recipient. Asks
   nobody: whether a local name exists is tern-alias's to say, and whether a client is listed, DNS's. */
#ifndef TERN_SMTPD_POLICY_H
#define TERN_SMTPD_POLICY_H

#include <stddef.h>
#include <skalibs/genalloc.h>
#include <skalibs/ip46.h>
#include <skalibs/stralloc.h>
#include "lib/control.h"
#include "smtpd/recipients.h"

typedef struct dns_s dns;

typedef struct policy_s policy;
struct policy_s {
  control c;
  genalloc relayclients, xclient, proxies; /* netblock */
  genalloc access;                         /* policy_access */
  recipients known;                        /* of relay domains */
  dns *resolver;                           /* 0: nothing is asked of DNS */
};
#define POLICY_ZERO                                                                                          \
  {                                                                                                          \
    .c = CONTROL_ZERO, .relayclients = GENALLOC_ZERO                                                         \
  }

enum policy_place {
  POLICY_POSTMASTER, /* of this host: always taken, whoever sends */
  POLICY_TAKE,       /* a domain of relaydomains: asks no further */
  POLICY_LOCAL,      /* a domain of this machine: tern-alias says whether the name exists */
  POLICY_VIRTUAL,    /* not in our lists of domains, but the file `virtual` may name it: tern-alias knows */
  POLICY_NOBODY,     /* a domain of relaydomains whose recipientsfile does not name it */
  POLICY_FOREIGN     /* somebody else's: for clients that may relay */
};

/* What a line of `access` says of a network. */
enum policy_say { POLICY_SAYS_NOTHING, POLICY_SAYS_OK, POLICY_SAYS_REFUSE, POLICY_SAYS_LATER };

/* A client, as its network alone makes it. */
typedef struct policy_client_s policy_client;
struct policy_client_s {
  unsigned char trusted; /* in relayclients: may send anywhere */
  unsigned char welcome; /* in `access` with ok: no limit, no pause, no list counts */
  unsigned char xclient, proxy;
  enum policy_say says;
  char const *text; /* the operator's words; may be empty */
};

/* Reads /etc/resolv.conf, before the chroot. Without it nothing is asked of DNS. 0: errno. */
extern int policy_find_resolver(void);
/* Reads the settings anew; p is changed only if all of them are right. 0: `problem`. */
extern int policy_read(policy *p, int root, stralloc *problem);
/* The same for a user of this machine (`sendmail -bs`): without the files of recipients, which are tern-smtpd's to read. */
extern int policy_read_for_user(policy *p, int root, stralloc *problem);
extern void policy_free(policy *p);
/* Where "local@domain" belongs. */
extern enum policy_place policy_place(policy const *p, char const *address, size_t len);
extern void policy_judge_client(policy const *p, ip46 const *client, policy_client *rights);
/* Does a domain name `local`, the address that the client connected to, as "[192.0.2.1]" or "[IPv6:::1]" do?
   Then it means this host (RFC 5321 section 4.1.3). */
extern int policy_is_literal(char const *domain, size_t len, ip46 const *local);

#define policy_me(p) control_line(&(p)->c, CONTROL_ME)
#define policy_lines(p, name) control_line(&(p)->c, (name))
#define policy_number(p, name) control_number(&(p)->c, (name))
#define policy_normalizes(p) (*control_line(&(p)->c, CONTROL_BARELINEFEED) == 'n')

#endif
