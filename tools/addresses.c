/* addresses - a lexer that skips white space and comments, and a parser that reads tokens up to a mailbox's
   end and then looks at what they are. */
#include <string.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include "lib/address.h"
#include "tools/addresses.h"

enum token_type {
  END,
  ATOM,
  QUOTED,
  LITERAL,
  DOT = '.',
  AT = '@',
  COMMA = ',',
  SEMICOLON = ';',
  COLON = ':',
  OPEN = '<',
  CLOSE = '>',
  BAD = 256
};

typedef struct token_s token;
struct token_s {
  enum token_type type;
  size_t start, end; /* in the text */
};

typedef struct parser_s parser;
struct parser_s {
  char const *s;
  size_t len, at;
  genalloc words; /* token: of the mailbox that is being read */
  stralloc address;
  stralloc raw;
  int (*found)(void *data, addresses_found const *a);
  void *data;
};

static int is_atom(char c)
{
  return (unsigned char)c > 127 || ((unsigned char)c > 32 && c != 127 && !strchr("()<>[]:;@\\,.\"", c));
}

static int is_white(char c)
{
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Past a comment; comments nest. 0: it has no end. */
static int skip_comment(parser *p)
{
  size_t depth = 0;
  while (p->at < p->len) {
    char c = p->s[p->at++];
    if (c == '\\')
      p->at++;
    depth += c == '(';
    if (c == ')' && !--depth)
      return 1;
  }
  return 0;
}

/* Past a quoted string or a literal, up to its closing character. 0: it has no end. */
static int skip_string(parser *p, char close)
{
  for (p->at++; p->at < p->len; p->at++) {
    if (p->s[p->at] == close)
      return p->at++, 1;
    p->at += p->s[p->at] == '\\';
  }
  return 0;
}

static int skip_space(parser *p)
{
  while (p->at < p->len)
    if (is_white(p->s[p->at]))
      p->at++;
    else if (p->s[p->at] != '(')
      return 1;
    else if (!skip_comment(p))
      return 0;
  return 1;
}

static token next(parser *p)
{
  token t = {.type = skip_space(p) ? END : BAD, .start = p->at};
  if (t.type == BAD || p->at >= p->len)
    return t;
  char c = p->s[p->at];
  if (c == '"')
    t.type = skip_string(p, '"') ? QUOTED : BAD;
  else if (c == '[')
    t.type = skip_string(p, ']') ? LITERAL : BAD;
  else if (is_atom(c)) {
    t.type = ATOM;
    while (p->at < p->len && is_atom(p->s[p->at]))
      p->at++;
  } else {
    t.type = c && strchr(".@,;:<>", c) ? (enum token_type)c : BAD;
    p->at++;
  }
  t.end = p->at;
  return t;
}

/* The local part in raw octets, and whether it can be written as it stands. -1: no memory; 0: these are no
 * words. */
static int read_local(parser *p, token const *t, size_t n, int *plain)
{
  p->raw.len = 0;
  *plain = 1;
  for (size_t i = 0; i < n; i++) {
    size_t len = t[i].end - t[i].start;
    if (i && t[i].type != DOT && t[i - 1].type != DOT) {
      *plain = 0;
      if (!stralloc_catb(&p->raw, " ", 1))
        return -1;
    }
    if (t[i].type == QUOTED) {
      *plain = 0;
      if (!address_unquote(p->s + t[i].start, len, &p->raw))
        return -1;
    } else if (t[i].type != ATOM && t[i].type != DOT)
      return 0;
    else if (!stralloc_catb(&p->raw, p->s + t[i].start, len))
      return -1;
  }
  size_t kept = 0; /* a folded quoted string holds line breaks, which mean nothing */
  for (size_t i = 0; i < p->raw.len; i++)
    if (p->raw.s[i] != '\r' && p->raw.s[i] != '\n')
      p->raw.s[kept++] = p->raw.s[i];
  p->raw.len = kept;
  return n > 0;
}

/* The domain's tokens, which follow the @, appended to the address. The same returns. */
static int read_domain(parser *p, token const *t, size_t n)
{
  if (n > 1 && t[n - 1].type == DOT) /* "host.example." */
    n--;
  for (size_t i = 0; i < n; i++) {
    if (t[i].type != (i % 2 ? DOT : ATOM) && !(n == 1 && t[i].type == LITERAL))
      return 0;
    if (!stralloc_catb(&p->address, p->s + t[i].start, t[i].end - t[i].start))
      return -1;
  }
  return n % 2 == 1;
}

static enum addresses_parsed evaluate(parser *p, token const *t, size_t n)
{
  size_t local = 0;
  int plain;
  while (local < n && t[local].type != AT)
    local++;
  int r = read_local(p, t, local, &plain);
  if (r > 0) {
    p->address.len = 0;
    r = plain ? (stralloc_copy(&p->address, &p->raw) ? 1 : -1)
              : (address_quote(p->raw.s, p->raw.len, &p->address) ? 1 : -1);
  }
  if (r > 0 && local < n)
    r = stralloc_catb(&p->address, "@", 1) ? read_domain(p, t + local + 1, n - local - 1) : -1;
  if (r <= 0)
    return r ? ADDRESSES_STOPPED : ADDRESSES_SYNTAX;
  addresses_found a = {.s = p->address.s, .len = p->address.len, .complete = local < n};
  if (!a.complete && (plain || n == 1))
    a.insert = t[n - 1].end;
  return (*p->found)(p->data, &a) ? ADDRESSES_OK : ADDRESSES_STOPPED;
}

/* What stands in <>, with a source route in front or not. */
static enum addresses_parsed parse_angle(parser *p)
{
  genalloc_setlen(token, &p->words, 0);
  for (;;) {
    token t = next(p);
    token *words = genalloc_s(token, &p->words);
    size_t n = genalloc_len(token, &p->words);
    if (t.type == CLOSE)
      return n ? evaluate(p, words, n) : ADDRESSES_OK;
    if ((t.type == COLON || t.type == COMMA) && n && words->type == AT) { /* a route: forget it */
      genalloc_setlen(token, &p->words, 0);
      continue;
    }
    if (t.type == END || t.type == BAD || t.type == COMMA || t.type == SEMICOLON || t.type == COLON ||
        t.type == OPEN)
      return ADDRESSES_SYNTAX;
    if (!genalloc_append(token, &p->words, &t))
      return ADDRESSES_STOPPED;
  }
}

static enum addresses_parsed parse_list(parser *p)
{
  int in_group = 0, after_angle = 0;
  for (;;) {
    token t = next(p);
    size_t n = genalloc_len(token, &p->words);
    enum addresses_parsed parsed = ADDRESSES_OK;
    switch (t.type) {
    case BAD:
    case CLOSE: return ADDRESSES_SYNTAX;
    case COLON: /* a group's name ends */
      if (in_group || !n || after_angle)
        return ADDRESSES_SYNTAX;
      in_group = 1;
      genalloc_setlen(token, &p->words, 0);
      continue;
    case OPEN:
      parsed = parse_angle(p);
      genalloc_setlen(token, &p->words, 0);
      after_angle = 1;
      break;
    case END:
    case COMMA:
    case SEMICOLON:
      if (n)
        parsed = after_angle ? ADDRESSES_SYNTAX : evaluate(p, genalloc_s(token, &p->words), n);
      genalloc_setlen(token, &p->words, 0);
      after_angle = 0;
      in_group &= t.type != SEMICOLON;
      if (t.type == END)
        return parsed;
      break;
    default:
      if (!genalloc_append(token, &p->words, &t))
        return ADDRESSES_STOPPED;
    }
    if (parsed != ADDRESSES_OK)
      return parsed;
  }
}

enum addresses_parsed addresses_parse(char const *s, size_t len,
                                      int (*f)(void *data, addresses_found const *a), void *data)
{
  parser p = {.s = s, .len = len, .found = f, .data = data};
  enum addresses_parsed parsed = parse_list(&p);
  genalloc_free(token, &p.words);
  stralloc_free(&p.address);
  stralloc_free(&p.raw);
  return parsed;
}
