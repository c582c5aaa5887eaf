/* exchange - the commands of one transaction up to the reply to DATA. See exchange.h for what it promises. */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include "remote/exchange.h"
#include "remote/reply.h"

enum { ASKED_RSET = -1, ASKED_MAIL = -2, ASKED_DATA = -3 }; /* 0 and more: RCPT for this recipient */

static int on_mail(exchange *x, reply const *a)
{
  result r;
  x->mail = a->code / 100 == 2;
  if (x->mail) {
    x->t->c->mails++;
    return x->t->c->dirty = 1;
  }
  result_from_reply(&r, a->text, a->len);
  transaction_decide(x->t, &r);
  return 1;
}

/* RFC 5321 section 4.5.3.1.10: 452 is "too many recipients" once others had another answer (Exim counts those that it
   refuses, too), and 552 was used for it; not so where its enhanced code speaks of the mailbox (x.2.y). */
static int is_too_many(reply const *a, result const *r)
{
  return (a->code == 452 || a->code == 552) && r->status / 1000 != STATUS_MAILBOX / 1000;
}

static void on_rcpt(exchange *x, size_t i, reply const *a)
{
  transaction *t = x->t;
  result *r = t->results + i;
  if (t->state[i] != RCPT_OPEN)
    return;
  result_from_reply(r, a->text, a->len);
  if (r->class == RESULT_OK && a->code / 100 == 2) {
    t->state[i] = RCPT_TAKEN;
    x->taken++;
  } else {
    if (a->code == 552 || r->class == RESULT_OK)
      r->class = RESULT_TEMPORARY;
    t->state[i] = x->judged && is_too_many(a, r) ? RCPT_DELAYED : RCPT_DECIDED;
  }
  if (t->state[i] == RCPT_DELAYED && (!t->c->rcptmax || x->judged < t->c->rcptmax))
    t->c->rcptmax = (unsigned int)x->judged;
  x->judged += !is_too_many(a, r);
}

static int on_data(exchange *x, reply const *a)
{
  result r;
  x->data = a->code == 354;
  if (x->data)
    return 1;
  if (a->code / 100 < 4)
    return (errno = EPROTO, 0);
  result_from_reply(&r, a->text, a->len);
  transaction_settle(x->t, RCPT_TAKEN, &r);
  return 1;
}

static int on_reply(exchange *x, int asked, reply const *a)
{
  switch (asked) {
  case ASKED_RSET: x->t->c->dirty = 0; return 1;
  case ASKED_MAIL: return on_mail(x, a);
  case ASKED_DATA: return on_data(x, a);
  default: on_rcpt(x, (size_t)asked, a); return 1;
  }
}

static char const *asked_name(int asked)
{
  return asked == ASKED_RSET ? "RSET" : asked == ASKED_MAIL ? "MAIL" : asked == ASKED_DATA ? "DATA" : "RCPT";
}

/* Sends the batch, reads every answer that is due. What comes without having been asked for would be taken
   for the answer to the next command, so it ends the connection. */
static int flush(exchange *x)
{
  transaction *t = x->t;
  stream *s = &t->c->s;
  tain deadline;
  tain_now_g();
  tain_addsec_g(&deadline, (int)t->seconds);
  if (x->out.len && !stream_send(s, x->out.s, x->out.len, &deadline))
    return transaction_lost(t, asked_name(x->asked[x->read]), 0);
  x->out.len = 0;
  for (; x->read < x->n; x->read++) {
    reply a;
    int asked = x->asked[x->read];
    if (!reply_read(&a, s, &deadline, 0, 0))
      return transaction_lost(t, asked_name(asked), 0);
    if (a.code == 421)
      return transaction_lost(t, asked_name(asked), &a);
    t->answered = 1;
    if (!on_reply(x, asked, &a))
      return transaction_lost(t, asked_name(asked), 0);
    tain_addsec_g(&deadline, (int)t->seconds);
  }
  return !stream_leftover(s) || (errno = EPROTO, transaction_lost(t, "a command", 0));
}

static int ask(exchange *x, int what)
{
  x->asked[x->n++] = what;
  return (x->pipelining && x->out.len < COMMAND_BATCH) || flush(x);
}

static char const *domain_of(exchange const *x, size_t i)
{
  envelope const *e = &x->t->j->e;
  char const *at = strrchr(envelope_string(e, envelope_rcpts(e)[i].address), '@');
  return at ? at + 1 : "";
}

/* How many domains the recipients have that were named so far, and is this one's among them? */
static int knows_domain(exchange const *x, size_t i, size_t *n)
{
  size_t k, b;
  for (*n = k = 0; k < x->n; k++) {
    if (x->asked[k] < 0)
      continue;
    if (!strcasecmp(domain_of(x, (size_t)x->asked[k]), domain_of(x, i)))
      return 1;
    for (b = 0; b < k; b++)
      if (x->asked[b] >= 0 &&
          !strcasecmp(domain_of(x, (size_t)x->asked[b]), domain_of(x, (size_t)x->asked[k])))
        break;
    *n += b == k;
  }
  return 0;
}

/* Do the server's limits (RFC 9422) allow one more in this transaction? */
static int has_room(exchange const *x, size_t i)
{
  smtp const *c = x->t->c;
  size_t domains;
  if (c->rcptmax && x->named >= c->rcptmax)
    return 0;
  return !c->domainmax || knows_domain(x, i, &domains) || domains < c->domainmax;
}

static int name_recipients(exchange *x)
{
  transaction *t = x->t;
  envelope const *e = &t->j->e;
  size_t i;
  for (i = 0; i < envelope_count(e); i++) {
    if (t->state[i] != RCPT_OPEN || !has_room(x, i))
      continue;
    x->named++;
    command_rcpt(&x->out, e, i, t->c->offers);
    if (!ask(x, (int)i))
      return 0;
  }
  return 1;
}

int exchange_run(exchange *x, transaction *t, int utf8)
{
  uint64_t size = t->b->estimate;
  x->t = t;
  x->out.len = x->n = x->read = x->taken = x->named = x->judged = 0;
  x->pipelining = t->c->offers & SMTP_PIPELINING && !t->careful;
  x->mail = x->data = 0;
  if (t->c->size && size > t->c->size)
    size = t->c->size;
  if (t->c->dirty) {
    command_plain(&x->out, "RSET");
    if (!ask(x, ASKED_RSET))
      return 0;
  }
  command_mail(&x->out, &t->j->e, t->c->offers, size, utf8);
  if (!ask(x, ASKED_MAIL))
    return 0;
  if (!x->pipelining && !x->mail)
    return 1;
  if (!name_recipients(x))
    return 0;
  if (!x->pipelining && !x->taken)
    return 1;
  command_plain(&x->out, "DATA");
  x->asked[x->n++] = ASKED_DATA;
  return flush(x);
}
