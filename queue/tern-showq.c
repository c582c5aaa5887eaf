/* tern-showq - tells what is in the queue, at door `showq`.

   Runs as ternq, but its workers can only read, and only below queue/ (Landlock, where the kernel has it). */
#include <sys/stat.h>
#include <skalibs/stralloc.h>
#include "lib/control.h"
#include "lib/listener.h"
#include "lib/log.h"
#include "lib/pool.h"
#include "lib/privileges.h"
#include "lib/service.h"
#include "lib/user.h"
#include "queue/show.h"

#define WORKERS 8u
#define PER_UID 3u /* of them, for one user who is not root */
#define LINGER 60u
#define USES 100u

static show shown;
static control settings = CONTROL_ZERO;

/* Names to uids: later, in the jail, there is no passwd. A name that nobody has is no reason to show nothing.
 */
static void find_users(show_users *who, enum control_name setting)
{
  who->n = 0;
  for (char const *p = control_line(&settings, setting); *p; p = control_next(p)) {
    user u;
    if (who->n == SHOW_USERS_MAX || user_find(&settings, &shown.ids, p, &u) != USER_FOUND)
      log_event(0, "warning", "setting", control_table[setting].name, "unknown", p, (char *)0);
    else
      who->uid[who->n++] = u.uid;
  }
}

static int read_settings(stralloc *problem)
{
  static enum control_name const names[] = {CONTROL_USERS, CONTROL_QUEUEVIEWERS, CONTROL_QUEUEADMINS,
                                            CONTROL_TIMEOUTDRAIN};
  if (!control_read(&settings, names, sizeof names / sizeof names[0], shown.ids.root, problem))
    return 0;
  find_users(&shown.viewers, CONTROL_QUEUEVIEWERS);
  find_users(&shown.admins, CONTROL_QUEUEADMINS);
  return 1;
}

static int enter(void *data, unsigned int slot)
{
  static char const *const folders[] = {"queue"};
  (void)data;
  (void)slot;
  return privileges_readonly(folders, 1, 0) && privileges_jail(JAIL_NO_PROCESS, 0);
}

static int serve(void *data, unsigned int slot, int fd)
{
  return show_serve(data, slot, fd);
}

static int reload(void *data, pool_spec *spec)
{
  stralloc problem = STRALLOC_ZERO;
  int ok = read_settings(&problem);
  (void)data;
  if (ok)
    spec->drain = (unsigned int)control_number(&settings, CONTROL_TIMEOUTDRAIN);
  else
    service_keep(&problem);
  stralloc_free(&problem);
  return ok;
}

static void died(void *data, unsigned int slot, int wstat)
{
  (void)data;
  (void)wstat;
  (void)quota_bury(&shown.quota, slot);
}

static void prepare(void)
{
  stralloc problem = STRALLOC_ZERO;
  if (!privileges_drop(shown.ids.uid[TERNQ], shown.ids.gid[TERNQ], 0, 0, PRIVILEGES_KEEP_ROOT_FOLDER))
    service_fail("become", identity_names[TERNQ]);
  if (!read_settings(&problem))
    service_refuse(&problem);
  if (!quota_init(&shown.quota, 0, 0))
    service_fail("share", "memory");
  shown.quota.places = WORKERS - 1;
  shown.quota.per_uid = PER_UID;
}

int main(int argc, char const *const *argv)
{
  pool_spec spec = {.min = 1,
                    .max = WORKERS,
                    .uses = USES,
                    .linger = LINGER,
                    .n = 1,
                    .data = &shown,
                    .enter = &enter,
                    .serve = &serve,
                    .reload = &reload,
                    .died = &died};
  (void)argv;
  service_start("tern-showq", argc, &shown.ids);
  int door_fd = listener_door("showq", shown.ids.uid[TERNQ], shown.ids.gid[TERNQ], 0666);
  if (door_fd < 0)
    service_fail("listen at", "run/showq");
  listener_finish(0);
  prepare();
  spec.drain = (unsigned int)control_number(&settings, CONTROL_TIMEOUTDRAIN);
  spec.listeners = &door_fd;
  return pool_run(&spec);
}
