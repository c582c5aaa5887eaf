/* check - follows the aliases depth first, each once, with a stack of its own: a million of them in one row are no deeper recursion.
   An alias that is on the way already is a circle. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <skalibs/bytestr.h>
#include <skalibs/tai.h>
#include "lib/address.h"
#include "lib/user.h"
#include "alias/check.h"

enum colour { UNSEEN, ON_THE_WAY, DONE };

typedef struct visit_s visit;
struct visit_s {
  size_t item;
  record_reader targets; /* what is left of them */
};

typedef struct checker_s checker;
struct checker_s {
  collection *a;
  collection const *v;
  control const *settings;
  identities const *ids;
  stralloc colours;                 /* enum colour of each item */
  genalloc stack;                   /* visit */
  tain end;                         /* of the questions to passwd */
  char last[ADDRESS_LOCAL_MAX + 1]; /* a name that is known: lists often name one again and again */
};

static size_t find_alias(checker const *c, char const *name, size_t len)
{
  char copy[DATABASE_NAME_MAX];
  if (len > sizeof copy)
    return collection_count(c->a);
  memcpy(copy, name, len);
  case_lowerb(copy, len);
  return collection_find(c->a, copy, len);
}

/* ---- names */

static int is_user_as(checker const *c, char const *name)
{
  user u;
  return user_find(c->settings, c->ids, name, &u) != USER_ABSENT;
}

/* An error, or no time left, makes nobody unknown. */
static int is_user(checker *c, char const *name, size_t len)
{
  char copy[ADDRESS_LOCAL_MAX + 1];
  if (len > ADDRESS_LOCAL_MAX)
    return 0;
  memcpy(copy, name, len);
  copy[len] = 0;
  if (!strcmp(copy, c->last) || !strcmp(copy, "root") || !strcasecmp(copy, "postmaster"))
    return 1;
  tain_now_g();
  if (!tain_future(&c->end))
    return 1;
  if (is_user_as(c, copy)) {
    memcpy(c->last, copy, len + 1);
    return 1;
  }
  case_lowerb(copy, len);
  return memcmp(copy, name, len) && is_user_as(c, copy);
}

/* The local name, else what stands before its delimiters. *item: the alias that it is, or collection_count. */
static int is_known(checker *c, char const *name, size_t len, int users_only, size_t *item)
{
  char delimiter = *control_line(c->settings, CONTROL_RECIPIENTDELIMITER);
  for (;;) {
    if (!users_only && (*item = find_alias(c, name, len)) < collection_count(c->a))
      return 1;
    if (is_user(c, name, len))
      return 1;
    while (delimiter && len && name[len - 1] != delimiter)
      len--;
    if (!delimiter || len < 2)
      return 0;
    len--;
  }
}

static int is_virtual(checker const *c, char const *domain, size_t len)
{
  return collection_count(c->v) && collection_find(c->v, domain, len) < collection_count(c->v);
}

/* ---- the walk */

static void warn(checker *c, size_t item, char const *form, char const *name, size_t len)
{
  char text[DATABASE_NAME_MAX + 200];
  (void)snprintf(text, sizeof text, form, (int)(len > 200 ? 200 : len), name);
  collection_say(c->a, COLLECTION_WARNING, collection_items(c->a)[item].line, text);
}

static int enter(checker *c, size_t item)
{
  collection_item const *i = collection_items(c->a) + item;
  visit x = {.item = item, .targets = RECORD_READER(c->a->bytes.s + i->name + i->len, i->vlen)};
  record line;
  record_next(&x.targets, &line);
  c->colours.s[item] = ON_THE_WAY;
  return genalloc_append(visit, &c->stack, &x);
}

/* Is it an address of another machine, or one that the file of `virtual` knows more about? */
static int is_elsewhere(checker const *c, target const *t, size_t at)
{
  return at < t->len && (!control_has_domain(c->settings, CONTROL_LOCALS, t->s + at, t->len - at) ||
                         is_virtual(c, t->s + at, t->len - at));
}

/* One target of `from`. *next: an alias to be walked through first. */
static void follow(checker *c, size_t from, target const *t, size_t *next)
{
  stralloc name = STRALLOC_ZERO;
  size_t at = address_domain(t->s, t->len), n = collection_count(c->a), to = n;
  int users_only = t->kind == TARGET_USER;
  if (t->kind == TARGET_COMMAND || is_elsewhere(c, t, at) ||
      !address_unquote(t->s, at == t->len ? at : at - 1, &name) || !name.len ||
      collection_find(c->v, name.s, name.len) < collection_count(c->v)) {
    stralloc_free(&name);
    return;
  }
  if (find_alias(c, name.s, name.len) == from) /* its own name means the user */
    users_only = 1;
  if (!is_known(c, name.s, name.len, users_only, &to))
    warn(c, from, "leads to %.*s, who is neither a user nor an alias here", name.s, name.len);
  else if (to < n && c->colours.s[to] == ON_THE_WAY)
    warn(c, from, "leads in a circle, by way of %.*s", collection_name(c->a, to),
         collection_items(c->a)[to].len);
  else if (to < n && c->colours.s[to] == UNSEEN)
    *next = to;
  stralloc_free(&name);
}

/* All that can be reached from one alias. */
static int walk(checker *c, size_t root)
{
  int ok = enter(c, root);
  while (ok && genalloc_len(visit, &c->stack)) {
    visit *x = genalloc_s(visit, &c->stack) + genalloc_len(visit, &c->stack) - 1;
    database_entry e = {.targets = x->targets};
    size_t next = collection_count(c->a);
    target t;
    int got = database_target(&e, &t);
    x->targets = e.targets;
    if (got != 1) {
      c->colours.s[x->item] = DONE;
      genalloc_setlen(visit, &c->stack, genalloc_len(visit, &c->stack) - 1);
      continue;
    }
    follow(c, x->item, &t, &next);
    if (next < collection_count(c->a))
      ok = enter(c, next);
  }
  return ok;
}

int check_aliases(collection *a, collection const *v, control const *settings, identities const *ids)
{
  checker c = {
      .a = a, .v = v, .settings = settings, .ids = ids, .colours = STRALLOC_ZERO, .stack = GENALLOC_ZERO};
  size_t n = collection_count(a);
  int ok = stralloc_ready(&c.colours, n + 1);
  tain_now_g();
  tain_addsec_g(&c.end, CHECK_SECONDS);
  if (ok)
    memset(c.colours.s, UNSEEN, n);
  for (size_t i = 0; ok && i < n; i++)
    if (c.colours.s[i] == UNSEEN)
      ok = walk(&c, i);
  stralloc_free(&c.colours);
  genalloc_free(visit, &c.stack);
  return ok;
}
