/* identity - looks up the suite's users, once, at a program's start, and answers who a uid is. Reads
   /etc/passwd and nothing else: static programs have no NSS. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <skalibs/types.h>
#include "conf.h"
#include "lib/identity.h"

char const *const identity_names[IDENTITY_N] = {CONF_USERS};

/* Adds the strings of a list that ends with 0. What can't be added for want of memory leaves the sentence
 * short. */
static int say(stralloc *problem, char const *const *s)
{
  problem->len = 0;
  for (; *s; s++)
    (void)stralloc_cats(problem, *s);
  (void)stralloc_0(problem);
  problem->len -= problem->len > 0;
  return 0;
}
#define SAY(problem, ...) say((problem), (char const *const[]){__VA_ARGS__, 0})

static int find_home(identities *ids, stralloc *problem)
{
  struct stat st;
  char owner[UID_FMT];
  char home[4096];
  char const *h = getcwd(home, sizeof home) ? home : "HOME";
  if (stat(".", &st) < 0)
    return SAY(problem, "unable to stat ", h, ": ", strerror(errno));
  ids->owner = st.st_uid;
  /* HOME's group may be one that its owner is not in, so that he can't give a file to it */
  ids->owner_gid = st.st_uid && st.st_uid == geteuid() ? getegid() : st.st_gid;
  ids->root = !st.st_uid;
  owner[uid_fmt(owner, st.st_uid)] = 0;
  if (st.st_mode & (S_IWGRP | S_IWOTH))
    return SAY(problem, h, " may be written by others than its owner; type: chmod go-w ", h);
  if (!geteuid() && !ids->root)
    return SAY(problem, h, " belongs to uid ", owner,
               " and root does not serve in another's folder; start as its owner, ",
               "or, to make it root's, type: chown root ", h);
  return 1;
}

static void all_owner(identities *ids)
{
  unsigned int i = 0;
  for (; i < IDENTITY_N; i++) {
    ids->uid[i] = ids->owner;
    ids->gid[i] = ids->owner_gid;
  }
}

/* Marks in `found` those that /etc/passwd names. 0: errno. */
static int read_passwd(identities *ids, unsigned int *found)
{
  FILE *f = fopen("/etc/passwd", "re");
  struct passwd *pw;
  *found = 0;
  if (!f)
    return 0;
  while (errno = 0, (pw = fgetpwent(f))) {
    unsigned int i = 0;
    for (; i < IDENTITY_N; i++)
      if (!(*found & 1u << i) && !strcmp(pw->pw_name, identity_names[i])) {
        ids->uid[i] = pw->pw_uid;
        ids->gid[i] = pw->pw_gid;
        *found |= 1u << i;
      }
  }
  if (errno == ENOENT) /* what glibc says at the end of the file */
    errno = 0;
  {
    int e = ferror(f) ? EIO : errno;
    fclose(f);
    return !e || (errno = e, 0);
  }
}

static int find_users(identities *ids, stralloc *problem)
{
  unsigned int found;
  unsigned int i = 0;
  unsigned int j;
  char cwd[4096];
  char const *home = getcwd(cwd, sizeof cwd) ? cwd : "HOME";
  if (!read_passwd(ids, &found))
    return SAY(problem, "unable to read /etc/passwd: ", strerror(errno));
  for (; i < IDENTITY_N; i++) {
    if (!(found & 1u << i))
      return SAY(problem, "the user ", identity_names[i], " is not in /etc/passwd; type as root: tern-setup ",
                 home);
    if (!ids->uid[i] || !ids->gid[i])
      return SAY(problem, "the user ", identity_names[i],
                 " has the uid or gid 0 in /etc/passwd; remove it and type as ", "root: tern-setup ", home);
    for (j = 0; j < i; j++)
      if (ids->uid[j] == ids->uid[i])
        return SAY(problem, "the users ", identity_names[j], " and ", identity_names[i],
                   " have the same uid in /etc/passwd; remove one and type as root: tern-setup ", home);
  }
  ids->gid[TERNS] = ids->gid[TERNQ];
  return 1;
}

int identities_load(identities *ids, stralloc *problem)
{
  if (!find_home(ids, problem))
    return 0;
  if (ids->root)
    return find_users(ids, problem);
  all_owner(ids);
  return 1;
}

/* The bits of the identities that uid has. */
static unsigned int who_is(identities const *ids, uid_t uid)
{
  unsigned int bits = 0;
  unsigned int i = 0;
  for (; i < IDENTITY_N; i++)
    if (ids->uid[i] == uid)
      bits |= 1u << i;
  return bits;
}

int identity_is_suite(identities const *ids, uid_t uid)
{
  return ids->root && (who_is(ids, uid) & ~(1u << TERNX | 1u << TERNM));
}

int identity_is_reserved(identities const *ids, uid_t uid)
{
  return ids->root && (!uid || who_is(ids, uid));
}

int identity_may_knock(identities const *ids, uid_t uid, enum knock who, unsigned int named)
{
  if (who_is(ids, uid) & named)
    return 1;
  return who == KNOCK_ANYBODY && (uid == ids->owner || !uid || !identity_is_suite(ids, uid));
}
