/* qmail_find - which file counts: .qmail-EXT, then .qmail-PART-default for shorter and shorter parts of EXT that end with a -,
   .qmail-default, and at last .qmail: an extension that no file is named after does not make an address unknown here. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "lib/address.h"
#include "local/failure.h"
#include "local/include.h"
#include "local/qmail.h"

#define NAME_MAX_OCTETS 255u

/* ".qmail-" and n octets of ext: in lower case, dots as colons, so that no name leads elsewhere. */
static int name_of(char path[SELF_PATH_MAX], char const *ext, size_t n, char const *tail)
{
  size_t len = sizeof ".qmail-" - 1;
  if (len + n + strlen(tail) > NAME_MAX_OCTETS || memchr(ext, '/', n))
    return 0;
  memcpy(path, ".qmail-", len);
  for (size_t i = 0; i < n; i++)
    path[len++] = ext[i] == '.' ? ':' : (char)tolower((unsigned char)ext[i]);
  memcpy(path + len, tail, strlen(tail) + 1);
  return 1;
}

static enum include_read read_one(self const *me, char const *path, stralloc *text, char const **why,
                                  result *r)
{
  return include_read(me->home, path, FORWARD_MAX, me->u.uid, text, why, r);
}

static enum include_read read_named(self const *me, char const *ext, char path[SELF_PATH_MAX], qmail *q,
                                    stralloc *text, char const **why, result *r)
{
  size_t len = strlen(ext);
  unsigned int files = 1;
  enum include_read got = INCLUDE_ABSENT;
  if (name_of(path, ext, len, ""))
    got = read_one(me, path, text, why, r);
  for (size_t i = len; got == INCLUDE_ABSENT && files < QMAIL_FILES; i--) {
    if ((!i || ext[i - 1] == '-') && name_of(path, ext, i, "default")) {
      q->rest = ext + i;
      got = read_one(me, path, text, why, r);
      files++;
    }
    if (!i)
      break;
  }
  if (got == INCLUDE_ABSENT)
    q->rest = 0;
  return got;
}

static enum include_read read_any(self *me, char const *ext, char path[SELF_PATH_MAX], qmail *q,
                                  stralloc *text, char const **why, result *r)
{
  enum include_read got = INCLUDE_ABSENT;
  if (*ext)
    got = read_named(me, ext, path, q, text, why, r);
  if (got != INCLUDE_ABSENT || me->no_qmail)
    return got;
  memcpy(path, ".qmail", sizeof ".qmail");
  got = read_one(me, path, text, why, r);
  me->no_qmail = got == INCLUDE_ABSENT;
  return got;
}

/* ---- bounces of what is forwarded: to NAME-owner, if there is such a file and the message may bounce */

static void find_owner(self const *me, char const *ext, copy const *m, qmail *q)
{
  char path[SELF_PATH_MAX];
  struct stat st;
  size_t len = strlen(m->recipient);
  size_t at = address_domain(m->recipient, len);
  size_t local = at == len ? len : at - 1;
  char const *delimiter = control_line(me->c, CONTROL_RECIPIENTDELIMITER);
  if (!*m->sender || !name_of(path, ext, strlen(ext), *ext ? "-owner" : "owner") ||
      fstatat(me->home, path, &st, 0) < 0 || (!*ext && !*delimiter))
    return;
  if (local && m->recipient[local - 1] == '"') /* a name that needs quotes */
    return;
  int n = snprintf(q->owner, sizeof q->owner, "%.*s%sowner%s", (int)local, m->recipient,
                   *ext ? "-" : delimiter, m->recipient + local);
  if (n < 0 || (size_t)n >= sizeof q->owner)
    q->owner[0] = 0;
}

/* ---- what was found */

static int is_executable(self const *me, char const *path)
{
  struct stat st;
  return !fstatat(me->home, path, &st, 0) && st.st_mode & 0111;
}

static enum forward_found obey(self const *me, targets *t, char const *path, stralloc const *text, result *r)
{
  if (!text->len)
    return FORWARD_NONE;
  return qmail_parse(me, t, path, text->s, text->len, !strcmp(path, ".qmail"), is_executable(me, path), r)
             ? FORWARD_OBEY
             : FORWARD_ERROR;
}

enum forward_found qmail_find(self *me, char const *ext, copy const *m, targets *t, qmail *q,
                              char path[SELF_PATH_MAX], char const **why, result *r)
{
  stralloc text = STRALLOC_ZERO;
  enum forward_found found = FORWARD_ERROR;
  q->rest = 0;
  q->owner[0] = 0;
  switch (read_any(me, ext, path, q, &text, why, r)) {
  case INCLUDE_ABSENT: found = FORWARD_ABSENT; break;
  case INCLUDE_UNSAFE: found = FORWARD_IGNORED; break;
  case INCLUDE_ERROR: break;
  case INCLUDE_READ:
    if (me->unsafe) {
      *why = me->unsafe;
      found = FORWARD_IGNORED;
    } else if (me->is_edited)
      result_set(r, RESULT_TEMPORARY, STATUS_MAILBOX, "the home of %s is sticky: its owner is editing %s",
                 me->u.name, path);
    else
      found = obey(me, t, path, &text, r);
  }
  if (found == FORWARD_OBEY)
    find_owner(me, ext, m, q);
  stralloc_free(&text);
  return found;
}
