/* tern-local - the root door: forks processes that become users and deliver their mail.

   It stays root (in an instance that is not root's: the owner), because a setuid can't be done otherwise. It
   reads settings, signals, and names from the runner, and nothing else; it opens no file of a user's, runs no
   program, sees no message. */
#include <errno.h>
#include <time.h>
#include <skalibs/stralloc.h>
#include "lib/exits.h"
#include "lib/listener.h"
#include "lib/privileges.h"
#include "lib/service.h"
#include "local/names.h"
#include "local/rootdoor.h"

int main(int argc, char const *const *argv)
{
  static rootdoor d;
  static identities ids;
  static control c = CONTROL_ZERO;
  stralloc problem = STRALLOC_ZERO;
  (void)argv;
  service_start("tern-local", argc, &ids);
  if (!rootdoor_settings(&c, &ids, &problem))
    service_refuse(&problem);
  tzset();
  if (ids.root)
    names_load();
  d.listener = listener_door("local", ids.uid[TERNS], ids.gid[TERNS], 0600);
  if (d.listener < 0)
    service_fail("listen at", "run/local");
  listener_finish(0);
  d.signals = service_signals();
  if (d.signals < 0)
    service_fail("take", "signals");
  if (!rootdoor_init(&d, &ids, &c))
    service_fail("make", "the table of processes");
  if (!privileges_only_become())
    service_fail("give away", "capabilities");
  service_ready();
  rootdoor_run(&d);
  return EXITS_OK;
}
