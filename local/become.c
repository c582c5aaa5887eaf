/* become - name, groups, gid, uid, in this order, then nothing can be regained (lib/privileges checks). */
#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include "lib/privileges.h"
#include "local/become.h"
#include "local/failure.h"

#define GROUPS_MAX 1024 /* of one user; further ones are not his here */

typedef struct credentials_s credentials;
struct credentials_s {
  uid_t uid;
  gid_t gid;
  int n;
  gid_t groups[GROUPS_MAX];
};

static int unknown(char const *name, result *r)
{
  result_set(r, RESULT_PERMANENT, STATUS_UNKNOWN_MAILBOX, "no such user: %s", name);
  return 0;
}

static int nobody(char const *name, result *r)
{
  result_set(
      r, RESULT_PERMANENT, STATUS_MAILBOX_DISABLED,
      "nothing is delivered as %s, whose uid or gid is the system's; an alias can send this mail elsewhere",
      name);
  return 0;
}

/* One of the suite's own that mail does reach: ternx for aliases, ternm for root's mailbox. */
static int suite_user(self *me, credentials *to, identities const *ids, enum identity who, char const *name)
{
  size_t len = strlen(name);
  if (len >= sizeof me->u.name)
    len = sizeof me->u.name - 1;
  memcpy(me->u.name, name, len);
  me->u.name[len] = 0;
  memcpy(me->u.home, "/", 2);
  memcpy(me->u.shell, "/bin/sh", 8);
  me->u.uid = to->uid = ids->uid[who];
  me->u.gid = to->gid = ids->gid[who];
  to->n = 0;
  return 1;
}

/* In the owner's instance root is the owner, unless `users` has one of that name. */
static enum user_found find(agent_start const *s, user *u)
{
  enum user_found found = user_find(s->c, s->ids, s->name, u);
  if (found == USER_ABSENT && !s->ids->root && !strcmp(s->name, "root"))
    found = user_of_uid(s->c, s->ids, s->ids->owner, u);
  return found;
}

static int own_groups(credentials *to, user const *u)
{
  int max = GROUPS_MAX;
  int n = 0;
  (void)getgrouplist(u->name, u->gid, to->groups, &max);
  if (max > GROUPS_MAX)
    max = GROUPS_MAX;
  for (int i = 0; i < max; i++)
    if (to->groups[i]) /* group root: no delivery holds it */
      to->groups[n++] = to->groups[i];
  to->n = n;
  return 1;
}

static int mail_group(credentials *to, result *r)
{
  struct group const *g;
  errno = 0;
  g = getgrnam("mail");
  if (!g || !g->gr_gid) {
    failure_set(r, g || !errno ? ENOENT : errno, "find", "the group mail");
    return 0;
  }
  to->gid = g->gr_gid;
  to->n = 0;
  return 1;
}

static int ordinary_user(self *me, credentials *to, agent_start const *s, result *r)
{
  switch (find(s, &me->u)) {
  case USER_ABSENT: return unknown(s->name, r);
  case USER_ERROR: failure_set(r, errno, "look up", s->name); return 0;
  case USER_FOUND: break;
  }
  to->uid = me->u.uid;
  to->gid = me->u.gid;
  to->n = 0;
  if (!s->ids->root)
    return 1;
  if (!to->uid || !to->gid || identity_is_reserved(s->ids, to->uid))
    return nobody(s->name, r);
  return me->kind == PROCESS_MAILBOX || own_groups(to, &me->u);
}

static int look_up(self *me, credentials *to, agent_start const *s, result *r)
{
  if (me->kind == PROCESS_ALIAS)
    return suite_user(me, to, s->ids, TERNX, "ternx");
  me->is_root = s->ids->root && !strcmp(s->name, "root");
  if (me->is_root ? !suite_user(me, to, s->ids, TERNM, "root") : !ordinary_user(me, to, s, r))
    return 0;
  if (!strcmp(me->u.name, ".") || !strcmp(me->u.name, "..") || strchr(me->u.name, '/'))
    return unknown(s->name, r);
  return me->kind != PROCESS_MAILBOX || !s->ids->root || mail_group(to, r);
}

int become(self *me, agent_start const *s, result *r)
{
  static credentials to;
  me->kind = s->kind;
  me->asked = s->name;
  me->is_root = 0;
  me->c = s->c;
  me->home = -1;
  me->unsafe = 0;
  me->no_forward = 0;
  if (!look_up(me, &to, s, r))
    return 0;
  (void)umask(077);
  if (!privileges_drop(to.uid, to.gid, to.groups, (size_t)to.n, PRIVILEGES_KEEP_ROOT_FOLDER) ||
      prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
      (me->kind == PROCESS_MAILBOX && !privileges_jail(JAIL_NO_PROCESS, 0))) {
    failure_set(r, errno, "become", s->name);
    return 0;
  }
  result_set(r, RESULT_OK, STATUS_NONE, "process for %s", me->u.name);
  return 1;
}
