/* forward - the grammar: lines, in them things separated by commas; # begins a line that is a comment. What
   can't be understood makes the mail wait with the file and the line as the reason: a guess could lose it. */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <stdio.h>
#include "lib/address.h"
#include "lib/envelope.h"
#include "local/failure.h"
#include "local/forward.h"
#include "local/include.h"

static int is_space(char c)
{
  return c == ' ' || c == '\t' || c == '\r';
}

static void trim(char const **s, size_t *len)
{
  while (*len && is_space(**s))
    (*s)++, (*len)--;
  while (*len && is_space((*s)[*len - 1]))
    (*len)--;
}

static int wrong(result *r, char const *why, char const *s, size_t len)
{
  result_set(r, RESULT_TEMPORARY, STATUS_MISCONFIGURED, "%s: %.*s", why, (int)(len < 100 ? len : 100), s);
  return 0;
}

static int add(forward_reader *f, enum target_kind kind, char const *s, size_t len, result *r)
{
  if (f->addresses_only && kind != TARGET_ADDRESS && kind != TARGET_SELF)
    return wrong(r, "a file that others may write can name addresses only", s, len);
  if (targets_add(f->t, kind, s, len))
    return 1;
  if (errno == E2BIG)
    return wrong(r, "too many addresses, at", s, len);
  failure_set(r, errno, "keep", "an address");
  return 0;
}

/* 1: s is one quoted string and nothing else; *in: the quotes' inside, unescaped. */
static int unquote(char const *s, size_t len, stralloc *in)
{
  size_t i = 1;
  if (len < 2 || *s != '"')
    return 0;
  in->len = 0;
  for (; i < len && s[i] != '"'; i++) {
    if (s[i] == '\\' && i + 1 < len && (s[i + 1] == '"' || s[i + 1] == '\\'))
      i++;
    if (!stralloc_append(in, s[i]))
      return 0;
  }
  return i + 1 == len;
}

/* ---- what a thing is */

static int program(forward_reader *f, char const *s, size_t len, result *r)
{
  stralloc in = STRALLOC_ZERO;
  int ok;
  trim(&s, &len);
  if (unquote(s, len, &in)) { /* |"program arguments" */
    s = in.s;
    len = in.len;
  }
  ok = len ? add(f, TARGET_PROGRAM, s, len, r) : wrong(r, "a program is missing after", "|", 1);
  stralloc_free(&in);
  return ok;
}

/* home: s is relative to it. */
static int file(forward_reader *f, char const *home, char const *s, size_t len, result *r)
{
  char path[SELF_PATH_MAX];
  int n = snprintf(path, sizeof path, "%s%s%.*s", home, *home ? "/" : "",
                   (int)(len < sizeof path ? len : sizeof path), s);
  if (n < 0 || n >= (int)sizeof path)
    return wrong(r, "a path is too long", s, len);
  return add(f, path[n - 1] == '/' ? TARGET_MAILDIR : TARGET_FILE, path, (size_t)n, r);
}

static int is_name(forward_reader const *f, char const *s, size_t len)
{
  return f->me->kind == PROCESS_PLAIN && len == strlen(f->me->u.name) && !strncasecmp(s, f->me->u.name, len);
}

static int is_local(forward_reader const *f, char const *domain, size_t len)
{
  return control_has_domain(f->me->c, CONTROL_LOCALS, domain, len);
}

/* The user's own address, without an extension, is his mailbox: else a .forward could not keep a copy. */
static int address(forward_reader *f, char const *s, size_t len, result *r)
{
  stralloc sa = STRALLOC_ZERO;
  size_t at = address_domain(s, len);
  char const *me = control_line(f->me->c, CONTROL_ME);
  enum address_parsed judged = address_judge(s, len);
  int ok;
  if ((judged != ADDRESS_OK && judged != ADDRESS_UTF8) || len > ENVELOPE_ADDRESS_MAX)
    return wrong(r, "not an address", s, len);
  if (at == len) {
    if (is_name(f, s, len))
      return add(f, TARGET_SELF, "", 0, r);
    ok = stralloc_catb(&sa, s, len) && stralloc_append(&sa, '@') && stralloc_cats(&sa, me);
    if (ok)
      ok = add(f, TARGET_ADDRESS, sa.s, sa.len, r);
    else
      failure_set(r, ENOMEM, "keep", "an address");
    stralloc_free(&sa);
    return ok;
  }
  if (is_name(f, s, at - 1) && is_local(f, s + at, len - at))
    return add(f, TARGET_SELF, "", 0, r);
  return add(f, TARGET_ADDRESS, s, len, r);
}

/* "Name <a@b> (comment)" to "a@b": out gets what is outside comments, or what is in the brackets. 0:
 * unbalanced. */
static int strip(char const *s, size_t len, stralloc *out)
{
  unsigned int depth = 0;
  int in_quotes = 0;
  int in_brackets = 0;
  out->len = 0;
  for (size_t i = 0; i < len; i++) {
    char c = s[i];
    if (c == '\\' && i + 1 < len) {
      if (!depth && (!stralloc_append(out, c) || !stralloc_append(out, s[i + 1])))
        return 0;
      i++;
      continue;
    }
    if (c == '"' && !depth)
      in_quotes = !in_quotes;
    if (!in_quotes && (c == '(' || (c == ')' && depth))) {
      depth += c == '(' ? 1 : -1u;
      continue;
    }
    if (depth)
      continue;
    if (!in_quotes && c == '<' && !in_brackets) {
      out->len = 0;
      in_brackets = 1;
      continue;
    }
    if (!in_quotes && c == '>' && in_brackets)
      return 1;
    if (!stralloc_append(out, c))
      return 0;
  }
  return !depth && !in_quotes && !in_brackets;
}

static int mailbox(forward_reader *f, char const *s, size_t len, result *r)
{
  stralloc bare = STRALLOC_ZERO;
  int ok;
  if (*s == '\\' && len > 1) {
    s++; /* "\user": not the alias of that name, says sendmail; here aliases come first anyway */
    len--;
  }
  if (strip(s, len, &bare)) {
    char const *b = bare.s;
    size_t n = bare.len;
    trim(&b, &n);
    ok = n ? address(f, b, n, r) : 1; /* a comment alone */
  } else
    ok = wrong(r, "not an address", s, len);
  stralloc_free(&bare);
  return ok;
}

static char const include_word[] = ":include:";
#define INCLUDE_LEN (sizeof include_word - 1)

static int include(forward_reader *f, char const *s, size_t len, result *r)
{
  char path[SELF_PATH_MAX];
  trim(&s, &len);
  if (!len || len >= sizeof path)
    return wrong(r, "not a path", s, len);
  memcpy(path, s, len);
  path[len] = 0;
  return include_file(f, path, r);
}

int forward_item(forward_reader *f, char const *s, size_t len, result *r)
{
  trim(&s, &len);
  if (!len)
    return 1;
  if (memchr(s, 0, len) || memchr(s, '\n', len))
    return wrong(r, "a line holds an octet that can't be there", s, len);
  if (*s == '|')
    return program(f, s + 1, len - 1, r);
  if (*s == '/')
    return file(f, "", s, len, r);
  if (len > 1 && s[0] == '~' && s[1] == '/')
    return file(f, f->me->u.home, s + 2, len - 2, r);
  if (len >= INCLUDE_LEN && !strncasecmp(s, include_word, INCLUDE_LEN))
    return include(f, s + INCLUDE_LEN, len - INCLUDE_LEN, r);
  if (*s == ':')
    return wrong(r, "not understood", s, len);
  return mailbox(f, s, len, r);
}

/* ---- lines and commas */

/* The length of the next thing in a line: up to a comma outside quotes, brackets and (for addresses)
 * comments. */
static size_t item_length(char const *s, size_t len)
{
  int in_quotes = 0;
  unsigned int depth = 0;
  size_t i = 0;
  int is_address = !len || !strchr("|/~:\"", *s);
  for (; i < len; i++) {
    char c = s[i];
    if (c == '\\' && i + 1 < len)
      i++;
    else if (c == '"')
      in_quotes = !in_quotes;
    else if (in_quotes)
      continue;
    else if (is_address && c == '(')
      depth++;
    else if (is_address && c == ')' && depth)
      depth--;
    else if (c == ',' && !depth)
      break;
  }
  return i;
}

static int item(forward_reader *f, char const *s, size_t len, result *r)
{
  stralloc in = STRALLOC_ZERO;
  int ok;
  trim(&s, &len);
  /* "|program", "/file", ":include:...", "\user" with quotes around the whole */
  if (unquote(s, len, &in) && in.len && strchr("|/~:\\", *in.s))
    ok = forward_item(f, in.s, in.len, r);
  else
    ok = forward_item(f, s, len, r);
  stralloc_free(&in);
  return ok;
}

static int parse_line(forward_reader *f, char const *s, size_t len, result *r)
{
  trim(&s, &len);
  if (len && *s == '#')
    return 1;
  while (len) {
    size_t n;
    trim(&s, &len);
    n = item_length(s, len);
    if (!item(f, s, n, r))
      return 0;
    if (n < len)
      n++;
    s += n;
    len -= n;
  }
  return 1;
}

int forward_parse(forward_reader *f, char const *path, char const *s, size_t len, result *r)
{
  unsigned int number = 1;
  while (len) {
    char const *nl = memchr(s, '\n', len);
    size_t n = nl ? (size_t)(nl - s) : len;
    if (!f->depth)
      f->t->line = number;
    if (!parse_line(f, s, n, r)) {
      result why = *r;
      if (!f->is_placed) /* by a file that this one includes */
        result_set(r, why.class, why.status, "%s:%u: %s", path, number, why.text);
      f->is_placed = 1;
      return 0;
    }
    n += nl ? 1 : 0;
    s += n;
    len -= n;
    number++;
  }
  return 1;
}
