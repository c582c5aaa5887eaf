/* target - the grammar of the right side of an alias, as aliases(5) of other systems has it: targets
   separated by commas; quotes around a whole target or after its first character; \name; Name <address>. */
#include <string.h>
#include <strings.h>
#include <skalibs/bytestr.h>
#include "lib/address.h"
#include "alias/target.h"

static int is_blank(char c)
{
  return c == ' ' || c == '\t';
}

static void trim(char const **s, size_t *len)
{
  while (*len && is_blank(**s))
    ++*s, --*len;
  while (*len && is_blank((*s)[*len - 1]))
    --*len;
}

size_t target_span(char const *s, size_t len, char end, int *open)
{
  int quoted = 0;
  size_t i = 0;
  for (; i < len && (quoted || s[i] != end); i++) {
    if (s[i] == '"')
      quoted = !quoted;
    else if (s[i] == '\\' && quoted && i + 1 < len)
      i++;
  }
  *open = quoted;
  return i;
}

int target_unquote(stralloc *out, char const *s, size_t len)
{
  size_t start = out->len;
  if (len < 2 || *s != '"')
    return 0;
  for (size_t i = 1; i < len; i++) {
    if (s[i] == '"') {
      if (i + 1 == len)
        return 1;
      break;
    }
    if (s[i] == '\\' && i + 1 < len && (s[i + 1] == '"' || s[i + 1] == '\\'))
      i++;
    if (!stralloc_append(out, s[i]))
      return -1;
  }
  out->len = start;
  return 0;
}

/* "Name <address>" becomes the address. */
static void strip_phrase(char const **s, size_t *len)
{
  int open;
  size_t at = target_span(*s, *len, '<', &open);
  if (at == *len || (*s)[*len - 1] != '>')
    return;
  *s += at + 1;
  *len -= at + 2;
  trim(s, len);
}

static enum target_got bad(char const **why, char const *text)
{
  *why = text;
  return TARGET_BAD;
}

static enum target_got give(target *t, enum target_kind kind, stralloc const *text)
{
  t->kind = kind;
  t->s = text->s;
  t->len = text->len;
  return TARGET_ONE;
}

/* l->text holds "|program", "/file" or ":include:/path". */
static enum target_got judge_command(target_list *l, target *t, char const **why)
{
  if (l->text.len > TARGET_COMMAND_MAX)
    return bad(why, "has a program or path of more than 8192 octets; make it shorter");
  if (memchr(l->text.s, '\n', l->text.len))
    return bad(why, "has a line break in a target; take it out");
  if (*l->text.s == '|' && l->text.len == 1)
    return bad(why, "has a | without a program; write \"|/path/of/program\"");
  if (*l->text.s == ':' && (l->text.len < 10 || l->text.s[9] != '/'))
    return bad(why, "has an include that is not a whole path; write :include:/path/of/file");
  return give(t, TARGET_COMMAND, &l->text);
}

static enum target_got take_user(target_list *l, target *t, char const *s, size_t len, char const **why)
{
  if (len > 1 && *s == '"' ? target_unquote(&l->text, s, len) != 1 : !stralloc_catb(&l->text, s, len))
    return bad(why, "has a user whose quotes do not end; write \\user");
  if (!l->text.len || l->text.len > ADDRESS_LOCAL_MAX || memchr(l->text.s, '@', l->text.len) ||
      memchr(l->text.s, ' ', l->text.len))
    return bad(why, "has a \\ without the name of a user; write \\user, without a domain");
  return give(t, TARGET_USER, &l->text);
}

static enum target_got take_address(target_list *l, target *t, char const *s, size_t len, char const **why)
{
  enum address_parsed parsed;
  strip_phrase(&s, &len);
  if (!stralloc_catb(&l->text, s, len))
    return TARGET_NOMEM;
  if (len > 1 && *s == '@' && address_is_domain(s + 1, len - 1))
    return give(t, TARGET_ADDRESS, &l->text);
  parsed = address_judge(s, len);
  if (parsed == ADDRESS_OK || parsed == ADDRESS_UTF8)
    return len > TARGET_ADDRESS_MAX ? bad(why, "has an address that is too long")
                                    : give(t, TARGET_ADDRESS, &l->text);
  if (byte_in(s, len, " \t", 2) < len)
    return bad(why,
               "has white space in a target; separate targets by commas, quote programs: \"|program args\"");
  return bad(
      why, "has a target that is no address; write user, user@domain, \"|program\", /file or :include:/path");
}

/* ":include:" may have blanks after it, and quotes around the path. */
static enum target_got take_include(target_list *l, target *t, char const *s, size_t len, char const **why)
{
  s += 9;
  len -= 9;
  trim(&s, &len);
  if (!stralloc_cats(&l->text, ":include:"))
    return TARGET_NOMEM;
  if (!target_unquote(&l->text, s, len) && !stralloc_catb(&l->text, s, len))
    return TARGET_NOMEM;
  return judge_command(l, t, why);
}

static int is_include(char const *s, size_t len)
{
  return len >= 9 && !strncasecmp(s, ":include:", 9);
}

static enum target_got classify(target_list *l, target *t, char const *s, size_t len, char const **why)
{
  int quoted;
  l->text.len = 0;
  if (is_include(s, len))
    return take_include(l, t, s, len, why);
  if (*s == '\\')
    return take_user(l, t, s + 1, len - 1, why);
  if (*s == '|' && len > 1 && s[1] == '"' && stralloc_append(&l->text, '|') &&
      target_unquote(&l->text, s + 1, len - 1) == 1)
    return judge_command(l, t, why);
  l->text.len = 0;
  if (*s == '|' || *s == '/')
    return stralloc_catb(&l->text, s, len) ? judge_command(l, t, why) : TARGET_NOMEM;
  quoted = target_unquote(&l->text, s, len);
  if (quoted == -1)
    return TARGET_NOMEM;
  if (quoted && l->text.len && (*l->text.s == '|' || *l->text.s == '/'))
    return judge_command(l, t, why);
  if (quoted && is_include(l->text.s, l->text.len))
    return judge_command(l, t, why);
  if (quoted && l->text.len > 1 && *l->text.s == '\\') {
    char name[ADDRESS_LOCAL_MAX + 2];
    size_t n = l->text.len - 1;
    if (n > sizeof name)
      return bad(why, "has the name of a user that is too long");
    memcpy(name, l->text.s + 1, n);
    l->text.len = 0;
    return take_user(l, t, name, n, why);
  }
  l->text.len = 0;
  return take_address(l, t, s, len, why);
}

enum target_got target_next(target_list *l, target *t, char const **why)
{
  for (;;) {
    char const *s = l->s;
    int open;
    size_t len = target_span(l->s, l->len, ',', &open), used = len + (len < l->len);
    l->s += used;
    l->len -= used;
    if (open)
      return bad(why, "has a quote that is not closed; write the second \"");
    trim(&s, &len);
    if (len)
      return classify(l, t, s, len, why);
    if (!l->len)
      return TARGET_END;
  }
}
