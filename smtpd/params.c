/* params - one table: keyword, whose it is, whether it has a value, and the function that judges it. */
#include <string.h>
#include <strings.h>
#include "lib/envelope.h"
#include "smtpd/params.h"

enum command { OF_MAIL, OF_RCPT };

typedef struct value_s value;
struct value_s {
  char const *s;
  size_t len;
  int utf8;
};

static int is(char const *s, size_t len, char const *word)
{
  return strlen(word) == len && !strncasecmp(s, word, len);
}

static int is_word(char c) /* of a keyword, or of an address type */
{
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
}

static int hex(char c)
{
  return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* RFC 3461 section 4: what it stands for must be printable, so that nothing decoded ends a line later. */
static int is_xtext(char const *s, size_t len, int utf8)
{
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)s[i];
    if (c == '=' || c < 33 || c == 127 || (c > 127 && !utf8))
      return 0;
    if (c != '+')
      continue;
    if (len - i < 3 || hex(s[i + 1]) < 0 || hex(s[i + 2]) < 0)
      return 0;
    int decoded = 16 * hex(s[i + 1]) + hex(s[i + 2]);
    if (decoded < 32 || decoded == 127)
      return 0;
    i += 2;
  }
  return len > 0;
}

static int take_size(params *p, value const *v)
{
  if (!v->len || v->len > 20)
    return 0;
  for (size_t i = 0; i < v->len; i++) {
    unsigned int digit = (unsigned int)(v->s[i] - '0');
    if (digit > 9)
      return 0;
    p->size = p->size > (UINT64_MAX - digit) / 10 ? UINT64_MAX : 10 * p->size + digit;
  }
  return 1;
}

static int take_body(params *p, value const *v)
{
  p->body = is(v->s, v->len, "7BIT") ? '7' : is(v->s, v->len, "8BITMIME") ? '8' : 0;
  return p->body != 0;
}

static int take_smtputf8(params *p, value const *v)
{
  (void)v;
  p->smtputf8 = 1;
  return 1;
}

static int take_ret(params *p, value const *v)
{
  p->ret = is(v->s, v->len, "FULL") ? 'F' : is(v->s, v->len, "HDRS") ? 'H' : 0;
  return p->ret != 0;
}

static int take_envid(params *p, value const *v)
{
  p->envid = v->s;
  p->envid_len = v->len;
  return v->len <= PARAMS_ENVID_MAX && is_xtext(v->s, v->len, 0);
}

static int take_notify(params *p, value const *v)
{
  static char const *const words[] = {"NEVER", "SUCCESS", "FAILURE", "DELAY"};
  for (size_t at = 0; at <= v->len;) {
    char const *comma = memchr(v->s + at, ',', v->len - at);
    size_t n = comma ? (size_t)(comma - v->s) - at : v->len - at;
    unsigned int i = 0;
    while (i < 4 && !is(v->s + at, n, words[i]))
      i++;
    if (i == 4)
      return 0;
    p->notify |= (unsigned char)(1u << i);
    at += n + 1;
  }
  return !(p->notify & NOTIFY_NEVER) || p->notify == NOTIFY_NEVER;
}

/* RFC 3461 section 4.2: addr-type ";" xtext */
static int take_orcpt(params *p, value const *v)
{
  char const *semicolon = memchr(v->s, ';', v->len);
  size_t type = semicolon ? (size_t)(semicolon - v->s) : 0;
  p->orcpt = v->s;
  p->orcpt_len = v->len;
  for (size_t i = 0; i < type; i++)
    if (!is_word(v->s[i]))
      return 0;
  return type && v->len <= PARAMS_ORCPT_MAX && is_xtext(semicolon + 1, v->len - type - 1, v->utf8);
}

typedef struct parameter_s parameter;
struct parameter_s {
  char const *keyword;
  enum command of;
  int has_value;
  int (*take)(params *p, value const *v);
};
static parameter const table[] = {
    {"SIZE", OF_MAIL, 1, &take_size},     {"BODY", OF_MAIL, 1, &take_body},
    {"RET", OF_MAIL, 1, &take_ret},       {"ENVID", OF_MAIL, 1, &take_envid},
    {"NOTIFY", OF_RCPT, 1, &take_notify}, {"SMTPUTF8", OF_MAIL, 0, &take_smtputf8},
    {"ORCPT", OF_RCPT, 1, &take_orcpt}};
#define TABLE (sizeof table / sizeof *table)

static int is_keyword(char const *s, size_t len)
{
  for (size_t i = 0; i < len; i++)
    if (!is_word(s[i]))
      return 0;
  return len > 0 && s[0] != '-';
}

/* One parameter: KEYWORD or KEYWORD=VALUE (RFC 5321 section 4.1.2, esmtp-param). */
static enum params_judged take(params *p, enum command of, char const *s, size_t len, int utf8)
{
  char const *equals = memchr(s, '=', len);
  size_t n = equals ? (size_t)(equals - s) : len;
  value v = {.s = s + n + !!equals, .len = len - n - !!equals, .utf8 = utf8};
  unsigned int i = 0;
  if (!is_keyword(s, n))
    return PARAMS_SYNTAX;
  while (i < TABLE && (table[i].of != of || !is(s, n, table[i].keyword)))
    i++;
  if (i == TABLE)
    return PARAMS_UNKNOWN;
  if (p->seen & (1u << i) || !!equals != table[i].has_value)
    return PARAMS_SYNTAX;
  p->seen |= 1u << i;
  return (*table[i].take)(p, &v) ? PARAMS_OK : PARAMS_SYNTAX;
}

static enum params_judged judge(params *p, enum command of, char const *s, size_t len, int utf8)
{
  for (size_t i = 0; i < len;) {
    size_t start = i;
    while (i < len && s[i] == ' ')
      i++;
    if (i == start) { /* nothing separates it from what is before */
      p->culprit = s + i;
      p->culprit_len = len - i;
      return PARAMS_SYNTAX;
    }
    char const *space = memchr(s + i, ' ', len - i);
    size_t n = space ? (size_t)(space - s) - i : len - i;
    enum params_judged judged = n ? take(p, of, s + i, n, utf8) : PARAMS_OK;
    if (judged != PARAMS_OK) {
      p->culprit = s + i;
      p->culprit_len = n;
      return judged;
    }
    i += n;
  }
  return PARAMS_OK;
}

enum params_judged params_mail(params *p, char const *s, size_t len)
{
  return judge(p, OF_MAIL, s, len, 0);
}

enum params_judged params_rcpt(params *p, char const *s, size_t len, int utf8)
{
  return judge(p, OF_RCPT, s, len, utf8);
}
