/* settings - what the runner reads from control/, and what follows from it: who may use door `send`, and
   which addresses are this host. Read after the drop, at the start and at a reload, by the same code. */
#ifndef TERN_SEND_SETTINGS_H
#define TERN_SEND_SETTINGS_H

#include <sys/types.h>
#include <skalibs/genalloc.h>
#include <skalibs/ip46.h>
#include <skalibs/stralloc.h>
#include "lib/control.h"
#include "lib/identity.h"

typedef struct settings_s settings;
struct settings_s {
  control c;
  genalloc admins; /* uid_t */
  genalloc here;   /* ip46: the addresses of this host */
};
#define SETTINGS_ZERO                                                                                        \
  {                                                                                                          \
    .c = CONTROL_ZERO                                                                                        \
  }

/* 0: problem; the old ones stay. */
extern int settings_read(settings *s, identities const *ids, stralloc *problem);
extern void settings_free(settings *s);
extern int settings_is_admin(settings const *s, identities const *ids, uid_t uid);
extern int settings_is_here(settings const *s, ip46 const *ip);

#endif
