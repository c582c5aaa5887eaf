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
};
#define SETTINGS_ZERO                                                                                        \
  {                                                                                                          \
    .c = CONTROL_ZERO, .hosts = HOSTS_ZERO                                                                   \
  }

/* What has to be read from /etc: before the chroot. 0: errno. */
extern int settings_prepare(settings *s);
/* Reads control/, at the start and at a reload: nothing changes unless all is right. 0: problem. */
extern int settings_load(settings *s, stralloc *problem);

#endif
