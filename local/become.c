/* become - groups, gid, uid, in this order, then nothing can be regained (lib/privileges checks). */
#include <errno.h>
#include <sys/prctl.h>
#include "lib/privileges.h"
#include "local/become.h"
#include "local/failure.h"

int become(self *me, agent_start const *s, result *r)
{
  who const *w = s->who;
  me->kind = s->kind;
  me->asked = s->name;
  me->is_root = w->is_root;
  me->u = w->u;
  me->c = s->c;
  me->home = -1;
  me->unsafe = 0;
  me->no_forward = 0;
  if (!privileges_drop(w->uid, w->gid, w->groups, (size_t)w->n, PRIVILEGES_KEEP_ROOT_FOLDER) ||
      prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
      (me->kind == PROCESS_MAILBOX && !privileges_jail(JAIL_NO_PROCESS, 0))) {
    failure_set(r, errno, "become", s->name);
    return 0;
  }
  *r = w->r;
  return 1;
}
