/* privileges - becoming a user for good: root folder, groups, gid, uid, in this order, and then a look at
   each of them. Whoever gets a 0 back must exit: he is neither who he was nor who he wanted to be. */
#include <errno.h>
#include <grp.h>
#include <string.h>
#include <unistd.h>
#include "lib/privileges.h"

#define GROUPS_MAX 1024u /* supplementary groups of a user */

static int is_uid(uid_t uid)
{
  uid_t r, e, s;
  return !getresuid(&r, &e, &s) && r == uid && e == uid && s == uid;
}

static int is_gid(gid_t gid)
{
  gid_t r, e, s;
  return !getresgid(&r, &e, &s) && r == gid && e == gid && s == gid;
}

static int has(gid_t const *list, size_t n, gid_t gid)
{
  size_t i = 0;
  for (; i < n; i++)
    if (list[i] == gid)
      return 1;
  return 0;
}

/* The kernel sorts the list: compare as sets. */
static int has_groups(gid_t const *groups, size_t n)
{
  gid_t now[GROUPS_MAX];
  int got = getgroups(GROUPS_MAX, now);
  size_t i = 0;
  if (got < 0)
    return 0;
  for (; i < (size_t)got; i++)
    if (!has(groups, n, now[i]))
      return 0;
  for (i = 0; i < n; i++)
    if (!has(now, (size_t)got, groups[i]))
      return 0;
  return 1;
}

static int can_go_back(void)
{
  return !setuid(0) || !seteuid(0) || !setresuid(0, 0, 0) || !setgid(0) || !setgroups(0, 0);
}

int privileges_drop(uid_t uid, gid_t gid, gid_t const *groups, size_t n, enum privileges_root root)
{
  if (geteuid())
    return is_uid(uid) || (errno = EPERM, 0);
  if (!uid || !gid || n > GROUPS_MAX || has(groups, n, 0))
    return (errno = EINVAL, 0);
  if (root == PRIVILEGES_CHROOT && (chroot(".") < 0 || chdir("/") < 0))
    return 0;
  if (setgroups(n, groups) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
    return 0;
  if (!is_uid(uid) || !is_gid(gid) || !has_groups(groups, n) || can_go_back())
    return (errno = EPERM, 0);
  return 1;
}
