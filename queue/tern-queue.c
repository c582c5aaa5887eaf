/* tern-queue - the injector: answers door `queue`, makes a message durable, gives it an id, tells the runner.

   Runs as ternq. May write in queue/ and run/notice; sees no network and no home, makes no process but its
   workers. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include "lib/control.h"
#include "lib/exits.h"
#include "lib/listener.h"
#include "lib/log.h"
#include "lib/pool.h"
#include "lib/privileges.h"
#include "lib/service.h"
#include "queue/injector.h"
#include "queue/notice.h"
#include "queue/sync.h"

#define WARM 2u    /* workers that wait at rest */
#define SPARE 4u   /* beside busy ones */
#define LINGER 60u /* seconds that more than these stay */
#define USES 10000u
#define AFTER_DRAIN 10 /* seconds beyond timeoutdrain until nobody is waited for */

static injector in = {.notice = -1};
static control settings = CONTROL_ZERO;
static int alive[2]; /* a pipe that ends when the last worker is gone */

static int read_settings(stralloc *problem)
{
  static enum control_name const names[] = {CONTROL_ME, CONTROL_DATABYTES, CONTROL_CONCURRENCYINCOMING,
                                            CONTROL_TIMEOUTSMTPD, CONTROL_TIMEOUTDRAIN};
  if (!control_read(&settings, names, sizeof names / sizeof names[0], in.ids.root, problem))
    return 0;
  in.me = control_line(&settings, CONTROL_ME);
  in.databytes = control_number(&settings, CONTROL_DATABYTES);
  in.timeout = (unsigned int)control_number(&settings, CONTROL_TIMEOUTSMTPD);
  return 1;
}

static void size_pool(pool_spec *spec)
{
  unsigned int incoming = (unsigned int)control_number(&settings, CONTROL_CONCURRENCYINCOMING);
  spec->max = quota_pool(incoming);
  spec->drain = (unsigned int)control_number(&settings, CONTROL_TIMEOUTDRAIN);
}

static int enter(void *data, unsigned int slot)
{
  (void)data;
  (void)slot;
  fd_close(alive[0]);
  return privileges_jail(JAIL_NO_PROCESS, 0);
}

static int serve(void *data, unsigned int slot, int fd)
{
  return injector_serve(data, slot, fd);
}

static int reload(void *data, pool_spec *spec)
{
  stralloc problem = STRALLOC_ZERO;
  int ok = read_settings(&problem);
  (void)data;
  if (ok) {
    quota_set(&in.quota, in.databytes, (unsigned int)control_number(&settings, CONTROL_CONCURRENCYINCOMING));
    size_pool(spec);
  } else
    service_keep(&problem);
  stralloc_free(&problem);
  return ok;
}

static void scan(void)
{
  if (!notice_scan(&in.notice) && errno != EAGAIN)
    log_warn("ask for", "a scan of the queue");
}

static void died(void *data, unsigned int slot, int wstat)
{
  (void)data;
  (void)wstat;
  (void)quota_bury(&in.quota, slot);
  scan();
}

/* After a restart began: s6 starts the successor as soon as this process' parent is gone, and the workers
   finish. One that is killed now is nobody's child who would ask for a scan, so somebody stays until the last
   is gone. */
static void wait_for_workers(unsigned int drain)
{
  struct pollfd x = {.fd = alive[0]};
  int filling = 0;
  if (!service_hand_over())
    log_warn("fork", "the one that waits for the workers");
  fd_close(alive[1]);
  while (poll(&x, 1, ((int)drain + AFTER_DRAIN) * 1000) < 0 && errno == EINTR)
    ;
  for (unsigned int slot = 0; slot < QUOTA_SLOTS; slot++)
    filling |= quota_bury(&in.quota, slot);
  if (filling)
    scan();
}

static void prepare(void)
{
  stralloc problem = STRALLOC_ZERO;
  if (!privileges_drop(in.ids.uid[TERNQ], in.ids.gid[TERNQ], 0, 0, PRIVILEGES_KEEP_ROOT_FOLDER))
    service_fail("become", identity_names[TERNQ]);
  umask(007);                     /* the runner is of this group */
  (void)signal(SIGXFSZ, SIG_IGN); /* a file too large is an error like any other */
  tzset();
  if (!read_settings(&problem))
    service_refuse(&problem);
  if (!quota_init(&in.quota, in.databytes,
                  (unsigned int)control_number(&settings, CONTROL_CONCURRENCYINCOMING)))
    service_fail("share", "memory");
  if (pipecoe(alive) < 0)
    service_fail("make", "a pipe");
  sync_prepare();
}

int main(int argc, char const *const *argv)
{
  pool_spec spec = {.min = WARM,
                    .spare = SPARE,
                    .uses = USES,
                    .linger = LINGER,
                    .n = 1,
                    .data = &in,
                    .enter = &enter,
                    .serve = &serve,
                    .reload = &reload,
                    .died = &died};
  (void)argv;
  service_start("tern-queue", argc, &in.ids);
  int door_fd = listener_door("queue", in.ids.uid[TERNQ], in.ids.gid[TERNQ], 0666);
  if (door_fd < 0)
    service_fail("listen at", "run/queue");
  listener_finish(0);
  prepare();
  size_pool(&spec);
  spec.listeners = &door_fd;
  scan();
  int code = pool_run(&spec);
  wait_for_workers(spec.drain);
  return code;
}
