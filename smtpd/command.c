/* command - each line finds its row in one table; whatever finds none is told so and counted. */
#include <string.h>
#include <strings.h>
#include "lib/address.h"
#include "smtpd/chunk.h"
#include "smtpd/command.h"
#include "smtpd/message.h"
#include "smtpd/transaction.h"
#include "smtpd/xclient.h"

/* A client's name goes into a header and a log: a domain, an address literal, or what misconfigured hosts
   call themselves, but nothing that means something to a reader of either. */
int command_is_host(char const *s, size_t len)
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
  if (!command_is_host(arg, len)) {
    session_fault(s, "501 %s needs the name of your host", how == GREETED_EHLO ? "EHLO" : "HELO");
    return 0;
  }
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
  policy const *p = s->policy;
  if (!greet(s, arg, len, GREETED_EHLO))
    return;
  reply_line(&s->out, "250-%s", policy_me(p));
  reply_line(&s->out, "250-PIPELINING");
  reply_line(&s->out, "250-SIZE %llu", (unsigned long long)policy_number(p, CONTROL_DATABYTES));
  reply_line(&s->out, "250-8BITMIME");
  reply_line(&s->out, "250-SMTPUTF8");
  reply_line(&s->out, "250-ENHANCEDSTATUSCODES");
  reply_line(&s->out, "250-DSN");
  reply_line(&s->out, "250-CHUNKING");
  reply_line(&s->out, "250-LIMITS RCPTMAX=%llu", (unsigned long long)policy_number(p, CONTROL_MAXRECIPIENTS));
  if (s->rights.xclient)
    reply_line(&s->out, "250-" XCLIENT_OFFER);
  reply_line(&s->out, "250 HELP");
}

static void rset(session *s, char *arg, size_t len)
{
  (void)arg;
  (void)len;
  transaction_reset(s);
  reply_line(&s->out, "250 2.0.0 Ok");
}

static void noop(session *s, char *arg, size_t len)
{
  (void)arg;
  (void)len;
  reply_line(&s->out, "250 2.0.0 Ok");
}

/* RFC 5321 section 3.5.3: whether an address exists is told to who sends it mail. */
static void vrfy(session *s, char *arg, size_t len)
{
  (void)arg;
  (void)len;
  reply_line(&s->out, "252 2.0.0 addresses are judged when mail is sent to them");
}

static void expn(session *s, char *arg, size_t len)
{
  (void)arg;
  (void)len;
  reply_line(&s->out, "502 5.5.1 lists are not expanded here");
}

/* RFC 1985: the queue is not for strangers to run. */
static void etrn(session *s, char *arg, size_t len)
{
  (void)arg;
  (void)len;
  reply_line(&s->out, "502 5.5.1 the queue runs by itself");
}

static void help(session *s, char *arg, size_t len)
{
  (void)arg;
  (void)len;
  reply_line(&s->out, "214 2.0.0 EHLO HELO MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT: see RFC 5321");
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
  session_break(s, "554 5.5.1 this is SMTP", "spoke another protocol");
}

enum command_rule {
  GREETED = 1, /* after EHLO or HELO */
  OPEN = 2,    /* in a transaction */
  CLOSED = 4,  /* in none */
  BARE = 8,    /* takes no argument */
  WITH = 16,   /* needs one */
  LAST = 32    /* ends a group: nothing may stand behind it yet (RFC 2920 section 3.1) */
};

typedef struct command_s command;
struct command_s {
  char name[12];
  unsigned char rules;
  unsigned char cost; /* points, of SESSION_PATIENCE */
  void (*run)(session *s, char *arg, size_t len);
};
static command const table[] = {
    {"MAIL", GREETED | CLOSED, 0, &transaction_mail},
    {"RCPT", GREETED | OPEN, 0, &transaction_rcpt},
    {"DATA", GREETED | OPEN | BARE | LAST, 0, &message_data},
    {"BDAT", 0, 0, &chunk_bdat}, /* whatever is wrong, its octets must be taken first */
    {"EHLO", LAST, SESSION_NOISE, &ehlo},
    {"HELO", LAST, SESSION_NOISE, &helo},
    {"QUIT", 0, 0, &quit},
    {"RSET", BARE, SESSION_NOISE, &rset},
    {"NOOP", 0, SESSION_NOISE, &noop},
    {"VRFY", WITH, SESSION_NOISE, &vrfy},
    {"EXPN", 0, SESSION_NOISE, &expn},
    {"HELP", 0, SESSION_NOISE, &help},
    {"ETRN", 0, SESSION_NOISE, &etrn},
    {"XCLIENT", CLOSED | WITH | LAST, SESSION_NOISE, &xclient_run},
    {"GET", 0, 0, &not_smtp},
    {"POST", 0, 0, &not_smtp},
    {"PUT", 0, 0, &not_smtp},
    {"HEAD", 0, 0, &not_smtp},
    {"OPTIONS", 0, 0, &not_smtp},
    {"CONNECT", 0, 0, &not_smtp},
    {"DELETE", 0, 0, &not_smtp},
    {"PATCH", 0, 0, &not_smtp},
    {"TRACE", 0, 0, &not_smtp},
    {"PRI", 0, 0, &not_smtp},
    {"INVITE", 0, 0, &not_smtp},
    {"REGISTER", 0, 0, &not_smtp},
    {"Host:", 0, 0, &not_smtp},
    {"User-Agent:", 0, 0, &not_smtp}};

/* Whether the row's rules are kept; says what is not. */
static int is_in_order(session *s, command const *c, size_t len)
{
  if (c->rules & GREETED && s->greeted == GREETED_NOT && !s->local)
    session_fault(s, "503 5.5.1 say EHLO or HELO first");
  else if (c->rules & CLOSED && s->mail)
    session_fault(s, "503 5.5.1 a transaction is open: RCPT, DATA or RSET");
  else if (c->rules & OPEN && !s->mail)
    session_fault(s, "503 5.5.1 say MAIL first");
  else if (c->rules & BARE && len)
    session_fault(s, "501 5.5.4 %s takes no argument", c->name);
  else if (c->rules & WITH && !len)
    session_fault(s, "501 5.5.4 %s needs an argument", c->name);
  else
    return !c->cost || session_charge(s, c->cost);
  return 0;
}

/* Text behind what must be answered first: it smuggles commands past somebody, or never listens. Clients that are
   known are answered in order. */
int command_is_early(session const *s)
{
  return s->greeted != GREETED_EHLO && s->in.head != s->in.tail && !s->rights.trusted && !s->rights.welcome;
}

/* Behind QUIT it does not matter; behind BDAT stand its octets. */
static int is_early(session const *s, command const *c)
{
  if (c->rules & LAST)
    return s->in.head != s->in.tail && !s->rights.trusted && !s->rights.welcome;
  return c->run != &quit && c->run != &chunk_bdat && command_is_early(s);
}

void command_break(session *s)
{
  session_break(s, "554 5.5.0 text before its turn", "spoke before its turn");
}

static void run(session *s, command const *c, char *arg, size_t len)
{
  if (is_early(s, c))
    command_break(s);
  else if (is_in_order(s, c, len))
    (*c->run)(s, arg, len);
}

static int has_control(char const *s, size_t len)
{
  for (size_t i = 0; i < len; i++)
    if ((unsigned char)s[i] < 32 || s[i] == 127)
      return 1;
  return 0;
}

static int is_letter(char c)
{
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* The first octets of a client: TLS, SSH and others that do not even begin like a command. */
static int is_foreign(session const *s, char const *line, size_t len)
{
  static char const ssh[] = "SSH-";
  return s->greeted == GREETED_NOT && len &&
         ((!is_letter(*line) && *line != ' ' && *line != '\r' && *line != '\n') ||
          (len >= sizeof ssh - 1 && !memcmp(line, ssh, sizeof ssh - 1)));
}

int command_may_begin(session *s)
{
  if (s->in.skipping || !is_foreign(s, s->in.s + s->in.head, s->in.tail - s->in.head))
    return 1;
  not_smtp(s, 0, 0);
  return 0;
}

static command const *find(char const *line, size_t n)
{
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (strlen(table[i].name) == n && !strncasecmp(table[i].name, line, n))
      return table + i;
  return 0;
}

void command_run(session *s, char *line, size_t len, int bare)
{
  while (len && line[len - 1] == ' ')
    line[--len] = 0;
  size_t n = strcspn(line, " ");
  char *arg = line + n + strspn(line + n, " ");
  command const *c = find(line, n);
  if (is_foreign(s, line, len) || (c && c->run == &not_smtp))
    not_smtp(s, 0, 0);
  else if (bare)
    session_fault(s, "550 5.5.2 bare CR or LF in a command: lines end with CRLF");
  else if (has_control(line, len))
    session_fault(s, "500 5.5.2 control characters in a command");
  else if (c)
    run(s, c, arg, (size_t)(line + len - arg));
  else
    session_fault(s, "500 5.5.1 unknown command");
}
