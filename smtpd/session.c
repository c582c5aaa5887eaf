/* session - the loop: a line, its command, and when no line is left the replies go out and the client is
 * waited for. */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include "lib/log.h"
#include "smtpd/command.h"
#include "smtpd/crowd.h"
#include "smtpd/entrance.h"
#include "smtpd/session.h"
#include "smtpd/transaction.h"

#define LINGER_OCTETS                                                                                        \
  65536u              /* read and forgotten at an early end, so that the client gets to read the last reply */
#define LINGER_MS 500 /* without any of them */
#define LINGER_SECONDS 5 /* in all: whoever sends an octet now and then gains no more */

void session_init(session *s, backend const *b, void *data)
{
  s->alias.fd = -1;
  s->backend = b;
  s->data = data;
}

void session_is(session *s, ip46 const *client)
{
  /* What proxies say that listen to both families by one socket. */
  static char const mapped[12] = "\0\0\0\0\0\0\0\0\0\0\xff\xff";
  if (ip46_is6(client) && !memcmp(client->ip, mapped, sizeof mapped))
    ip46_from_ip4(&s->client, client->ip + sizeof mapped);
  else
    s->client = *client;
  s->client_text[ip46_fmt(s->client_text, &s->client)] = 0;
  policy_judge_client(s->policy, &s->client, &s->rights);
  s->rules = s->rights.trusted || policy_normalizes(s->policy) ? DATA_NORMALIZE : DATA_STRICT;
  s->judged = 0;
}

static void begin(session *s, policy const *p, int in, int out)
{
  tain_now_g();
  s->policy = p;
  s->fd = in;
  s->local = 0;
  s->greeted = GREETED_NOT;
  s->helo[0] = 0;
  s->points = s->pause = 0;
  s->open = 1;
  s->odd = 0;
  s->reason = 0;
  s->mail = 0;
  s->m.phase = MESSAGE_NONE;
  s->progress = STAMP;
  reply_init(&s->out, out);
  input_init(&s->in, in, (unsigned int)policy_number(p, CONTROL_TIMEOUTSMTPD));
}

void session_end(session *s, char const *reason)
{
  s->open = 0;
  s->reason = reason;
}

void session_break(session *s, char const *said, char const *reason)
{
  reply_line(&s->out, "%s, closing", said);
  session_end(s, reason);
  s->odd = 1;
}

int session_charge(session *s, unsigned int points)
{
  s->points += points;
  if (s->points > SESSION_CALM)
    s->pause += SESSION_PAUSE * (s->points - SESSION_CALM);
  if (s->points <= SESSION_PATIENCE)
    return 1;
  reply_line(&s->out, "421 4.7.0 %s too many errors, closing", policy_me(s->policy));
  session_end(s, "too many errors");
  s->odd = 1;
  return 0;
}

void session_fault(session *s, char const *fmt, ...)
{
  va_list args;
  if (!session_charge(s, SESSION_FAULT))
    return;
  va_start(args, fmt);
  reply_vline(&s->out, fmt, args);
  va_end(args);
}

void session_lost(session *s, enum input_got got)
{
  char const *me = policy_me(s->policy);
  switch (got) {
  case INPUT_TIMEOUT:
    reply_line(&s->out, "421 4.4.2 %s timeout, closing", me);
    session_end(s, "timeout");
    break;
  case INPUT_CROWDED:
    reply_line(&s->out, "421 4.3.2 %s is busy and others wait, try again later", me);
    session_end(s, "others wait");
    break;
  case INPUT_DRAINED:
    reply_line(&s->out, "421 4.3.2 %s is being restarted, try again", me);
    session_end(s, s->mail ? "restart" : 0);
    break;
  default: /* without QUIT: so common that it is worth a line only if something was under way */
    s->out.broken = 1;
    session_end(s, s->mail ? "connection lost" : 0);
    break;
  }
}

/* True if too long ago there was mail. */
static int is_stale(session const *s)
{
  tain limit;
  tain_addsec(&limit, &s->progress, (int)(SESSION_IDLE * s->in.timeout));
  return !tain_future(&limit);
}

/* Who makes many errors waits for the answers, unless it goes away. */
static void pause_replies(session *s)
{
  struct pollfd x = {.fd = s->fd, .events = POLLRDHUP};
  int ms = (int)(s->pause < SESSION_PAUSE_MAX ? s->pause : SESSION_PAUSE_MAX);
  s->pause = 0;
  if (!s->local && !pool_draining(0))
    (void)poll(&x, 1, ms);
}

static int say(session *s)
{
  if (s->pause)
    pause_replies(s);
  return reply_flush(&s->out);
}

/* Says what is collected and waits for more. */
static void await(session *s)
{
  int partial = s->in.skipping || s->in.head != s->in.tail;
  if (!say(s)) {
    session_lost(s, INPUT_CLOSED);
    return;
  }
  if (!partial)
    tain_addsec_g(&s->line, (int)s->in.timeout);
  enum input_got got = input_read(&s->in, partial ? &s->line : 0);
  if (got == INPUT_MORE && is_stale(s))
    got = INPUT_TIMEOUT;
  if (got != INPUT_MORE)
    session_lost(s, got);
}

static void step(session *s)
{
  char *line;
  size_t len;
  switch (input_line(&s->in, &line, &len)) {
  case INPUT_LINE_ONE: command_run(s, line, len, 0); break;
  case INPUT_LINE_BARE: command_run(s, line, len, s->rules == DATA_STRICT); break;
  case INPUT_LINE_TOOLONG: session_fault(s, "500 5.5.2 line too long"); break;
  case INPUT_LINE_NONE:
    if (command_may_begin(s))
      await(s);
    break;
  }
}

/* A close with octets unread would reset the connection, and the last reply with it. */
static void linger(session *s)
{
  struct pollfd x = {.fd = s->fd, .events = POLLIN};
  size_t n = 0;
  ssize_t r = 1;
  tain end;
  (void)shutdown(s->fd, SHUT_WR);
  tain_now_g();
  tain_addsec_g(&end, LINGER_SECONDS);
  while (n < LINGER_OCTETS && r > 0 && tain_future(&end) && poll(&x, 1, LINGER_MS) == 1) {
    r = recv(s->fd, s->in.s, INPUT_SIZE, MSG_DONTWAIT);
    n += r > 0 ? (size_t)r : 0;
    tain_now_g();
  }
}

static void finish(session *s)
{
  int said = say(s);
  if (s->reason && !s->local) {
    log_event(0, "disconnect", "client", s->client_text, "helo", s->helo, "reason", s->reason, (char *)0);
    if (said)
      linger(s);
  }
  transaction_reset(s);
}

int session_serve(session *s, policy const *p, int fd, unsigned int slot, ip46 const *client)
{
  begin(s, p, fd, fd);
  s->slot = slot;
  session_is(s, client);
  entrance_pass(s);
  while (s->open)
    step(s);
  finish(s);
  crowd_leave(slot);
  return !s->odd;
}

int session_serve_local(session *s, policy const *p, int in, int out)
{
  begin(s, p, in, out);
  s->local = 1;
  s->client_text[0] = 0;
  s->rights = (policy_client){.trusted = 1, .welcome = 1};
  s->rules = DATA_LOCAL;
  s->judged = 1;
  s->verdict.class = RESULT_OK;
  reply_line(&s->out, "220 %s ESMTP tern", policy_me(p));
  while (s->open)
    step(s);
  finish(s);
  return !s->out.failed;
}

void session_log_refused(session const *s, char const *rcpt, result const *why)
{
  char code[12];
  log_entry l;
  if (s->local) /* its user is told; the log is not his to write */
    return;
  log_begin(&l, 0, "refused");
  log_add(&l, "client", s->client_text);
  log_add(&l, "helo", s->helo);
  log_add(&l, "from", envelope_string(&s->e, s->e.sender));
  if (rcpt)
    log_add(&l, "to", rcpt);
  log_add(&l, "status", result_code(why, code));
  log_add(&l, "text", why->text);
  log_end(&l);
}
