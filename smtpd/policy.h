/* policy - whose mail is taken: the settings that tern-smtpd lives by, and where they put a recipient. Asks
   nobody: whether a local name exists is tern-alias's to say. */
#ifndef TERN_SMTPD_POLICY_H
#define TERN_SMTPD_POLICY_H

#include <stddef.h>
#include <skalibs/genalloc.h>
#include <skalibs/ip46.h>
#include <skalibs/stralloc.h>
#include "lib/control.h"

typedef struct policy_s policy;
struct policy_s {
  control c;
  genalloc relayclients; /* netblock */
};
#define POLICY_ZERO                                                                                          \
  {                                                                                                          \
    .c = CONTROL_ZERO, .relayclients = GENALLOC_ZERO                                                         \
  }

enum policy_place {
  POLICY_TAKE,    /* postmaster here, or a domain of relaydomains: asks no further */
  POLICY_LOCAL,   /* a domain of this machine: tern-alias says whether the name exists */
  POLICY_VIRTUAL, /* not in our lists of domains, but the file `virtual` may name it: tern-alias knows */
  POLICY_FOREIGN  /* somebody else's: for clients that may relay */
};

/* Reads the settings anew; p is changed only if all of them are right. 0: `problem`. */
extern int policy_read(policy *p, int root, stralloc *problem);
extern void policy_free(policy *p);
/* Where "local@domain" belongs. */
extern enum policy_place policy_place(policy const *p, char const *address, size_t len);
/* Is the client in relayclients? */
extern int policy_may_relay(policy const *p, ip46 const *client);
/* Does a domain name `local`, the address that the client connected to, as "[192.0.2.1]" or "[IPv6:::1]" do?
   Then it means this host (RFC 5321 section 4.1.3). */
extern int policy_is_literal(char const *domain, size_t len, ip46 const *local);

#define policy_me(p) control_line(&(p)->c, CONTROL_ME)
#define policy_number(p, name) control_number(&(p)->c, (name))

#endif
