/* who - users, passwd, group; what is refused is refused here, and looked at once more by who_is_sound where it is used. */
#include <errno.h>
#include <grp.h>
#include <string.h>
#include "local/failure.h"
#include "local/who.h"

static void unknown(who *w, char const *name)
{
  result_set(&w->r, RESULT_PERMANENT, STATUS_UNKNOWN_MAILBOX, "no such user: %s", name);
}

static void nobody(who *w, char const *name)
{
  result_set(
      &w->r, RESULT_PERMANENT, STATUS_MAILBOX_DISABLED,
      "nothing is delivered as %s, whose uid or gid is the system's; an alias can send this mail elsewhere",
      name);
}

/* One of the suite's own that mail does reach: ternx for aliases, ternm for root's mailbox. */
static void suite_user(who *w, identities const *ids, enum identity which, char const *name)
{
  size_t len = strlen(name);
  memcpy(w->u.name, name, len + 1);
  memcpy(w->u.home, "/", 2);
  memcpy(w->u.shell, "/bin/sh", 8);
  w->u.uid = w->uid = ids->uid[which];
  w->u.gid = w->gid = ids->gid[which];
}

/* In the owner's instance root is the owner, unless `users` has one of that name. */
static enum user_found find(control const *c, identities const *ids, char const *name, user *u)
{
  enum user_found found = user_find(c, ids, name, u);
  if (found == USER_ABSENT && !ids->root && !strcmp(name, "root"))
    found = user_of_uid(c, ids, ids->owner, u);
  return found;
}

static void own_groups(who *w)
{
  int max = WHO_GROUPS;
  (void)getgrouplist(w->u.name, w->u.gid, w->groups, &max);
  if (max > WHO_GROUPS)
    max = WHO_GROUPS;
  for (int i = 0; i < max; i++)
    if (w->groups[i]) /* group root: no delivery holds it */
      w->groups[w->n++] = w->groups[i];
}

static int ordinary_user(who *w, control const *c, identities const *ids, enum process_kind kind,
                         char const *name)
{
  switch (find(c, ids, name, &w->u)) {
  case USER_ABSENT: return (unknown(w, name), 0);
  case USER_ERROR: return (failure_set(&w->r, errno, "look up", name), 0);
  case USER_FOUND: break;
  }
  w->uid = w->u.uid;
  w->gid = w->u.gid;
  if (!ids->root)
    return 1;
  if (!w->uid || !w->gid || identity_is_reserved(ids, w->uid))
    return (nobody(w, name), 0);
  if (kind == PROCESS_PLAIN)
    own_groups(w);
  return 1;
}

static int mail_group(who *w)
{
  struct group const *g;
  errno = 0;
  g = getgrnam("mail");
  if (!g || !g->gr_gid) {
    failure_set(&w->r, g || !errno ? ENOENT : errno, "find", "the group mail");
    return 0;
  }
  w->gid = g->gr_gid;
  w->n = 0;
  return 1;
}

static int is_path(char const *name)
{
  return !strcmp(name, ".") || !strcmp(name, "..") || strchr(name, '/');
}

void who_find(who *w, control const *c, identities const *ids, enum process_kind kind, char const *name)
{
  memset(w, 0, offsetof(who, groups));
  w->is_root = ids->root && kind != PROCESS_ALIAS && !strcmp(name, "root");
  if (kind == PROCESS_ALIAS)
    suite_user(w, ids, TERNX, "ternx");
  else if (w->is_root)
    suite_user(w, ids, TERNM, "root");
  else if (!ordinary_user(w, c, ids, kind, name))
    return;
  if (is_path(w->u.name))
    unknown(w, name);
  else if (kind != PROCESS_MAILBOX || !ids->root || mail_group(w))
    result_set(&w->r, RESULT_OK, STATUS_NONE, "process for %s", w->u.name);
}

static int ends(char const *s, size_t size)
{
  return !!memchr(s, 0, size);
}

static int may_be_delivered_as(who const *w, identities const *ids)
{
  if (!ids->root)
    return 1;
  for (int i = 0; i < w->n; i++)
    if (!w->groups[i])
      return 0;
  return w->uid && w->gid &&
         (w->uid == ids->uid[TERNX] || w->uid == ids->uid[TERNM] || !identity_is_reserved(ids, w->uid));
}

int who_is_sound(who const *w, size_t len, identities const *ids)
{
  if (len < offsetof(who, groups) || w->n < 0 || w->n > WHO_GROUPS || len != WHO_SIZE(w) ||
      !ends(w->r.text, sizeof w->r.text))
    return 0;
  if (w->r.class != RESULT_OK)
    return w->r.class == RESULT_TEMPORARY || w->r.class == RESULT_PERMANENT;
  return ends(w->u.name, sizeof w->u.name) && ends(w->u.home, sizeof w->u.home) &&
         ends(w->u.shell, sizeof w->u.shell) && !is_path(w->u.name) && may_be_delivered_as(w, ids);
}
