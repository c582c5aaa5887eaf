/* reply - see reply.h. */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>
#include "smtpd/reply.h"

void reply_init(reply *r, int fd)
{
  r->fd = fd;
  r->utf8 = 0;
  r->broken = r->failed = 0;
  r->len = 0;
}

int reply_flush(reply *r)
{
  size_t at = 0;
  while (at < r->len && !r->broken) {
    ssize_t n = write(r->fd, r->s + at, r->len - at);
    if (n > 0)
      at += (size_t)n;
    else if (errno != EINTR)
      r->broken = r->failed = 1;
  }
  r->len = 0;
  return !r->broken;
}

static void clean(reply const *r, char *s, size_t len)
{
  for (size_t i = 0; i < len; i++)
    if ((unsigned char)s[i] < 32 || s[i] == 127)
      s[i] = ' ';
    else if ((unsigned char)s[i] > 127 && !r->utf8)
      s[i] = '?';
}

void reply_vline(reply *r, char const *fmt, va_list args)
{
  if (REPLY_SIZE - r->len < REPLY_LINE)
    (void)reply_flush(r);
  char *line = r->s + r->len;
  int n = vsnprintf(line, REPLY_LINE - 1, fmt, args);
  size_t len = n < 0 ? 0 : (size_t)n;
  if (len > REPLY_LINE - 2)
    len = REPLY_LINE - 2;
  clean(r, line, len);
  line[len++] = '\r';
  line[len++] = '\n';
  r->len += len;
}

void reply_line(reply *r, char const *fmt, ...)
{
  va_list args;
  va_start(args, fmt);
  reply_vline(r, fmt, args);
  va_end(args);
}

typedef struct reply_digits_s reply_digits;
struct reply_digits_s {
  unsigned int status;
  unsigned int temporary;
  unsigned int permanent;
};
/* RFC 5321 section 4.2.2: the digits that fit a status better than 451 and 554 */
static reply_digits const digits[] = {
    {STATUS_UNKNOWN_MAILBOX, 450, 550}, {STATUS_BAD_ADDRESS, 451, 501},
    {STATUS_BAD_SENDER, 451, 501},      {STATUS_MAILBOX_DISABLED, 450, 550},
    {STATUS_MAILBOX_FULL, 452, 552},    {STATUS_SYSTEM_FULL, 452, 554},
    {STATUS_TOO_BIG, 452, 552},         {STATUS_BAD_COMMAND, 451, 503},
    {STATUS_BAD_SYNTAX, 451, 550},      {STATUS_TOO_MANY_RECIPIENTS, 452, 554},
    {STATUS_BAD_ARGUMENTS, 451, 501},   {STATUS_NOT_SMTPUTF8, 451, 553},
    {STATUS_NO_REVERSE_DNS, 450, 550}};

unsigned int reply_code(result const *what)
{
  if (what->class == RESULT_OK)
    return 250;
  for (size_t i = 0; i < sizeof digits / sizeof *digits; i++)
    if (digits[i].status == what->status)
      return what->class == RESULT_TEMPORARY ? digits[i].temporary : digits[i].permanent;
  return what->class == RESULT_TEMPORARY ? 451 : 554;
}

void reply_result(reply *r, result const *what)
{
  char code[12];
  reply_line(r, "%u %s %s", reply_code(what), result_code(what, code), what->text);
}
