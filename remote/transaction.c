/* transaction - one message to one server. See transaction.h for what it promises. */
#include <errno.h>
#include <string.h>
#include "remote/command.h"
#include "remote/exchange.h"
#include "remote/reply.h"
#include "remote/transaction.h"

static char const no_utf8[] = "the host does not take internationalized mail (SMTPUTF8)";

#define CUT_SHORT_SECONDS 2 /* to read what a host said before it closed */
#define ANSWERS 5u /* times `timeoutremote`: how much longer than one the answers of LMTP may take together */

void transaction_begin(transaction *t)
{
  t->careful = t->answered = 0;
  memset(t->state, RCPT_OPEN, sizeof t->state);
}

static size_t count_in(transaction const *t, enum transaction_rcpt which)
{
  size_t i, n = 0;
  for (i = 0; i < envelope_count(&t->j->e); i++)
    n += t->state[i] == which;
  return n;
}

void transaction_settle(transaction *t, enum transaction_rcpt which, result const *r)
{
  size_t i;
  for (i = 0; i < envelope_count(&t->j->e); i++)
    if (t->state[i] == which) {
      t->results[i] = *r;
      t->state[i] = RCPT_DECIDED;
    }
}

void transaction_decide(transaction *t, result const *r)
{
  transaction_settle(t, RCPT_OPEN, r);
}

void transaction_restate(transaction *t, enum transaction_rcpt from, enum transaction_rcpt to)
{
  size_t i;
  for (i = 0; i < envelope_count(&t->j->e); i++)
    if (t->state[i] == from)
      t->state[i] = (unsigned char)to;
}

/* ---- replies */

/* The connection is of no use; errno, or the reply of 421, says why. */
int transaction_lost(transaction *t, char const *when, reply const *a)
{
  int e = errno;
  if (a) {
    result_from_reply(&t->problem, a->text, a->len);
    t->problem.class = RESULT_TEMPORARY;
  } else {
    result_set(&t->problem, RESULT_TEMPORARY,
               e == EPROTO || e == ENOBUFS ? STATUS_PROTOCOL : STATUS_BAD_CONNECTION, "no answer to %s: %s",
               when, stream_problem(e));
  }
  stream_close(&t->c->s);
  transaction_restate(t, RCPT_TAKEN, RCPT_OPEN);
  errno = e;
  return 0;
}

/* ---- what goes out */

/* What the whole message asks of this host. 0: every open recipient got the reason. */
static int message_fits(transaction *t, int *utf8)
{
  envelope const *e = &t->j->e;
  char const *sender = envelope_string(e, e->sender);
  result r;
  *utf8 = command_is_8bit(sender) || (e->smtputf8 && body_header_is_8bit(t->b));
  if (!command_path_is_safe(sender))
    result_set(&r, RESULT_PERMANENT, STATUS_BAD_SENDER, "the sender's address can't be said in SMTP");
  else if (t->c->size && t->b->length > t->c->size)
    result_set(&r, RESULT_PERMANENT, STATUS_TOO_BIG,
               "the message is larger than the %llu octets that the host takes",
               (unsigned long long)t->c->size);
  else if (*utf8 && !(t->c->offers & SMTP_SMTPUTF8))
    result_set(&r, RESULT_PERMANENT, STATUS_NOT_SMTPUTF8, "%s", no_utf8);
  else
    return 1;
  transaction_decide(t, &r);
  return 0;
}

static void refuse(transaction *t, size_t i, unsigned int status, char const *why)
{
  result_set(t->results + i, RESULT_PERMANENT, status, "%s", why);
  t->state[i] = RCPT_DECIDED;
}

/* And what each recipient asks. 0: nobody is left. */
static int fits(transaction *t, int *utf8)
{
  envelope const *e = &t->j->e;
  size_t i;
  if (!message_fits(t, utf8))
    return 0;
  for (i = 0; i < envelope_count(e); i++) {
    char const *address = envelope_string(e, envelope_rcpts(e)[i].address);
    if (t->state[i] != RCPT_OPEN)
      continue;
    if (!command_path_is_safe(address) || !*address)
      refuse(t, i, STATUS_BAD_ADDRESS, "the address can't be said in SMTP");
    else if (command_is_8bit(address) && !(t->c->offers & SMTP_SMTPUTF8))
      refuse(t, i, STATUS_NOT_SMTPUTF8, no_utf8);
    else if (command_is_8bit(address))
      *utf8 = 1;
  }
  return count_in(t, RCPT_OPEN) > 0;
}

/* A reply to the final dot is for all that were taken, with LMTP for the first of them. */
static void settle_taken(transaction *t, result const *r)
{
  size_t i = 0;
  if (!t->c->lmtp) {
    transaction_settle(t, RCPT_TAKEN, r);
    return;
  }
  while (t->state[i] != RCPT_TAKEN)
    i++;
  t->results[i] = *r;
  t->state[i] = RCPT_DECIDED;
}

/* The final dot may be out, and whoever has not been answered for waits. */
static enum transaction_end unanswered(transaction *t, char const *why)
{
  result r;
  result_set(&r, RESULT_TEMPORARY, STATUS_BAD_CONNECTION, "%s: %s; the host may have the message", why,
             stream_problem(errno));
  transaction_settle(t, RCPT_TAKEN, &r);
  stream_close(&t->c->s);
  return TRANSACTION_CLOSED;
}

/* The reply to the final dot, or with LMTP the replies. `why`: what went wrong before they could be read. */
static enum transaction_end after_dot(transaction *t, int ok, char const *why)
{
  result r;
  reply a;
  tain deadline, end;
  t->c->s.door = -1; /* from here on the outcome is wanted, with or without the runner */
  tain_now_g();
  tain_addsec_g(&end, (int)(t->seconds_done + ANSWERS * t->seconds));
  do {
    tain_addsec_g(&deadline, (int)t->seconds_done);
    if (!ok || !reply_read(&a, &t->c->s, tain_less(&deadline, &end) ? &deadline : &end, 0, 0))
      return unanswered(t, why);
    result_from_reply(&r, a.text, a.len);
    if (a.code / 100 == 3)
      r.class = RESULT_TEMPORARY;
    settle_taken(t, &r);
    if (a.code == 421 || a.code / 100 == 3)
      return errno = EPIPE, unanswered(t, why);
  } while (count_in(t, RCPT_TAKEN));
  t->c->dirty = 0;
  if (!stream_leftover(&t->c->s))
    return TRANSACTION_DONE;
  stream_close(&t->c->s);
  return TRANSACTION_CLOSED;
}

/* 354 although nobody was accepted: an empty message to nobody, whose answer is read and not believed (RFC
   2920 section 3.1). With LMTP there is none. */
static enum transaction_end lone_dot(transaction *t)
{
  reply a;
  tain deadline;
  tain_addsec_g(&deadline, (int)t->seconds);
  t->c->dirty = 0;
  if (!t->c->lmtp && stream_send(&t->c->s, ".\r\n", 3, &deadline) &&
      reply_read(&a, &t->c->s, &deadline, 0, 0) && a.code != 421)
    return TRANSACTION_DONE;
  stream_close(&t->c->s);
  return TRANSACTION_CLOSED;
}

/* The body did not go through. A host that had enough of it may have said why before it closed. */
static enum transaction_end cut_short(transaction *t)
{
  int e = errno;
  reply a;
  result r;
  tain deadline;
  tain_now_g();
  tain_addsec_g(&deadline, CUT_SHORT_SECONDS);
  if ((e == EPROTO || e == EPIPE || e == ECONNRESET) && reply_read(&a, &t->c->s, &deadline, 0, 0)) {
    if (a.code == 421)
      return transaction_lost(t, "the message", &a), TRANSACTION_LOST;
    if (a.code >= 400 && !t->c->lmtp) {
      result_from_reply(&r, a.text, a.len);
      transaction_settle(t, RCPT_TAKEN, &r);
      stream_close(&t->c->s);
      return TRANSACTION_CLOSED;
    }
    e = EPROTO;
  }
  errno = e;
  return transaction_lost(t, "the message", 0), TRANSACTION_LOST;
}

static enum transaction_end body_out(transaction *t)
{
  result r;
  switch (body_send(t->b, &t->c->s, t->seconds)) {
  case BODY_SENT: return after_dot(t, 1, "no answer to the final dot");
  case BODY_UNSURE: return after_dot(t, 0, "unable to send the end of the message");
  case BODY_LOST: return cut_short(t);
  case BODY_UNREAD: break;
  }
  result_set(&r, RESULT_TEMPORARY, STATUS_SYSTEM, "unable to read the message: %s", strerror(errno));
  stream_close(&t->c->s);
  transaction_settle(t, RCPT_TAKEN, &r);
  return TRANSACTION_CLOSED;
}

static enum transaction_end run_round(transaction *t, int utf8)
{
  static exchange x;
  if (!exchange_run(&x, t, utf8))
    return TRANSACTION_LOST;
  if (!x.data)
    return TRANSACTION_DONE;
  return x.taken ? body_out(t) : lone_dot(t);
}

/* What this connection has left for open recipients after a round. */
static enum transaction_end room_left(transaction *t)
{
  if (smtp_has_room(t->c) || !count_in(t, RCPT_OPEN))
    return TRANSACTION_DONE;
  smtp_quit(t->c);
  return TRANSACTION_FULL;
}

enum transaction_end transaction_run(transaction *t)
{
  enum transaction_end end = TRANSACTION_DONE;
  int utf8;
  while (end == TRANSACTION_DONE && fits(t, &utf8)) {
    end = run_round(t, utf8);
    transaction_restate(t, RCPT_DELAYED, end == TRANSACTION_DONE ? RCPT_OPEN : RCPT_DECIDED);
    if (end == TRANSACTION_DONE)
      end = room_left(t);
  }
  return end;
}
