/* reply - what an SMTP server answers. See reply.h for what it promises. */
#include <errno.h>
#include <string.h>
#include "lib/utf8.h"
#include "remote/reply.h"

static int is_digit(char c)
{
  return c >= '0' && c <= '9';
}

int reply_judge(char const *line, size_t len, unsigned int *code)
{
  if (len < 3 || line[0] < '2' || line[0] > '5' || !is_digit(line[1]) || !is_digit(line[2]))
    return 0;
  *code = (unsigned int)(line[0] - '0') * 100 + (unsigned int)(line[1] - '0') * 10 +
          (unsigned int)(line[2] - '0');
  if (len == 3 || line[3] == ' ')
    return 1;
  return line[3] == '-' ? 2 : 0;
}

/* How long is the enhanced status code "x.y.z " at the start? It stands in every line and is kept once. */
static size_t status_length(char const *s, size_t len)
{
  size_t i = 0;
  unsigned int part;
  for (part = 0; part < 3; part++) {
    size_t start = i;
    while (i < len && i < start + 3 && is_digit(s[i]))
      i++;
    if (i == start || (part < 2 && (i == len || s[i++] != '.')))
      return 0;
  }
  return i < len && s[i] == ' ' ? i + 1 : i == len ? i : 0;
}

/* What may stand in a log, a report and on a terminal: no control characters, neither ASCII's nor those that follow it
   (U+0080 to U+009F, which a terminal obeys as well), no mark that turns the direction of what comes after it, and nothing
   that is not UTF-8. */
static int is_kept(uint32_t c)
{
  return c >= 32 && (c < 127 || c > 0x9f) && (c < 0x202a || c > 0x202e) && (c < 0x2066 || c > 0x2069);
}

static void keep(reply *r, char const *s, size_t len)
{
  size_t n;
  for (; len; s += n, len -= n) {
    uint32_t c = 0;
    int clean;
    n = utf8_next(s, len, &c);
    clean = n && is_kept(c);
    n = n ? n : 1;
    if (r->len + n > REPLY_TEXT - 1)
      break;
    memcpy(r->text + r->len, clean ? s : " ", clean ? n : 1);
    r->len += clean ? n : 1;
  }
  r->text[r->len] = 0;
}

static void add(reply *r, char const *line, size_t len)
{
  if (!r->len) {
    keep(r, line, 3);
    if (len > 4) {
      keep(r, " ", 1);
      keep(r, line + 4, len - 4);
    }
  } else if (len > 4) {
    size_t status = status_length(line + 4, len - 4);
    if (status && (r->len < 4 + status || memcmp(r->text + 4, line + 4, status)))
      status = 0;
    keep(r, " ", 1);
    keep(r, line + 4 + status, len - 4 - status);
  }
}

int reply_read(reply *r, stream *s, tain const *deadline,
               void (*line)(void *data, char const *text, size_t len), void *data)
{
  size_t total = 0;
  r->code = 0;
  r->len = 0;
  r->text[0] = 0;
  for (;;) {
    char *text;
    size_t len;
    unsigned int code;
    int kind;
    if (!stream_line(s, &text, &len, deadline))
      return 0;
    kind = reply_judge(text, len, &code);
    total += len + 2;
    if (!kind || (r->code && code != r->code) || total > REPLY_MAX)
      return (errno = EPROTO, 0);
    r->code = code;
    add(r, text, len);
    if (line)
      line(data, len > 4 ? text + 4 : "", len > 4 ? len - 4 : 0);
    if (kind == 1)
      return 1;
  }
}
