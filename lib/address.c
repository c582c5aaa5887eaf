/* address - reading a mailbox once, from left to right, by the grammar of RFC 5321 section 4.1.2 with RFC
   6531's octets. Two things that the world writes are taken beyond it: dots anywhere in an unquoted local
   part ("a..b.@d") and underscores in domains. Control characters are never taken, not even quoted. */
#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <strings.h>
#include "lib/address.h"
#include "lib/utf8.h"

#define LABEL_MAX 63u /* RFC 1035 section 2.3.4 */

static int is_alnum(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static int is_atext(char c) /* RFC 5322 section 3.2.3, and octets above 127 */
{
  return is_alnum(c) || (unsigned char)c > 127 || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* The local part at the start of s: its length as written, 0 if there is none. */
static size_t scan_local(char const *s, size_t len)
{
  size_t i = 0;
  if (!len || s[0] != '"') {
    while (i < len && (is_atext(s[i]) || s[i] == '.'))
      i++;
    return i;
  }
  for (i = 1; i < len && s[i] != '"'; i++) {
    if (s[i] == '\\' && ++i == len)
      return 0;
    if ((unsigned char)s[i] < 32 || s[i] == 127)
      return 0;
  }
  return i < len && i > 1 ? i + 1 : 0;
}

static size_t scan_domain(char const *s, size_t len)
{
  size_t i = 0;
  if (len && s[0] == '[') {
    char const *end = memchr(s, ']', len);
    return end ? (size_t)(end - s) + 1 : 0;
  }
  while (i < len &&
         (is_alnum(s[i]) || s[i] == '-' || s[i] == '.' || s[i] == '_' || (unsigned char)s[i] > 127))
    i++;
  return i;
}

static int is_literal(char const *s, size_t len) /* without the brackets */
{
  char text[INET6_ADDRSTRLEN];
  char bytes[16];
  int family = AF_INET;
  if (len > 5 && !strncasecmp(s, "IPv6:", 5)) {
    family = AF_INET6;
    s += 5;
    len -= 5;
  }
  if (len >= sizeof text || memchr(s, 0, len))
    return 0;
  memcpy(text, s, len);
  text[len] = 0;
  return inet_pton(family, text, bytes) == 1;
}

int address_is_domain(char const *s, size_t len)
{
  size_t label = 0;
  if (!len || len > ADDRESS_DOMAIN_MAX || scan_domain(s, len) != len)
    return 0;
  if (s[0] == '[')
    return is_literal(s + 1, len - 2);
  for (size_t i = 0; i < len; i++) {
    if (s[i] != '.') {
      if ((s[i] == '-' && (!label || i + 1 == len || s[i + 1] == '.')) || ++label > LABEL_MAX)
        return 0;
      continue;
    }
    if (!label)
      return 0;
    label = 0;
  }
  return label > 0;
}

/* What is above 127 must be UTF-8, and must not turn the text around or control a terminal. */
static enum address_parsed judge_octets(char const *s, size_t len)
{
  enum address_parsed parsed = ADDRESS_OK;
  for (size_t i = 0; i < len;) {
    uint32_t u;
    size_t n = utf8_next(s + i, len - i, &u);
    if (!n || (u >= 0x80 && u < 0xa0) || (u >= 0x202a && u <= 0x202e) || (u >= 0x2066 && u <= 0x2069))
      return ADDRESS_SYNTAX;
    if (u > 127)
      parsed = ADDRESS_UTF8;
    i += n;
  }
  return parsed;
}

/* A mailbox at the start of s; *used is its length. */
static enum address_parsed scan_mailbox(char const *s, size_t len, size_t *used)
{
  size_t local = scan_local(s, len), domain = 0;
  if (!local)
    return ADDRESS_SYNTAX;
  *used = local;
  if (local < len && s[local] == '@') {
    domain = scan_domain(s + local + 1, len - local - 1);
    *used = local + 1 + domain;
    if (domain > ADDRESS_DOMAIN_MAX)
      return ADDRESS_TOOLONG;
    if (!address_is_domain(s + local + 1, domain))
      return ADDRESS_SYNTAX;
  }
  return local > ADDRESS_LOCAL_MAX ? ADDRESS_TOOLONG : judge_octets(s, *used);
}

/* RFC 5321 section 4.1.2 and appendix C: "@one,@two:" is read and forgotten. Gives its length; len + 1 if
 * broken. */
static size_t scan_route(char const *s, size_t len)
{
  size_t i = 0;
  while (i < len && s[i] == '@') {
    size_t n = scan_domain(s + i + 1, len - i - 1);
    if (!address_is_domain(s + i + 1, n))
      return len + 1;
    i += 1 + n;
    if (i < len && s[i] == ':')
      return i + 1;
    if (i >= len || s[i] != ',')
      return len + 1;
    i++;
  }
  return i ? len + 1 : 0;
}

enum address_parsed address_path(char const *s, size_t len, stralloc *out, size_t *used)
{
  size_t i = 0, n = 0;
  int bracket = len && s[0] == '<';
  out->len = 0;
  *used = 0;
  i += (size_t)bracket;
  if (i < len && bracket && s[i] == '>')
    return (*used = 2, ADDRESS_EMPTY);
  size_t route = scan_route(s + i, len - i);
  if (route > len - i)
    return ADDRESS_SYNTAX;
  i += route;
  enum address_parsed parsed = scan_mailbox(s + i, len - i, &n);
  if (parsed != ADDRESS_OK && parsed != ADDRESS_UTF8)
    return parsed;
  size_t end = i + n;
  if (bracket ? end >= len || s[end] != '>' : end < len && s[end] != ' ' && s[end] != '\t')
    return ADDRESS_SYNTAX;
  if (!stralloc_copyb(out, s + i, n))
    return ADDRESS_NOMEM;
  *used = end + (size_t)bracket;
  return parsed;
}

enum address_parsed address_judge(char const *s, size_t len)
{
  size_t used = 0;
  if (!len)
    return ADDRESS_EMPTY;
  enum address_parsed parsed = scan_mailbox(s, len, &used);
  if ((parsed == ADDRESS_OK || parsed == ADDRESS_UTF8) && used != len)
    return ADDRESS_SYNTAX;
  return parsed;
}

size_t address_domain(char const *s, size_t len)
{
  size_t at = len;
  int quoted = 0;
  for (size_t i = 0; i < len; i++) {
    if (quoted && s[i] == '\\')
      i++;
    else if (s[i] == '"')
      quoted = !quoted;
    else if (s[i] == '@' && !quoted)
      at = i + 1;
  }
  return at;
}

int address_unquote(char const *local, size_t len, stralloc *out)
{
  if (!len || local[0] != '"')
    return stralloc_catb(out, local, len);
  if (!stralloc_readyplus(out, len))
    return 0;
  for (size_t i = 0; i < len; i++) {
    if (local[i] == '"')
      continue;
    if (local[i] == '\\' && i + 1 < len)
      i++;
    out->s[out->len++] = local[i];
  }
  return 1;
}

static int is_dot_atom(char const *s, size_t len)
{
  for (size_t i = 0; i < len; i++)
    if (!is_atext(s[i]) && (s[i] != '.' || !i || i + 1 == len || s[i - 1] == '.'))
      return 0;
  return len > 0;
}

int address_quote(char const *raw, size_t len, stralloc *out)
{
  if (is_dot_atom(raw, len))
    return stralloc_catb(out, raw, len);
  if (!stralloc_readyplus(out, 2 * len + 2))
    return 0;
  out->s[out->len++] = '"';
  for (size_t i = 0; i < len; i++) {
    if (raw[i] == '"' || raw[i] == '\\')
      out->s[out->len++] = '\\';
    out->s[out->len++] = raw[i];
  }
  out->s[out->len++] = '"';
  return 1;
}

int address_same(char const *a, size_t alen, char const *b, size_t blen)
{
  size_t at = address_domain(a, alen);
  return alen == blen && at == address_domain(b, blen) && !memcmp(a, b, at) &&
         !strncasecmp(a + at, b + at, alen - at);
}
