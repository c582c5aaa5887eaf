/* lookup_process - one question after the other. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <skalibs/selfpipe.h>
#include "lib/exits.h"
#include "lib/privileges.h"
#include "local/lookup_process.h"
#include "local/names.h"

#define CHANNEL 3

/* The order: a death signal is forgotten when the uid changes. Not dumpable: s6-log, which has the same uid, can't trace it. */
static int leave_the_door(int fd, identities const *ids)
{
  selfpipe_finish();
  if (dup2(fd, CHANNEL) < 0)
    return 0;
  if (close_range(CHANNEL + 1, ~0u, 0) < 0)
    for (int i = CHANNEL + 1; i < 1024; i++)
      (void)close(i);
  return (!ids->root ||
          privileges_drop(ids->uid[TERNL], ids->gid[TERNL], 0, 0, PRIVILEGES_KEEP_ROOT_FOLDER)) &&
         prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) >= 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) >= 0 &&
         prctl(PR_SET_PDEATHSIG, SIGKILL) >= 0;
}

static int is_sound(question const *q, ssize_t len)
{
  return len > (ssize_t)offsetof(question, name) && !((char const *)q)[len - 1];
}

void lookup_process(int fd, control const *c, identities const *ids)
{
  static question q;
  static lookup_answer a;
  if (!leave_the_door(fd, ids))
    _exit(EXITS_TEMPORARY);
  if (ids->root)
    names_load();
  for (;;) {
    ssize_t r = recv(CHANNEL, &q, sizeof q, 0);
    if (r < 0 && errno == EINTR)
      continue;
    if (!is_sound(&q, r))
      _exit(r ? EXITS_TEMPORARY : EXITS_OK);
    a.number = q.number;
    who_find(&a.w, c, ids, q.kind, q.name);
    if (send(CHANNEL, &a, offsetof(lookup_answer, w) + WHO_SIZE(&a.w), MSG_NOSIGNAL) < 0)
      _exit(EXITS_OK);
  }
}
