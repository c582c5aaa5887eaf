/* settings - what tern-remote knows besides its jobs: the settings, the resolver, /etc/hosts, and which host
 * it is. */
#ifndef TERN_REMOTE_SETTINGS_H
#define TERN_REMOTE_SETTINGS_H

#include <skalibs/stralloc.h>
#include "lib/control.h"
#include "lib/identity.h"
#include "lib/dns.h"
#include "remote/hosts.h"
#include "remote/self.h"

typedef struct settings_s settings;
struct settings_s {
  identities ids;
  control c;
  dns system; /* as /etc/resolv.conf had it at the start */
  dns dns;    /* as `resolver` says, else the system's */
  hosts hosts;
  self self;
  char const *helo;        /* `helohost`, else `me` */
  unsigned char family[2]; /* 4 and 6, as `ipversion` orders them */
  unsigned char families;  /* of them are used: 1 or 2 */
  unsigned char sources;   /* bits: 1: source[0] is set; 2: source[1] is */
  ip46 source[2];          /* `sourceaddress`, of IPv4 and of IPv6 */
  int porter;              /* the workers' end of its channel (porter.h); -1: none */
};
#define SETTINGS_ZERO                                                                                        \
  {                                                                                                          \
    .c = CONTROL_ZERO, .hosts = HOSTS_ZERO, .helo = "", .family = {4, 6}, .families = 2, .porter = -1        \
  }
/* The address that connections to this one come from. 0: whatever the system takes. */
#define settings_source(s, ip)                                                                               \
  ((s)->sources & (ip46_is6(ip) ? 2 : 1) ? (s)->source + (ip46_is6(ip) ? 1 : 0) : 0)

/* What has to be read from /etc: before the chroot. 0: errno. */
extern int settings_prepare(settings *s);
/* Reads control/, at the start and at a reload: nothing changes unless all is right. 0: problem. */
extern int settings_load(settings *s, stralloc *problem);

#endif
