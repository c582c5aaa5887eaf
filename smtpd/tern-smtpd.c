/* tern-smtpd - reads SMTP from one client at a time in each of a few warm processes, and hands finished
   messages to tern-queue. Runs as ternd in a chroot of HOME; its workers can neither open a file nor make a
   process. See smtpd/README.md. */
#include <netinet/in.h>
#include <stddef.h>
#include <sys/resource.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include "lib/control.h"
#include "lib/exits.h"
#include "lib/listener.h"
#include "lib/pool.h"
#include "lib/privileges.h"
#include "lib/service.h"
#include "smtpd/crowd.h"
#include "smtpd/policy.h"
#include "smtpd/session.h"

#define LISTENERS_MAX 64u
#define WARM 2u                     /* workers that wait for a client when nobody comes */
#define SPARE 4u                    /* when somebody does */
#define LINGER 60u                  /* seconds that more of them stay */
#define WORKER_MEMORY (256ul << 20) /* octets of address space, beside the lists of recipients */
#define WORKER_FILES 128u           /* descriptors: the listeners, a client, two doors, a name server */

static identities ids;
static policy settings = POLICY_ZERO;
static session client;
static int listeners[LISTENERS_MAX];

/* Takes a socket for each line of `listen`: the one setting that is read before the drop. */
static unsigned int listen_all(void)
{
  static enum control_name const names[] = {CONTROL_LISTEN, CONTROL_TIMEOUTDRAIN};
  control c = CONTROL_ZERO;
  stralloc problem = STRALLOC_ZERO;
  unsigned int n = 0;
  if (!control_read(&c, names, sizeof names / sizeof *names, ids.root, &problem))
    service_refuse(&problem);
  for (char const *line = control_line(&c, CONTROL_LISTEN); *line; line = control_next(line)) {
    unsigned int got = 0;
    if (n + 2 > LISTENERS_MAX)
      strerr_dief(EXITS_SETTING, "control/listen names too many addresses: 32 lines are enough");
    got = listener_tcp(line, (unsigned int)control_number(&c, CONTROL_TIMEOUTDRAIN), listeners + n);
    if (!got)
      service_fail("listen to", line);
    n += got;
  }
  control_free(&c);
  listener_finish("tcp/");
  return n;
}

static void shape(pool_spec *spec)
{
  for (unsigned int i = 0; i < spec->n; i++)
    input_prepare(listeners[i], (unsigned int)policy_number(&settings, CONTROL_TIMEOUTSMTPD));
  spec->max = (unsigned int)policy_number(&settings, CONTROL_CONCURRENCYINCOMING);
  spec->min = spec->max < WARM ? spec->max : WARM;
  spec->uses = (unsigned int)policy_number(&settings, CONTROL_SMTPDUSES);
  spec->drain = (unsigned int)policy_number(&settings, CONTROL_TIMEOUTDRAIN);
}

/* At most; a lower limit that we were born with stays. */
static int limit(int what, rlim_t most)
{
  struct rlimit r;
  if (getrlimit(what, &r) < 0)
    return 0;
  if (r.rlim_max > most)
    r.rlim_max = most;
  r.rlim_cur = r.rlim_max;
  return !setrlimit(what, &r);
}

/* What a worker can't outgrow, whatever its client does: memory beyond what the master has, descriptors, files,
   an image of its memory on the disk. */
static int bound(void)
{
  return limit(RLIMIT_AS, WORKER_MEMORY + recipients_octets(&settings.known)) &&
         limit(RLIMIT_NOFILE, WORKER_FILES) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_CORE, 0);
}

static int enter(void *data, unsigned int slot)
{
  (void)data;
  (void)slot;
  session_init(&client, &doors, 0);
  return bound() && privileges_readonly(0, 0, 0) && privileges_jail(JAIL_NO_FILES, 0);
}

static void take_peer(ip46 *peer)
{
  struct sockaddr_storage const *a = pool_peer();
  if (a->ss_family == AF_INET6)
    ip46_from_ip6(peer, (char const *)&((struct sockaddr_in6 const *)a)->sin6_addr);
  else
    ip46_from_ip4(peer, (char const *)&((struct sockaddr_in const *)a)->sin_addr);
}

static int serve(void *data, unsigned int slot, int fd)
{
  ip46 peer;
  (void)data;
  take_peer(&peer);
  return session_serve(&client, &settings, fd, slot, &peer);
}

/* It could not take its client out of the count any more. */
static void died(void *data, unsigned int slot, int wstat)
{
  (void)data;
  (void)wstat;
  crowd_leave(slot);
}

static unsigned int full(void *data, unsigned int slots[POOL_ASK_MAX])
{
  (void)data;
  return crowd_ask(slots);
}

static int reload(void *data, pool_spec *spec)
{
  stralloc problem = STRALLOC_ZERO;
  int ok = policy_read(&settings, ids.root, &problem);
  (void)data;
  if (ok)
    shape(spec);
  else
    service_keep(&problem);
  stralloc_free(&problem);
  return ok;
}

int main(int argc, char const *const *argv)
{
  stralloc problem = STRALLOC_ZERO;
  pool_spec spec = {.spare = SPARE,
                    .linger = LINGER,
                    .listeners = listeners,
                    .enter = &enter,
                    .serve = &serve,
                    .reload = &reload,
                    .died = &died,
                    .full = &full};
  (void)argv;
  service_start("tern-smtpd", argc, &ids);
  spec.n = listen_all();
  if (!policy_find_resolver() || !crowd_make())
    service_fail("prepare for", "clients");
  if (!privileges_drop(ids.uid[TERND], ids.gid[TERND], 0, 0, PRIVILEGES_CHROOT))
    service_fail("become", identity_names[TERND]);
  if (!policy_read(&settings, ids.root, &problem))
    service_refuse(&problem);
  shape(&spec);
  return pool_run(&spec);
}
