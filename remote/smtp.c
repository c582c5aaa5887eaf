/* smtp - the client's dialogue with one server: the greeting and what it offers. See smtp.h for what it
 * promises. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <skalibs/types.h>
#include "remote/reply.h"
#include "remote/smtp.h"

#define LIMIT_DIGITS 6u

static void offer_size(smtp *c, char const *arg, size_t len)
{
  char s[24];
  uint64_t n;
  c->offers |= SMTP_SIZE;
  if (!len || len >= sizeof s)
    return;
  memcpy(s, arg, len);
  s[len] = 0;
  if (uint640_scan(s, &n))
    c->size = n;
}

/* " RCPTMAX=20 MAILMAX=5": a limit of 1 to 6 digits, not 0 (RFC 9422 section 4); what is unknown is passed over. */
static void offer_limits(smtp *c, char const *arg, size_t len)
{
  struct {
    char const *name;
    unsigned int *value;
  } const known[] = {{"MAILMAX=", &c->mailmax}, {"RCPTMAX=", &c->rcptmax}, {"RCPTDOMAINMAX=", &c->domainmax}};
  size_t i, k, word;
  for (; len; arg += word + (word < len), len -= word + (word < len)) {
    for (word = 0; word < len && arg[word] != ' '; word++)
      ;
    for (i = 0; i < sizeof known / sizeof *known; i++) {
      size_t n = strlen(known[i].name);
      unsigned int value = 0;
      if (word <= n || word > n + LIMIT_DIGITS || strncasecmp(arg, known[i].name, n))
        continue;
      for (k = n; k < word && arg[k] >= '0' && arg[k] <= '9'; k++)
        value = value * 10 + (unsigned int)(arg[k] - '0');
      if (k == word && value)
        *known[i].value = value;
    }
  }
}

void smtp_offer(smtp *c, char const *line, size_t len)
{
  static struct {
    char const *name;
    unsigned int bit;
  } const known[] = {{"PIPELINING", SMTP_PIPELINING},
                     {"8BITMIME", SMTP_8BITMIME},
                     {"SMTPUTF8", SMTP_SMTPUTF8},
                     {"DSN", SMTP_DSN}};
  size_t word = 0, i;
  while (word < len && line[word] != ' ')
    word++;
  for (i = 0; i < sizeof known / sizeof *known; i++)
    if (word == strlen(known[i].name) && !strncasecmp(line, known[i].name, word))
      c->offers |= known[i].bit;
  if (word == 4 && !strncasecmp(line, "SIZE", 4))
    offer_size(c, line + word + (word < len), len - word - (word < len));
  if (word == 6 && !strncasecmp(line, "LIMITS", 6))
    offer_limits(c, line + word + (word < len), len - word - (word < len));
}

static void take_offer(void *data, char const *line, size_t len)
{
  smtp_offer(data, line, len);
}

static int trouble(smtp *c, result *r, char const *when)
{
  int e = errno;
  result_set(r, RESULT_TEMPORARY, e == EPROTO || e == ENOBUFS ? STATUS_PROTOCOL : STATUS_BAD_CONNECTION,
             "%s: %s", when, stream_problem(e));
  stream_close(&c->s);
  return 0;
}

/* A reply that came although nothing was asked would be taken for the answer to the next command. */
static int in_step(smtp *c)
{
  return !stream_leftover(&c->s) || (errno = EPROTO, 0);
}

static int greeted(smtp *c, unsigned int seconds, result *r)
{
  reply a;
  tain deadline;
  tain_now_g();
  tain_addsec_g(&deadline, (int)seconds);
  if (!reply_read(&a, &c->s, &deadline, 0, 0) || !in_step(c))
    return trouble(c, r, "no greeting");
  if (a.code / 100 == 2)
    return 1;
  result_from_reply(r, a.text, a.len);
  if (r->class == RESULT_PERMANENT && a.code != 521 && a.code != 556)
    result_set(r, RESULT_TEMPORARY, STATUS_NOT_ACCEPTING, "%s", a.text);
  else if (r->class == RESULT_PERMANENT && r->status == STATUS_NONE)
    r->status = STATUS_NOT_ACCEPTING;
  else if (r->class == RESULT_OK)
    r->class = RESULT_TEMPORARY;
  smtp_quit(c);
  return 0;
}

static int hello(smtp *c, char const *verb, char const *me, unsigned int seconds, reply *a)
{
  char s[300];
  size_t len = strlen(me);
  tain deadline;
  if (len > 255)
    return (errno = ENAMETOOLONG, 0);
  memcpy(s, verb, 4);
  s[4] = ' ';
  memcpy(s + 5, me, len);
  memcpy(s + 5 + len, "\r\n", 2);
  tain_now_g();
  tain_addsec_g(&deadline, (int)seconds);
  c->offers = 0;
  c->size = 0;
  c->mailmax = c->rcptmax = c->domainmax = 0;
  return stream_send(&c->s, s, len + 7, &deadline) &&
         reply_read(a, &c->s, &deadline, verb[0] == 'H' ? 0 : &take_offer, c) && in_step(c);
}

int smtp_open(smtp *c, char const *me, unsigned int seconds, result *r)
{
  reply a;
  c->dirty = 0;
  c->mails = 0;
  if (!greeted(c, seconds, r))
    return 0;
  if (!hello(c, c->lmtp ? "LHLO" : "EHLO", me, seconds, &a))
    return trouble(c, r, c->lmtp ? "no answer to LHLO" : "no answer to EHLO");
  if (!c->lmtp && a.code / 100 == 5 && a.code != 521 && !hello(c, "HELO", me, seconds, &a))
    return trouble(c, r, "no answer to HELO");
  if (a.code / 100 == 2)
    return 1;
  result_from_reply(r, a.text, a.len);
  if (r->class == RESULT_OK || c->lmtp)
    r->class = RESULT_TEMPORARY;
  smtp_quit(c);
  return 0;
}

void smtp_quit(smtp *c)
{
  if (c->s.fd < 0)
    return;
  (void)!send(c->s.fd, "QUIT\r\n", 6, MSG_NOSIGNAL | MSG_DONTWAIT);
  stream_close(&c->s);
}
