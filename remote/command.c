/* command - the lines of a transaction. See command.h for what it promises. */
#include <string.h>
#include <skalibs/types.h>
#include "remote/command.h"
#include "remote/smtp.h"

#define XTEXT_MAX 1000u /* octets of a DSN parameter that is passed on; RFC 3461 asks for 500 and 100 */

static void put(command_buffer *b, char const *s)
{
  size_t len = strlen(s);
  memcpy(b->s + b->len, s, len);
  b->len += len;
}

int command_path_is_safe(char const *address)
{
  unsigned char const *p = (unsigned char const *)address;
  int quoted = 0;
  if (strlen(address) > ENVELOPE_ADDRESS_MAX)
    return 0;
  for (; *p; p++) {
    if (*p < 32 || *p == 127)
      return 0;
    if (quoted && *p == '\\' && p[1] >= 32 && p[1] != 127)
      p++;
    else if (*p == '"')
      quoted = !quoted;
    else if (!quoted && strchr(" <>", *p))
      return 0;
  }
  return !quoted;
}

int command_is_8bit(char const *s)
{
  for (; *s; s++)
    if ((unsigned char)*s > 127)
      return 1;
  return 0;
}

/* A parameter as a client gave it: printable, without spaces, not too long. Else it is left out. */
static int is_xtext(char const *s)
{
  unsigned char const *p = (unsigned char const *)s;
  for (; *p; p++)
    if (*p <= 32 || *p >= 127)
      return 0;
  return p > (unsigned char const *)s && (size_t)(p - (unsigned char const *)s) <= XTEXT_MAX;
}

static void put_parameter(command_buffer *b, char const *name, char const *value)
{
  put(b, name);
  put(b, value);
}

void command_mail(command_buffer *b, envelope const *e, unsigned int offers, uint64_t size, int utf8)
{
  char number[UINT64_FMT];
  put(b, "MAIL FROM:<");
  put(b, envelope_string(e, e->sender));
  put(b, ">");
  if (offers & SMTP_SIZE && size) {
    number[uint64_fmt(number, size)] = 0;
    put_parameter(b, " SIZE=", number);
  }
  if (offers & SMTP_8BITMIME && (e->body == '8' || utf8))
    put(b, " BODY=8BITMIME");
  if (utf8)
    put(b, " SMTPUTF8");
  if (offers & SMTP_DSN && (e->ret == 'F' || e->ret == 'H'))
    put_parameter(b, " RET=", e->ret == 'F' ? "FULL" : "HDRS");
  if (offers & SMTP_DSN && is_xtext(envelope_string(e, e->envid)))
    put_parameter(b, " ENVID=", envelope_string(e, e->envid));
  put(b, "\r\n");
}

static void put_notify(command_buffer *b, unsigned int notify)
{
  static struct {
    unsigned int bit;
    char const *name;
  } const words[] = {{NOTIFY_SUCCESS, "SUCCESS"}, {NOTIFY_FAILURE, "FAILURE"}, {NOTIFY_DELAY, "DELAY"}};
  char const *before = " NOTIFY=";
  size_t i;
  if (notify & NOTIFY_NEVER)
    put(b, " NOTIFY=NEVER");
  else
    for (i = 0; i < sizeof words / sizeof *words; i++)
      if (notify & words[i].bit) {
        put_parameter(b, before, words[i].name);
        before = ",";
      }
}

void command_rcpt(command_buffer *b, envelope const *e, size_t rcpt, unsigned int offers)
{
  envelope_rcpt const *r = envelope_rcpts(e) + rcpt;
  put(b, "RCPT TO:<");
  put(b, envelope_string(e, r->address));
  put(b, ">");
  if (offers & SMTP_DSN) {
    put_notify(b, r->notify);
    if (is_xtext(envelope_string(e, r->orcpt)))
      put_parameter(b, " ORCPT=", envelope_string(e, r->orcpt));
  }
  put(b, "\r\n");
}

void command_plain(command_buffer *b, char const *line)
{
  put(b, line);
  put(b, "\r\n");
}
