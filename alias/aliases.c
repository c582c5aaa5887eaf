/* aliases - reads "name: target, target" from logical lines. Names are local parts without a domain; their
   case does not count. */
#include <string.h>
#include "lib/address.h"
#include "alias/aliases.h"

static char const *judge_name(char const *s, size_t len)
{
  if (!len)
    return "has no name before the colon; write name: target, target";
  if (memchr(s, '@', len))
    return "has a name with a domain; put it into the file that control/virtual names";
  if (len > ADDRESS_LOCAL_MAX)
    return "has a name of more than 64 octets, which no address can have; make it shorter";
  for (size_t i = 0; i < len; i++)
    if ((unsigned char)s[i] < 32 || s[i] == 127)
      return "has a control character in its name; take it out";
  return 0;
}

/* The name, without the quotes and white space around it, is appended to `name`. */
static char const *take_name(stralloc *name, char const *s, size_t len)
{
  while (len && (s[len - 1] == ' ' || s[len - 1] == '\t'))
    len--;
  name->len = 0;
  switch (target_unquote(name, s, len)) {
  case -1: return "could not be taken: no memory";
  case 0:
    for (size_t i = 0; i < len; i++)
      if (s[i] == ' ' || s[i] == '\t' || s[i] == '"' || s[i] == ',')
        return "has more than a name before the colon; put quotes around a name with white space";
    if (!stralloc_catb(name, s, len))
      return "could not be taken: no memory";
  }
  return judge_name(name->s, name->len);
}

static int complain(collection *c, unsigned int line, char const *why)
{
  collection_say(c, COLLECTION_ERROR, line, why);
  return 0;
}

int aliases_targets(collection *c, char const *s, size_t len, unsigned int line, int commands)
{
  target_list l = {.s = s, .len = len, .text = STRALLOC_ZERO};
  size_t n = 0, octets = 0;
  char const *why = "";
  target t;
  enum target_got got;
  int ok = database_begin_value(&c->value, line) ? 1 : -1;
  while (ok == 1 && (got = target_next(&l, &t, &why)) != TARGET_END) {
    n++;
    if (got == TARGET_ONE && t.kind == TARGET_COMMAND)
      octets += t.len + RECORD_HEAD;
    if (got == TARGET_ONE && commands && t.kind == TARGET_ADDRESS && *t.s == '@')
      got = TARGET_BAD, why = "has a target without a local part; write user@domain";
    if (got == TARGET_ONE && !commands && t.kind != TARGET_ADDRESS)
      got = TARGET_BAD,
      why = "has a target that is no address; name an alias here, and the target in the aliases file";
    if (octets > ALIASES_COMMANDS_MAX)
      got = TARGET_BAD, why = "has more than 60000 octets of programs and files; use :include:";
    if (got == TARGET_BAD)
      ok = complain(c, line, why);
    else if (got == TARGET_NOMEM || !database_add_target(&c->value, &t))
      ok = -1;
  }
  stralloc_free(&l.text);
  if (ok == 1 && !n)
    ok = complain(c, line,
                  commands ? "has no target; write name: target, or name: /dev/null to drop its mail"
                           : "has no target; write address target, or domain anything");
  return ok;
}

static int take_line(collection *c, source const *s, stralloc *name)
{
  int open, ok;
  size_t len = s->line.len, colon = target_span(s->line.s, len, ':', &open);
  char const *why;
  if (colon == len)
    return complain(c, s->first,
                    open ? "has a quote that is not closed; write the second \""
                         : "has no colon; write name: target, target") +
           1;
  why = take_name(name, s->line.s, colon);
  if (why)
    return complain(c, s->first, why) + 1;
  ok = aliases_targets(c, s->line.s + colon + 1, len - colon - 1, s->first, 1);
  if (ok == 1)
    return collection_add(c, name->s, name->len, s->first,
                          len - colon - 1 - strspn(s->line.s + colon + 1, " \t"));
  return ok == 0;
}

int aliases_read(collection *c, source *s)
{
  stralloc name = STRALLOC_ZERO;
  char const *why = "";
  enum source_got got = SOURCE_LINE;
  int ok = 1;
  while (ok && (got = source_next(s, &why)) != SOURCE_END) {
    if (got == SOURCE_BAD)
      collection_say(c, COLLECTION_ERROR, s->first, why);
    else
      ok = got == SOURCE_LINE && take_line(c, s, &name);
  }
  stralloc_free(&name);
  return ok;
}
