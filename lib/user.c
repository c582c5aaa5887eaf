/* user - who is NAME, or a uid: `users` first, then the system. The only file that asks passwd through NSS:
   programs that are static must not link it. */
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <skalibs/types.h>
#include "lib/user.h"

/* The n-th field of a passwd line; len is its length. */
static char const *field(char const *line, unsigned int n, size_t *len)
{
  char const *end;
  while (n-- && (line = strchr(line, ':')))
    line++;
  if (!line)
    return 0;
  end = strchr(line, ':');
  *len = end ? (size_t)(end - line) : strlen(line);
  return line;
}

static int copy(char *to, size_t max, char const *s, size_t len)
{
  if (len >= max)
    return 0;
  memcpy(to, s, len);
  to[len] = 0;
  return 1;
}

static int from_line(user *u, char const *line)
{
  size_t len[7];
  char const *f[7];
  for (unsigned int i = 0; i < 7; i++)
    if (!(f[i] = field(line, i, &len[i])))
      return 0;
  u->listed = 1;
  return copy(u->name, sizeof u->name, f[0], len[0]) && uid_scan(f[2], &u->uid) == len[2] &&
         gid_scan(f[3], &u->gid) == len[3] && copy(u->home, sizeof u->home, f[5], len[5]) &&
         copy(u->shell, sizeof u->shell, f[6], len[6]);
}

static enum user_found from_system(user *u, struct passwd const *pw)
{
  if (!pw)
    /* these are what libcs say for "no such entry"; all else (EMFILE, EIO, ...) may pass */
    return errno == 0 || errno == ENOENT || errno == ESRCH ? USER_ABSENT : USER_ERROR;
  u->uid = pw->pw_uid;
  u->gid = pw->pw_gid;
  u->listed = 0;
  if (copy(u->name, sizeof u->name, pw->pw_name, strlen(pw->pw_name)) &&
      copy(u->home, sizeof u->home, pw->pw_dir, strlen(pw->pw_dir)) &&
      copy(u->shell, sizeof u->shell, pw->pw_shell, strlen(pw->pw_shell)))
    return USER_FOUND;
  errno = ENAMETOOLONG;
  return USER_ERROR;
}

static enum user_found broken_line(void)
{
  errno = EINVAL;
  return USER_ERROR;
}

/* In an instance that is not root's the system's users do not exist, but for its owner, and every uid is his.
 */
static enum user_found judge(identities const *ids, user *u, enum user_found found)
{
  if (ids->root || found != USER_FOUND)
    return found;
  if (!u->listed && u->uid != ids->owner)
    return USER_ABSENT;
  u->uid = ids->owner;
  u->gid = ids->owner_gid;
  return USER_FOUND;
}

enum user_found user_find(control const *c, identities const *ids, char const *name, user *u)
{
  size_t len = strlen(name);
  if (!len || len >= USER_NAME_MAX || strchr(name, '/') || strchr(name, ':'))
    return USER_ABSENT;
  for (char const *p = control_line(c, CONTROL_USERS); *p; p = control_next(p))
    if (!strncmp(p, name, len) && p[len] == ':')
      return from_line(u, p) ? judge(ids, u, USER_FOUND) : broken_line();
  errno = 0;
  return judge(ids, u, from_system(u, getpwnam(name)));
}

enum user_found user_of_uid(control const *c, identities const *ids, uid_t uid, user *u)
{
  if (ids->root) /* in anyone else's instance all of `users` have the owner's uid */
    for (char const *p = control_line(c, CONTROL_USERS); *p; p = control_next(p))
      if (from_line(u, p) && u->uid == uid)
        return USER_FOUND;
  errno = 0;
  return judge(ids, u, from_system(u, getpwuid(uid)));
}
