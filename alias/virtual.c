/* virtual - reads "address target, target" from logical lines. An address is kept with its local part
   unquoted, in lower case. */
#include <string.h>
#include <strings.h>
#include "lib/address.h"
#include "alias/aliases.h"
#include "alias/virtual.h"

/* The key of an address, a domain or a user; `why` says what is wrong with it. */
static int take_key(stralloc *key, char const *s, size_t len, char const **why)
{
  size_t at = address_domain(s, len);
  *why = "has an address that makes no sense; write user@domain, @domain, user or domain";
  key->len = 0;
  if (len > 1 && *s == '@')
    return address_is_domain(s + 1, len - 1) && stralloc_catb(key, s, len);
  if (address_judge(s, len) != ADDRESS_OK && address_judge(s, len) != ADDRESS_UTF8)
    return 0;
  if (at == len)
    return address_unquote(s, len, key);
  if (!address_unquote(s, at - 1, key) || memchr(key->s, '@', key->len))
    return 0;
  return stralloc_catb(key, s + at - 1, len - at + 1) && key->len <= DATABASE_NAME_MAX;
}

/* "domain anything": what stands to its right need not make sense, only be there. */
static int is_declaration(stralloc const *key)
{
  return !memchr(key->s, '@', key->len) && memchr(key->s, '.', key->len) &&
         address_is_domain(key->s, key->len);
}

static int take_line(collection *c, source const *s, stralloc *key)
{
  int open, ok;
  size_t len = s->line.len, tab = target_span(s->line.s, len, '\t', &open);
  size_t end = target_span(s->line.s, tab, ' ', &open);
  size_t skip = end + strspn(s->line.s + end, " \t");
  char const *why;
  if (!take_key(key, s->line.s, end, &why)) {
    collection_say(c, COLLECTION_ERROR, s->first,
                   open ? "has a quote that is not closed; write the second \"" : why);
    return 1;
  }
  if (is_declaration(key)) {
    unsigned int errors = c->errors;
    size_t said = c->said.len;
    ok = aliases_targets(c, s->line.s + skip, len - skip, s->first, 0);
    if (!ok && skip < len) {
      c->errors = errors;
      c->said.len = said;
      ok = database_begin_value(&c->value, s->first) ? 1 : -1;
    }
  } else
    ok = aliases_targets(c, s->line.s + skip, len - skip, s->first, 0);
  return ok == 1 ? collection_add(c, key->s, key->len, s->first, len - skip) : ok == 0;
}

int virtual_read(collection *c, source *s)
{
  stralloc key = STRALLOC_ZERO;
  char const *why = "";
  enum source_got got = SOURCE_LINE;
  int ok = 1;
  while (ok && (got = source_next(s, &why)) != SOURCE_END) {
    if (got == SOURCE_BAD)
      collection_say(c, COLLECTION_ERROR, s->first, why);
    else
      ok = got == SOURCE_LINE && take_line(c, s, &key);
  }
  stralloc_free(&key);
  return ok;
}

/* Does an entry "user@domain user@domain, ..." name itself? */
static int names_itself(collection const *c, size_t i)
{
  collection_item const *item = &collection_items(c)[i];
  char const *name = c->bytes.s + item->name;
  database_entry e = {.targets = RECORD_READER(name + item->len, item->vlen)};
  record line;
  target t;
  record_next(&e.targets, &line);
  while (database_target(&e, &t) == 1)
    if (t.len == item->len && !strncasecmp(t.s, name, t.len))
      return 1;
  return 0;
}

void virtual_check(collection *c, control const *settings)
{
  char const *warned = "";
  size_t warned_len = 0;
  for (size_t i = 0; i < collection_count(c); i++) {
    collection_item const *item = &collection_items(c)[i];
    char const *name = collection_name(c, i), *at = memrchr(name, '@', item->len), *domain = at + 1;
    size_t len = at ? item->len - (size_t)(domain - name) : 0;
    if (!at || control_has_domain(settings, CONTROL_LOCALS, domain, len))
      continue;
    if (names_itself(c, i))
      collection_say(
          c, COLLECTION_ERROR, item->line,
          "leads to itself, and its domain is not in control/locals; name a user without a domain");
    else if (collection_find(c, domain, len) == collection_count(c) &&
             (len != warned_len || strncasecmp(warned, domain, len))) {
      collection_say(
          c, COLLECTION_WARNING, item->line,
          "its domain is not declared, so its other addresses are not this machine's; add a line with the "
          "domain and any word");
      warned = domain;
      warned_len = len;
    }
  }
}
