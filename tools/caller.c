/* caller - see caller.h. What the environment says may be anything: it is judged, and quoted where it must
 * be. */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <skalibs/types.h>
#include "lib/address.h"
#include "lib/door.h"
#include "lib/question.h"
#include "tools/caller.h"
#include "tools/options.h"

/* A value without control characters that makes a local part, or 0. */
static int put_name(stralloc *out, char const *name)
{
  size_t before = out->len;
  if (!name || !*name || !address_quote(name, strlen(name), out))
    return 0;
  if (address_judge(out->s + before, out->len - before) == ADDRESS_OK &&
      address_domain(out->s + before, out->len - before) == out->len - before)
    return 1;
  out->len = before;
  return 0;
}

static int from_passwd(stralloc *out)
{
  uid_t uid = getuid();
  struct passwd *pw;
  FILE *f = fopen("/etc/passwd", "re");
  int found = 0;
  if (!f)
    return 0;
  while (!found && (pw = fgetpwent(f)))
    found = pw->pw_uid == uid && put_name(out, pw->pw_name);
  fclose(f);
  return found;
}

static int from_door(stralloc *out, tain const *deadline)
{
  static door d = {.fd = -1};
  char name[256];
  int found = question_whoami(&d, name, sizeof name, deadline) && put_name(out, name);
  door_close(&d);
  return found;
}

/* A container's uid has no name anywhere; its mail has a sender all the same. */
static int from_uid(stralloc *out)
{
  char name[4 + UINT64_FMT] = "uid";
  size_t len = 3 + uint64_fmt(name + 3, getuid());
  return stralloc_catb(out, name, len);
}

int caller_user(stralloc *out, tain const *deadline)
{
  static char const *const names[] = {"MAILUSER", "USER", "LOGNAME"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (put_name(out, getenv(names[i])))
      return 1;
  return from_passwd(out) || from_door(out, deadline) || from_uid(out);
}

char const *caller_host(char const *me)
{
  char const *host = getenv("MAILHOST");
  return host && address_is_domain(host, strlen(host)) ? host : me;
}

char const *caller_name(void)
{
  char const *name = getenv("MAILNAME");
  if (!name || strlen(name) > OPTIONS_NAME_MAX)
    return 0;
  for (char const *s = name; *s; s++)
    if ((unsigned char)*s < 32 || *s == 127)
      return 0;
  return name;
}
