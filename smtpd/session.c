/* session - the loop: a line, its command, and when no line is left the replies go out and the client is
 * waited for. */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <unistd.h>
#include <sys/socket.h>
#include "lib/log.h"
#include "smtpd/command.h"
#include "smtpd/session.h"
#include "smtpd/transaction.h"

#define LINGER_OCTETS                                                                                        \
  65536u              /* read and forgotten at an early end, so that the client gets to read the last reply */
#define LINGER_MS 500 /* for each of them */

void session_init(session *s)
{
  s->alias.fd = -1;
}

static void begin(session *s, policy const *p, int fd, ip46 const *client)
{
  tain_now_g();
  s->policy = p;
  s->fd = fd;
  s->client = *client;
  s->client_text[ip46_fmt(s->client_text, client)] = 0;
  s->may_relay = -1;
  s->greeted = GREETED_NOT;
  s->helo[0] = 0;
  s->points = 0;
  s->open = 1;
  s->odd = 0;
  s->reason = 0;
  s->mail = 0;
  s->progress = STAMP;
  reply_init(&s->out, fd);
  input_init(&s->in, fd, (unsigned int)policy_number(p, CONTROL_TIMEOUTSMTPD));
  reply_line(&s->out, "220 %s ESMTP tern", policy_me(p));
}

void session_end(session *s, char const *reason)
{
  s->open = 0;
  s->reason = reason;
}

int session_charge(session *s, unsigned int points)
{
  s->points += points;
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

/* Says what is collected and waits for more. */
static void await(session *s)
{
  int partial = s->in.skipping || s->in.head != s->in.tail;
  if (!reply_flush(&s->out)) {
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
  case INPUT_LINE_ONE: command_run(s, line, len); break;
  case INPUT_LINE_TOOLONG: session_fault(s, "500 5.5.2 line too long"); break;
  case INPUT_LINE_NONE: await(s); break;
  }
}

/* A close with octets unread would reset the connection, and the last reply with it. */
static void linger(session *s)
{
  struct pollfd x = {.fd = s->fd, .events = POLLIN};
  size_t n = 0;
  ssize_t r = 1;
  (void)shutdown(s->fd, SHUT_WR);
  while (n < LINGER_OCTETS && r > 0 && poll(&x, 1, LINGER_MS) == 1) {
    r = recv(s->fd, s->in.s, INPUT_SIZE, MSG_DONTWAIT);
    n += r > 0 ? (size_t)r : 0;
  }
}

static void finish(session *s)
{
  int said = reply_flush(&s->out);
  if (s->reason) {
    log_event(0, "disconnect", "client", s->client_text, "helo", s->helo, "reason", s->reason, (char *)0);
    if (said)
      linger(s);
  }
  transaction_reset(s);
}

int session_serve(session *s, policy const *p, int fd, ip46 const *client)
{
  begin(s, p, fd, client);
  while (s->open)
    step(s);
  finish(s);
  return !s->odd;
}

void session_log_refused(session const *s, char const *rcpt, result const *why)
{
  char code[12];
  log_entry l;
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
