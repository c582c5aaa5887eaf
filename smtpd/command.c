/* command - each line finds its row in one table; whatever finds none is told so and counted. */
#include <string.h>
#include <strings.h>
#include "lib/address.h"
#include "smtpd/command.h"
#include "smtpd/message.h"
#include "smtpd/transaction.h"

/* A client's name goes into a header and a log: a domain, an address literal, or what misconfigured hosts
   call themselves, but nothing that means something to a reader of either. */
static int is_host(char const *s, size_t len)
{
  for (size_t i = 0; i < len; i++)
    if (!strchr("-._:[]/", s[i]) && !(s[i] >= '0' && s[i] <= '9') && !(s[i] >= 'A' && s[i] <= 'Z') &&
        !(s[i] >= 'a' && s[i] <= 'z'))
      return 0;
  return len > 0 && len <= ADDRESS_DOMAIN_MAX;
}

/* 0: refused. A greeting also ends a transaction (RFC 5321 section 4.1.4). No enhanced codes here: RFC 2034
 * section 4. */
static int greet(session *s, char const *arg, size_t len, enum session_greeted how)
{
  if (!is_host(arg, len)) {
    session_fault(s, "501 %s needs the name of your host", how == GREETED_EHLO ? "EHLO" : "HELO");
    return 0;
  }
  if (!session_charge(s, SESSION_NOISE))
    return 0;
  transaction_reset(s);
  memcpy(s->helo, arg, len + 1);
  s->greeted = how;
  return 1;
}

static void helo(session *s, char *arg, size_t len)
{
  if (greet(s, arg, len, GREETED_HELO))
    reply_line(&s->out, "250 %s", policy_me(s->policy));
}

static void ehlo(session *s, char *arg, size_t len)
{
  if (!greet(s, arg, len, GREETED_EHLO))
    return;
  reply_line(&s->out, "250-%s", policy_me(s->policy));
  reply_line(&s->out, "250-PIPELINING");
  reply_line(&s->out, "250-SIZE %llu", (unsigned long long)policy_number(s->policy, CONTROL_DATABYTES));
  reply_line(&s->out, "250-8BITMIME");
  reply_line(&s->out, "250-SMTPUTF8");
  reply_line(&s->out, "250-ENHANCEDSTATUSCODES");
  reply_line(&s->out, "250-DSN");
  reply_line(&s->out, "250 HELP");
}

static void rset(session *s, char *arg, size_t len)
{
  (void)arg;
  if (len)
    session_fault(s, "501 5.5.4 RSET takes no argument");
  else if (session_charge(s, SESSION_NOISE)) {
    transaction_reset(s);
    reply_line(&s->out, "250 2.0.0 Ok");
  }
}

static void noop(session *s, char *arg, size_t len)
{
  (void)arg;
  (void)len;
  if (session_charge(s, SESSION_NOISE))
    reply_line(&s->out, "250 2.0.0 Ok");
}

/* RFC 5321 section 3.5.3: whether an address exists is told to who sends it mail. */
static void vrfy(session *s, char *arg, size_t len)
{
  (void)arg;
  if (!len)
    session_fault(s, "501 5.5.4 VRFY needs an address");
  else if (session_charge(s, SESSION_NOISE))
    reply_line(&s->out, "252 2.0.0 addresses are judged when mail is sent to them");
}

static void expn(session *s, char *arg, size_t len)
{
  (void)arg;
  (void)len;
  if (session_charge(s, SESSION_NOISE))
    reply_line(&s->out, "502 5.5.1 lists are not expanded here");
}

static void help(session *s, char *arg, size_t len)
{
  (void)arg;
  (void)len;
  if (session_charge(s, SESSION_NOISE))
    reply_line(&s->out, "214 2.0.0 EHLO HELO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT: see RFC 5321");
}

static void quit(session *s, char *arg, size_t len)
{
  (void)arg;
  (void)len;
  reply_line(&s->out, "221 2.0.0 %s closing", policy_me(s->policy));
  session_end(s, 0);
}

/* A browser or a script was pointed here: what follows must never be read as commands. */
static void not_smtp(session *s, char *arg, size_t len)
{
  (void)arg;
  (void)len;
  reply_line(&s->out, "554 5.5.1 this is SMTP, closing");
  session_end(s, "spoke HTTP");
  s->odd = 1;
}

typedef struct command_s command;
struct command_s {
  char name[8];
  void (*run)(session *s, char *arg, size_t len);
};
static command const table[] = {{"MAIL", &transaction_mail},
                                {"RCPT", &transaction_rcpt},
                                {"DATA", &message_data},
                                {"EHLO", &ehlo},
                                {"HELO", &helo},
                                {"QUIT", &quit},
                                {"RSET", &rset},
                                {"NOOP", &noop},
                                {"VRFY", &vrfy},
                                {"EXPN", &expn},
                                {"HELP", &help},
                                {"GET", &not_smtp},
                                {"POST", &not_smtp},
                                {"PUT", &not_smtp},
                                {"HEAD", &not_smtp},
                                {"OPTIONS", &not_smtp},
                                {"CONNECT", &not_smtp},
                                {"DELETE", &not_smtp},
                                {"PATCH", &not_smtp},
                                {"TRACE", &not_smtp},
                                {"Host:", &not_smtp}};

static int has_control(char const *s, size_t len)
{
  for (size_t i = 0; i < len; i++)
    if ((unsigned char)s[i] < 32 || s[i] == 127)
      return 1;
  return 0;
}

void command_run(session *s, char *line, size_t len)
{
  while (len && line[len - 1] == ' ')
    line[--len] = 0;
  if (has_control(line, len)) {
    session_fault(s, "500 5.5.2 control characters in a command");
    return;
  }
  size_t n = strcspn(line, " ");
  char *arg = line + n + strspn(line + n, " ");
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (strlen(table[i].name) == n && !strncasecmp(table[i].name, line, n)) {
      (*table[i].run)(s, arg, (size_t)(line + len - arg));
      return;
    }
  session_fault(s, "500 5.5.1 unknown command");
}
