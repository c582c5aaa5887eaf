/* step - applies the rules in their order to one address. */
#include <string.h>
#include <strings.h>
#include <skalibs/bytestr.h>
#include "lib/address.h"
#include "lib/envelope.h"
#include "alias/names.h"
#include "alias/step.h"

typedef struct parts_s parts;
struct parts_s {
  char const *address;
  size_t len;
  char const *domain; /* of the address; without one: `me` */
  size_t dlen;
  int bare;                       /* no domain was given */
  int local;                      /* in locals, or none was given */
  char raw[ENVELOPE_ADDRESS_MAX]; /* the local part without quotes */
  size_t rlen;
};

char step_delimiter(knowledge const *k)
{
  return *control_line(k->settings, CONTROL_RECIPIENTDELIMITER);
}

void step_free(step *s)
{
  stralloc_free(&s->name);
  stralloc_free(&s->ext);
}

static int cut(knowledge const *k, char const *address, size_t len, parts *p)
{
  stralloc raw = STRALLOC_ZERO;
  size_t at = address_domain(address, len);
  int ok;
  p->bare = at == len;
  if (!p->bare && len - at > 1 && address[len - 1] == '.')
    len--; /* "example.org." is example.org */
  p->address = address;
  p->len = len;
  p->domain = p->bare ? control_line(k->settings, CONTROL_ME) : address + at;
  p->dlen = p->bare ? strlen(p->domain) : len - at;
  p->local = p->bare || control_has_domain(k->settings, CONTROL_LOCALS, p->domain, p->dlen);
  ok = address_unquote(address, p->bare ? len : at - 1, &raw) && raw.len < sizeof p->raw;
  p->rlen = ok ? raw.len : 0;
  if (p->rlen)
    memcpy(p->raw, raw.s, raw.len);
  stralloc_free(&raw);
  return ok;
}

/* ---- virtual addresses */

static enum database_found try_virtual(knowledge const *k, char const *key, size_t len, char const *ext,
                                       size_t elen, step *s)
{
  enum database_found found = database_find(k->db, DATABASE_VIRTUAL, key, len, &s->e);
  if (found != DATABASE_FOUND)
    return found;
  s->kind = STEP_VIRTUAL;
  if (!stralloc_copyb(&s->name, key, len) || !stralloc_copyb(&s->ext, ext, elen))
    return DATABASE_ERROR;
  case_lowerb(s->name.s, len);
  return found;
}

/* The first n octets of the local part, at the domain or alone. */
static enum database_found try_part(knowledge const *k, parts const *p, size_t n, int alone, step *s)
{
  char key[DATABASE_NAME_MAX];
  char const *ext = n < p->rlen ? p->raw + n + 1 : "";
  size_t elen = n < p->rlen ? p->rlen - n - 1 : 0, len = n + (alone ? 0 : 1 + p->dlen);
  if (len > sizeof key)
    return DATABASE_ABSENT;
  memcpy(key, p->raw, n);
  if (!alone) {
    key[n] = '@';
    memcpy(key + n + 1, p->domain, p->dlen);
  }
  return try_virtual(k, key, len, ext, elen, s);
}

static enum database_found try_parts(knowledge const *k, parts const *p, int alone, step *s)
{
  char delimiter = step_delimiter(k);
  enum database_found found = try_part(k, p, p->rlen, alone, s);
  unsigned int splits = 0;
  for (size_t i = p->rlen; found == DATABASE_ABSENT && delimiter && --i > 0 && splits < STEP_SPLITS_MAX;)
    if (p->raw[i] == delimiter) {
      splits++;
      found = try_part(k, p, i, alone, s);
    }
  return found;
}

static enum database_found find_virtual(knowledge const *k, parts const *p, step *s)
{
  char key[DATABASE_NAME_MAX];
  enum database_found found;
  if (!k->db->open)
    return DATABASE_ERROR;
  if (!k->db->has_virtual || !p->rlen || memchr(p->raw, '@', p->rlen))
    return DATABASE_ABSENT;
  found = try_parts(k, p, 0, s);
  if (found == DATABASE_ABSENT && p->local)
    found = try_parts(k, p, 1, s);
  if (found != DATABASE_ABSENT || p->dlen >= sizeof key)
    return found;
  key[0] = '@';
  memcpy(key + 1, p->domain, p->dlen);
  return try_virtual(k, key, p->dlen + 1, p->raw, p->rlen, s);
}

/* ---- virtualdomains */

static int matches(char const *line, size_t n, parts const *p)
{
  if (memchr(line, '@', n))
    return n == p->len && !strncasecmp(line, p->address, n);
  if (*line == '.')
    return n < p->dlen && !strncasecmp(line, p->domain + p->dlen - n, n);
  return n == p->dlen && !strncasecmp(line, p->domain, n);
}

/* The longest entry counts: an address, a domain, a parent. */
static char const *find_virtualdomain(knowledge const *k, parts const *p)
{
  char const *best = 0;
  size_t longest = 0;
  for (char const *l = control_line(k->settings, CONTROL_VIRTUALDOMAINS); *l; l = control_next(l)) {
    size_t n = strcspn(l, ":");
    if (l[n] && n > longest && matches(l, n, p)) {
      best = l + n + 1;
      longest = n;
    }
  }
  return best;
}

static int is_postmaster(parts const *p)
{
  return p->rlen == 10 && !case_diffb(p->raw, 10, "postmaster");
}

static void take_virtualdomain(knowledge const *k, parts const *p, char const *to, step *s)
{
  step_note(k, "a rule of control/virtualdomains", k->secrets ? " leads to " : "", k->secrets ? to : "",
            (char *)0);
  if (strchr(to, '@')) {
    s->kind = STEP_REDIRECT;
    s->to = to;
    return;
  }
  names_find_with(k, to, strlen(to), p->raw, p->rlen, s);
  if (s->kind == STEP_UNKNOWN && is_postmaster(p))
    names_find(k, p->raw, p->rlen, NAMES_BOTH, s);
}

/* ---- all together */

static enum step_kind unknown_here(parts const *p, step *s)
{
  result_set(&s->why, RESULT_PERMANENT, STATUS_UNKNOWN_MAILBOX, "there is no address %.*s here",
             (int)(p->len > 300 ? 300 : p->len), p->address);
  return STEP_UNKNOWN;
}

static enum step_kind database_failed(step *s)
{
  result_set(&s->why, RESULT_TEMPORARY, STATUS_MISCONFIGURED,
             "aliases.cdb can't be read; newaliases makes it anew");
  return STEP_LATER;
}

static void take_foreign(knowledge const *k, parts const *p, enum step_mode mode, step *s)
{
  char const *to = find_virtualdomain(k, p);
  database_entry declared;
  if (to) {
    take_virtualdomain(k, p, to, s);
    return;
  }
  if (mode == STEP_NO_VIRTUAL) {
    s->kind = STEP_LATER;
    result_set(&s->why, RESULT_TEMPORARY, STATUS_MISCONFIGURED,
               "a virtual address leads to itself, and its domain is not in control/locals");
    return;
  }
  switch (k->db->has_virtual ? database_find(k->db, DATABASE_VIRTUAL, p->domain, p->dlen, &declared)
                             : DATABASE_ABSENT) {
  case DATABASE_ABSENT: s->kind = STEP_ELSEWHERE; break;
  case DATABASE_ERROR: s->kind = database_failed(s); break;
  default:
    step_note(k, "a domain that the file of control/virtual declares", (char *)0);
    if (is_postmaster(p))
      names_find(k, p->raw, p->rlen, NAMES_BOTH, s);
    else
      s->kind = unknown_here(p, s);
  }
}

static void take(knowledge const *k, parts const *p, enum step_mode mode, step *s)
{
  enum database_found found;
  if (mode == STEP_USER_ONLY || mode == STEP_ALIAS_ONLY) {
    names_find(k, p->raw, p->rlen, mode == STEP_USER_ONLY ? NAMES_USERS : NAMES_ALIASES, s);
    return;
  }
  found = mode == STEP_ANY ? find_virtual(k, p, s) : DATABASE_ABSENT;
  if (found == DATABASE_ERROR)
    s->kind = database_failed(s);
  else if (found == DATABASE_ABSENT && p->local)
    names_find(k, p->raw, p->rlen, NAMES_BOTH, s);
  else if (found == DATABASE_ABSENT)
    take_foreign(k, p, mode, s);
}

void step_take(knowledge const *k, char const *address, size_t len, enum step_mode mode, step *s)
{
  parts p;
  s->to = 0;
  if (!len || len >= ENVELOPE_ADDRESS_MAX || memchr(address, 0, len)) {
    s->kind = STEP_UNKNOWN;
    result_set(&s->why, RESULT_PERMANENT, STATUS_BAD_ADDRESS, "that is no address");
    return;
  }
  if (!cut(k, address, len, &p)) {
    names_nomem(s);
    return;
  }
  take(k, &p, mode, s);
  if (s->kind == STEP_ALIAS || s->kind == STEP_VIRTUAL)
    step_note_entry(k, s, s->kind == STEP_ALIAS ? DATABASE_ALIAS : DATABASE_VIRTUAL);
}
