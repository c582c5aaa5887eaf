/* tern-remote - speaks SMTP to other hosts for the runner, at door `remote`.

   It promises an outcome for each recipient of each job. It starts as root (else as the owner) for its door,
   /etc/hosts and resolv.conf, then is ternr in a chroot to HOME; its workers, which alone talk to the
   network, may then neither open a file nor make a process; what they need outside the chroot, the sockets of LMTP
   servers, porter.h's process connects to. It never reads the queue: a message comes as a
   descriptor. */
#include <signal.h>
#include "lib/exits.h"
#include "lib/listener.h"
#include "lib/log.h"
#include "lib/pool.h"
#include "lib/privileges.h"
#include "lib/service.h"
#include "remote/porter.h"
#include "remote/settings.h"
#include "remote/worker.h"

#define WARM 1u    /* workers at rest */
#define SPARE 4u   /* idle ones beside busy ones */
#define USES 100u  /* connections of the runner until a worker is replaced */
#define LINGER 30u /* seconds until idle ones beyond that go */

static settings remote = SETTINGS_ZERO;
static pid_t porter;

static void take_numbers(pool_spec *p)
{
  p->max = (unsigned int)control_number(&remote.c, CONTROL_CONCURRENCYREMOTE);
  p->drain = (unsigned int)control_number(&remote.c, CONTROL_TIMEOUTDRAIN);
  p->min = p->max < WARM ? p->max : WARM;
}

static int reload(void *data, pool_spec *p)
{
  stralloc problem = STRALLOC_ZERO;
  int ok = settings_load(data, &problem);
  if (ok)
    take_numbers(p);
  else
    service_keep(&problem);
  stralloc_free(&problem);
  return ok;
}

/* It can't be made again here, in the chroot: s6 starts all of it anew, and the workers finish what they have. */
static void lost(void *data, pid_t pid)
{
  (void)data;
  if (pid != porter)
    return;
  log_event(0, "warning", "what", "the process that connects to LMTP sockets died", "note", "starting anew",
            (char *)0);
  (void)raise(SIGTERM);
}

int main(int argc, char const *const *argv)
{
  stralloc problem = STRALLOC_ZERO;
  int listener;
  pool_spec p = {.uses = USES,
                 .linger = LINGER,
                 .spare = SPARE,
                 .listeners = &listener,
                 .n = 1,
                 .data = &remote,
                 .enter = &worker_enter,
                 .serve = &worker_serve,
                 .reload = &reload,
                 .lost = &lost};
  (void)argv;
  service_start("tern-remote", argc, &remote.ids);
  listener = listener_door("remote", remote.ids.uid[TERNS], remote.ids.gid[TERNS], 0600);
  if (listener < 0)
    service_fail("make", "run/remote");
  listener_finish(0);
  if (!settings_prepare(&remote))
    service_fail("read", "/etc/resolv.conf and /etc/hosts");
  remote.porter = porter_start(&remote.ids, &porter);
  if (remote.porter < 0)
    service_fail("start", "the process that connects to LMTP sockets");
  if (!privileges_drop(remote.ids.uid[TERNR], remote.ids.gid[TERNR], 0, 0,
                       remote.ids.root ? PRIVILEGES_CHROOT : PRIVILEGES_KEEP_ROOT_FOLDER))
    service_fail("become", "the user of tern-remote");
  if (!settings_load(&remote, &problem))
    service_refuse(&problem);
  take_numbers(&p);
  return pool_run(&p);
}
