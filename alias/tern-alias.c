/* tern-alias - says what a local address means, at door `alias`. One process, one loop. It runs as terna
   (else as the owner), reads the settings, passwd and aliases.cdb, writes nothing, runs nothing. */
#include <stdlib.h>
#include <unistd.h>
#include <skalibs/iopause.h>
#include "lib/exits.h"
#include "lib/listener.h"
#include "lib/privileges.h"
#include "lib/service.h"
#include "alias/callers.h"

enum { SIGNALS, LISTENER, FIXED };

static answerer everything; /* settings, identities, aliases */

static void give_privileges_away(identities const *ids)
{
  static char const *const root[] = {"/"};
  if (!privileges_drop(ids->uid[TERNA], ids->gid[TERNA], 0, 0, PRIVILEGES_KEEP_ROOT_FOLDER))
    service_fail("become", "terna");
  if (!privileges_readonly(root, 1, 0) || !privileges_jail(JAIL_NO_EXEC, 0))
    service_fail("give away", "the right to write and to run programs");
}

static void read_settings(answerer *a)
{
  stralloc problem = STRALLOC_ZERO;
  if (!answerer_settings(a, &problem))
    service_refuse(&problem);
  stralloc_free(&problem);
}

static void reload(answerer *a)
{
  stralloc problem = STRALLOC_ZERO;
  if (!answerer_settings(a, &problem))
    service_keep(&problem);
  stralloc_free(&problem);
}

/* The successor starts as soon as this process's number is gone; what was asked here is answered here. */
static void drain(callers *c, int *listener, tain *deadline)
{
  if (*listener >= 0)
    close(*listener);
  *listener = -1;
  (void)service_hand_over();
  callers_drain(c);
  tain_addsec_g(deadline, (time_t)control_number(&c->a->settings, CONTROL_TIMEOUTDRAIN));
}

static void hear(callers *c, int *listener, tain *end)
{
  for (;;)
    switch (service_signal_get()) {
    case SERVICE_NONE: return;
    case SERVICE_RELOAD: reload(c->a); break;
    case SERVICE_DRAIN:
      if (!c->draining)
        drain(c, listener, end);
      break;
    default: break;
    }
}

static void loop(callers *c, iopause_fd *x, int signals, int listener)
{
  tain end;
  tain_add_g(&end, &tain_infinite_relative);
  while (!c->draining || (c->n && tain_future(&end))) {
    tain deadline = end;
    int accepting = listener >= 0 && callers_accepting(c, &deadline);
    x[SIGNALS] = (iopause_fd){.fd = signals, .events = IOPAUSE_READ};
    x[LISTENER] = (iopause_fd){.fd = accepting ? listener : -1, .events = IOPAUSE_READ};
    callers_prepare(c, x + FIXED, &deadline);
    if (iopause_g(x, FIXED + c->n, &deadline) < 0)
      service_fail("wait for", "callers");
    callers_act(c, x + FIXED);
    if (x[LISTENER].revents)
      callers_accept(c, listener);
    if (x[SIGNALS].revents)
      hear(c, &listener, &end);
  }
}

int main(int argc, char **argv)
{
  static callers c; /* the room for callers, too: pages that are never touched cost nothing */
  static iopause_fd x[FIXED + CALLERS_MAX];
  int listener, signals;
  (void)argv;
  service_start("tern-alias", argc, &everything.ids);
  listener = listener_door("alias", everything.ids.owner, everything.ids.owner_gid, 0666);
  if (listener == -1)
    service_fail("listen at", "run/alias");
  listener_finish(0);
  signals = service_signals();
  if (signals == -1)
    service_fail("trap", "signals");
  if (!callers_init(&c, &everything))
    service_fail("make room for", "callers");
  give_privileges_away(&everything.ids);
  read_settings(&everything);
  service_ready();
  loop(&c, x, signals, listener);
  return EXITS_OK;
}
