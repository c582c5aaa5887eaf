/* result - what came of a recipient: filled in, written, read. A text is always one line without control
   characters, so that no reply of another host can forge a log line, a header or a second record. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <skalibs/uint32.h>
#include "lib/result.h"

#define CODE_PART_MAX 999u /* RFC 3463 section 2: each part has at most three digits */

static void set_text(result *r, char const *s, size_t len)
{
  if (len > RESULT_TEXT - 1)
    len = RESULT_TEXT - 1;
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)s[i];
    r->text[i] = c < 32 || c == 127 ? ' ' : s[i];
  }
  while (len && r->text[len - 1] == ' ')
    len--;
  r->text[len] = 0;
}

void result_set(result *r, enum result_class class, unsigned int status, char const *fmt, ...)
{
  char text[RESULT_TEXT];
  va_list args;
  r->class = class;
  r->status = status;
  va_start(args, fmt);
  int n = vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  set_text(r, text, n < 0 ? 0 : strlen(text));
}

char const *result_code(result const *r, char s[12])
{
  snprintf(s, 12, "%c.%u.%u", r->class == RESULT_OK || r->class == RESULT_PERMANENT ? (char)r->class : '4',
           r->status / 1000 % (CODE_PART_MAX + 1), r->status % 1000);
  return s;
}

static int is_digit(char c)
{
  return c >= '0' && c <= '9';
}

/* One part of a code, up to three digits. Gives the octets taken, 0: none. */
static size_t scan_part(char const *s, size_t len, unsigned int *n)
{
  size_t i = 0;
  for (*n = 0; i < len && i < 3 && is_digit(s[i]); i++)
    *n = *n * 10 + (unsigned int)(s[i] - '0');
  return i < len && is_digit(s[i]) ? 0 : i;
}

/* "x.y.z" before a space or the end, of this class. 1: *status. */
static int scan_code(char const *s, size_t len, char class, unsigned int *status)
{
  unsigned int subject, detail;
  if (len < 5 || s[0] != class || s[1] != '.')
    return 0;
  size_t i = 2, n = scan_part(s + i, len - i, &subject);
  if (!n || i + n >= len || s[i + n] != '.')
    return 0;
  i += n + 1;
  n = scan_part(s + i, len - i, &detail);
  if (!n || (i + n < len && s[i + n] != ' ' && s[i + n] != '\r' && s[i + n] != '\n'))
    return 0;
  *status = subject * 1000 + detail;
  return 1;
}

void result_from_reply(result *r, char const *reply, size_t len)
{
  int sane = len >= 3 && is_digit(reply[0]) && is_digit(reply[1]) && is_digit(reply[2]) &&
             (len == 3 || reply[3] == ' ' || reply[3] == '-' || reply[3] == '\r' || reply[3] == '\n');
  r->class = RESULT_TEMPORARY;
  r->status = sane ? STATUS_NONE : STATUS_PROTOCOL;
  if (sane && (reply[0] == RESULT_OK || reply[0] == RESULT_PERMANENT))
    r->class = (enum result_class)reply[0];
  if (sane && len > 4)
    scan_code(reply + 4, len - 4, reply[0], &r->status);
  set_text(r, reply, len);
}

int result_pack(stralloc *out, result const *r)
{
  size_t len = strlen(r->text);
  if (!stralloc_readyplus(out, 5 + len))
    return 0;
  char *p = out->s + out->len;
  p[0] = (char)r->class;
  uint32_pack_big(p + 1, r->status);
  memcpy(p + 5, r->text, len);
  out->len += 5 + len;
  return 1;
}

int result_unpack(result *r, char const *s, size_t len)
{
  uint32_t status;
  if (len < 5 || len - 5 > RESULT_TEXT - 1)
    return (errno = EPROTO, 0);
  if (s[0] != RESULT_OK && s[0] != RESULT_TEMPORARY && s[0] != RESULT_PERMANENT)
    return (errno = EPROTO, 0);
  uint32_unpack_big(s + 1, &status);
  if (status > CODE_PART_MAX * 1000 + CODE_PART_MAX)
    return (errno = EPROTO, 0);
  r->class = (enum result_class)s[0];
  r->status = status;
  set_text(r, s + 5, len - 5);
  return 1;
}
