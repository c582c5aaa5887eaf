/* names - local names. Only "no such entry" makes a name unknown: any other failure ends the search with
   "later", since the name might have been the one. */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <skalibs/bytestr.h>
#include <skalibs/types.h>
#include "lib/address.h"
#include "lib/user.h"
#include "alias/names.h"

enum outcome { HIT, MISS, FAILED };

void names_nomem(step *s)
{
  s->kind = STEP_LATER;
  result_set(&s->why, RESULT_TEMPORARY, STATUS_SYSTEM, "no memory to look up the address; it is tried again");
}

static enum outcome set(step *s, enum step_kind kind, char const *name, size_t len, char const *ext,
                        size_t elen)
{
  s->kind = kind;
  if (stralloc_copyb(&s->name, name, len) && stralloc_copyb(&s->ext, ext, elen))
    return HIT;
  names_nomem(s);
  return FAILED;
}

static enum outcome try_alias(knowledge const *k, char const *name, size_t len, step *s)
{
  switch (database_find(k->db, DATABASE_ALIAS, name, len, &s->e)) {
  case DATABASE_ABSENT: return MISS;
  case DATABASE_FOUND:
    if (set(s, STEP_ALIAS, name, len, "", 0) == FAILED)
      return FAILED;
    case_lowerb(s->name.s, len);
    return HIT;
  default:
    s->kind = STEP_LATER;
    result_set(&s->why, RESULT_TEMPORARY, STATUS_MISCONFIGURED,
               k->db->open ? "aliases.cdb is damaged; newaliases makes it anew"
                           : "aliases.cdb can't be read; newaliases makes it");
    return FAILED;
  }
}

/* Mail is never delivered as them. */
static int is_forbidden(knowledge const *k, user const *u)
{
  if (!k->ids->root || (u->uid && u->gid && !identity_is_reserved(k->ids, u->uid)))
    return 0;
  step_note(k, u->name, ": a user for whom nothing is delivered (uid 0, gid 0 or the mail system's own)",
            (char *)0);
  return 1;
}

static void note_user(knowledge const *k, user const *u, char const *ext, size_t elen)
{
  char uid[UID_FMT], copy[ADDRESS_LOCAL_MAX + 1];
  size_t n = elen > ADDRESS_LOCAL_MAX ? ADDRESS_LOCAL_MAX : elen;
  uid[uid_fmt(uid, u->uid)] = 0;
  memcpy(copy, ext, n);
  copy[n] = 0;
  step_note(k, u->name, ": a user", u->listed ? " of control/users" : "", n ? ", with the extension " : "",
            copy, k->secrets ? " (uid " : "", k->secrets ? uid : "", k->secrets ? ", home " : "",
            k->secrets ? u->home : "", k->secrets ? ")" : "", (char *)0);
}

static enum outcome try_user_as(knowledge const *k, char const *name, char const *ext, size_t elen, step *s)
{
  user u;
  if (k->ids->root && !strcmp(name, "root")) {
    step_note(k, "root: no alias; the mailbox of root, which belongs to ternm", (char *)0);
    return set(s, STEP_USER, "root", 4, ext, elen);
  }
  switch (user_find(k->settings, k->ids, name, &u)) {
  case USER_ABSENT: return MISS;
  case USER_FOUND:
    if (is_forbidden(k, &u))
      return MISS;
    note_user(k, &u, ext, elen);
    return set(s, STEP_USER, name, strlen(name), ext, elen);
  default:
    s->kind = STEP_LATER;
    result_set(&s->why, RESULT_TEMPORARY, STATUS_SYSTEM,
               "unable to look up the user %s: %s; it is tried again", name, strerror(errno));
    return FAILED;
  }
}

static enum outcome try_user(knowledge const *k, char const *name, size_t len, char const *ext, size_t elen,
                             step *s)
{
  char copy[USER_NAME_MAX];
  enum outcome o;
  if (len >= sizeof copy)
    return MISS;
  memcpy(copy, name, len);
  copy[len] = 0;
  o = try_user_as(k, copy, ext, elen, s);
  if (o != MISS)
    return o;
  case_lowerb(copy, len);
  return memcmp(copy, name, len) ? try_user_as(k, copy, ext, elen, s) : MISS;
}

/* In an instance that is not root's, mail for postmaster is its owner's; if passwd has no name for him, it is
   that of the first of `users`, all of whom are the owner. */
static enum outcome try_owner(knowledge const *k, step *s)
{
  user u;
  char const *listed = control_line(k->settings, CONTROL_USERS);
  size_t len = strcspn(listed, ":");
  enum user_found found = user_of_uid(k->settings, k->ids, k->ids->owner, &u);
  if (found == USER_FOUND) {
    step_note(k, "postmaster: the owner of this instance, ", u.name, (char *)0);
    return set(s, STEP_USER, u.name, strlen(u.name), "", 0);
  }
  if (found == USER_ABSENT && len) {
    step_note(k, "postmaster: the first name in control/users", (char *)0);
    return set(s, STEP_USER, listed, len, "", 0);
  }
  s->kind = STEP_LATER;
  result_set(&s->why, RESULT_TEMPORARY, STATUS_MISCONFIGURED,
             "postmaster has no alias, and the owner of this instance has no name in passwd");
  return FAILED;
}

static enum outcome try_name(knowledge const *k, char const *name, size_t len, char const *ext, size_t elen,
                             enum names_kind kinds, step *s)
{
  enum outcome o = kinds & NAMES_ALIASES ? try_alias(k, name, len, s) : MISS;
  int postmaster = len == 10 && !case_diffb(name, 10, "postmaster");
  if (o == MISS && kinds & NAMES_USERS)
    o = try_user(k, name, len, ext, elen, s);
  if (o != MISS || !postmaster || !(kinds & NAMES_USERS))
    return o;
  step_note(k, "postmaster: always accepted; without an alias it is root", (char *)0);
  o = try_name(k, "root", 4, "", 0, kinds, s);
  return o == MISS ? try_owner(k, s) : o;
}

static void unknown(char const *raw, size_t len, step *s)
{
  char copy[ADDRESS_LOCAL_MAX * 2];
  size_t n = len < sizeof copy ? len : sizeof copy - 1;
  memcpy(copy, raw, n);
  copy[n] = 0;
  s->kind = STEP_UNKNOWN;
  result_set(&s->why, RESULT_PERMANENT, STATUS_UNKNOWN_MAILBOX, "there is no user or alias %s here", copy);
}

/* What can be no name at all, and must not reach passwd: some services of NSS take "user@realm". */
static int is_odd(char const *raw, size_t len)
{
  if (!len || memchr(raw, '@', len))
    return 1;
  for (size_t i = 0; i < len; i++)
    if ((unsigned char)raw[i] < 32 || raw[i] == 127)
      return 1;
  return 0;
}

/* Where a name may end: at the first delimiters only, since each costs a question to passwd. */
static unsigned int splits(knowledge const *k, char const *raw, size_t len, size_t at[STEP_SPLITS_MAX])
{
  char delimiter = step_delimiter(k);
  unsigned int n = 0;
  for (size_t i = 1; delimiter && i < len && n < STEP_SPLITS_MAX; i++)
    if (raw[i] == delimiter)
      at[n++] = i;
  return n;
}

void names_find(knowledge const *k, char const *raw, size_t len, enum names_kind kinds, step *s)
{
  size_t at[STEP_SPLITS_MAX];
  unsigned int n = splits(k, raw, len, at);
  if (!is_odd(raw, len)) {
    if (try_name(k, raw, len, "", 0, kinds, s) != MISS)
      return;
    while (n--)
      if (try_name(k, raw, at[n], raw + at[n] + 1, len - at[n] - 1, kinds, s) != MISS)
        return;
  }
  unknown(raw, len, s);
}

void names_find_with(knowledge const *k, char const *name, size_t len, char const *ext, size_t elen, step *s)
{
  if (is_odd(name, len) || is_odd(ext, elen) || try_name(k, name, len, ext, elen, NAMES_BOTH, s) == MISS)
    unknown(name, len, s);
}
