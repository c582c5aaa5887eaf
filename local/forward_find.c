/* forward_find - which .forward counts, and whether it is obeyed. One that exists decides: if .forward+ext is not to be obeyed
   the mail goes to the mailbox, not to what .forward says. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "local/failure.h"
#include "local/forward.h"
#include "local/include.h"

static int name_with(char path[SELF_PATH_MAX], self const *me, char const *ext)
{
  int n = snprintf(path, SELF_PATH_MAX, ".forward%s%s", control_line(me->c, CONTROL_RECIPIENTDELIMITER), ext);
  return n > 0 && n < 255 && !strchr(ext, '/');
}

/* The name as it came, then in lower case. */
static enum include_read read_with(self const *me, char const *ext, char path[SELF_PATH_MAX], stralloc *text,
                                   char const **why, result *r)
{
  enum include_read got;
  int changed = 0;
  if (!name_with(path, me, ext))
    return INCLUDE_ABSENT;
  got = include_read(me->home, path, FORWARD_MAX, me->u.uid, text, why, r);
  if (got != INCLUDE_ABSENT)
    return got;
  for (char *p = path; *p; p++)
    if (isupper((unsigned char)*p)) {
      *p = (char)tolower((unsigned char)*p);
      changed = 1;
    }
  return changed ? include_read(me->home, path, FORWARD_MAX, me->u.uid, text, why, r) : INCLUDE_ABSENT;
}

static enum include_read read_forward(self *me, char const *ext, char path[SELF_PATH_MAX], stralloc *text,
                                      char const **why, result *r)
{
  enum include_read got = INCLUDE_ABSENT;
  if (*ext)
    got = read_with(me, ext, path, text, why, r);
  if (got != INCLUDE_ABSENT)
    return got;
  if (me->no_forward)
    return INCLUDE_ABSENT;
  memcpy(path, ".forward", sizeof ".forward");
  got = include_read(me->home, path, FORWARD_MAX, me->u.uid, text, why, r);
  me->no_forward = got == INCLUDE_ABSENT;
  return got;
}

enum forward_found forward_find(self *me, char const *ext, targets *t, char path[SELF_PATH_MAX],
                                char const **why, result *r)
{
  stralloc text = STRALLOC_ZERO;
  forward_reader f = {.me = me, .t = t};
  enum forward_found found = FORWARD_ERROR;
  enum include_read got = read_forward(me, ext, path, &text, why, r);
  /* it is not the file's fault */
  if (got == INCLUDE_ERROR && faccessat(me->home, ".", X_OK, AT_EACCESS) < 0 && errno == EACCES)
    failure_home(r, EACCES, me->u.name, me->u.home);
  if (got == INCLUDE_READ && me->unsafe) {
    *why = me->unsafe;
    got = INCLUDE_UNSAFE;
  }
  if (got == INCLUDE_ABSENT)
    found = FORWARD_ABSENT;
  else if (got == INCLUDE_UNSAFE)
    found = FORWARD_IGNORED;
  else if (got == INCLUDE_READ && forward_parse(&f, path, text.s, text.len, r))
    found = targets_count(t) ? FORWARD_OBEY : FORWARD_NONE;
  stralloc_free(&text);
  return found;
}
