/* resend - what is passed on and what is not. NOTIFY, ORCPT and ENVID of the sender go with a forward to one
   address; to several, or in the name of an owner, they do not (RFC 3461 section 5.2.7.2 and 5.2.7.3): one
   delivery must not be reported many times, and not to somebody else. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <skalibs/tai.h>
#include "lib/submission.h"
#include "local/failure.h"
#include "local/resend.h"

static envelope_rcpt const *old_rcpt(copy const *m)
{
  envelope_rcpt const *r = envelope_rcpts(&m->j->e);
  for (size_t i = 0; i + 1 < envelope_count(&m->j->e); i++, r++)
    if (!strcmp(envelope_string(&m->j->e, r->address), m->recipient))
      break;
  return r;
}

static int add_rcpt(envelope *e, copy const *m, char const *address, int is_only)
{
  size_t i = envelope_count(e);
  envelope_rcpt const *old = old_rcpt(m);
  char const *orcpt = envelope_string(&m->j->e, old->orcpt);
  if (!envelope_add(e, address, strlen(address)) ||
      !envelope_rcpt_set(e, i, offsetof(envelope_rcpt, original), m->original, strlen(m->original)))
    return 0;
  if (!is_only)
    return 1;
  envelope_rcpts(e)[i].notify = old->notify;
  return !*orcpt || envelope_rcpt_set(e, i, offsetof(envelope_rcpt, orcpt), orcpt, strlen(orcpt));
}

static int make_head(envelope *e, copy const *m, char const *owner, int is_only)
{
  envelope const *old = &m->j->e;
  char const *sender = owner ? owner : m->sender;
  if (!envelope_set_sender(e, sender, strlen(sender)) ||
      !envelope_set(e, &e->parent, m->j->id, strlen(m->j->id)))
    return 0;
  e->parent_claimed = 1;
  e->body = old->body;
  e->smtputf8 = old->smtputf8;
  e->ret = is_only ? old->ret : 0;
  return !is_only || !old->envid ||
         envelope_set(e, &e->envid, envelope_string(old, old->envid),
                      strlen(envelope_string(old, old->envid)));
}

/* Takes addresses from the list's entry *at on, as many as one message may have, and moves *at. */
static int make_envelope(envelope *e, copy const *m, targets const *t, char const *owner, size_t *at)
{
  int is_only = t->n_addresses == 1 && !owner;
  size_t octets = 0;
  if (!make_head(e, m, owner, is_only))
    return 0;
  for (; *at < targets_count(t); ++*at) {
    target const *one = targets_get(t) + *at;
    char const *address = targets_text(t, one);
    if (one->kind != TARGET_ADDRESS)
      continue;
    octets += strlen(address) + strlen(m->original) + RESEND_RCPT;
    if (envelope_count(e) == ENVELOPE_RCPT_MAX || (octets > RESEND_ENVELOPE_MAX && envelope_count(e)))
      return 1;
    if (!add_rcpt(e, m, address, is_only))
      return 0;
  }
  return 1;
}

/* 1: all is there, or the door takes no more (submission_end says why). 0: our own side failed, errno. */
static int put_body(submission *s, copy *m, tain const *deadline)
{
  char top[HEADERS_TOP];
  uint64_t at = 0;
  char const *octets;
  ssize_t r;
  if (!submission_body(s, top, headers_delivered(top, m->recipient), deadline))
    return 1;
  while ((r = copy_next(m, &at, &octets)) > 0)
    if (!submission_body(s, octets, (size_t)r, deadline))
      return 1;
  return r == 0;
}

/* ---- one list, several messages: all of them are with the queue but for the word that ends each, before the first gets it */

typedef struct batch_s batch;
struct batch_s {
  submission s[RESEND_MESSAGES];
  size_t n;
  tain deadline;
};

static void let_go(batch *b, size_t from)
{
  for (size_t i = from; i < b->n; i++)
    submission_abort(b->s + i);
}

/* 0: *r. */
static int begin(batch *b, copy *m, targets const *t, char const *owner, size_t *at, result *r)
{
  envelope e = ENVELOPE_ZERO;
  submission *s = b->s + b->n;
  int ok = 0;
  if (b->n == RESEND_MESSAGES)
    failure_set(r, E2BIG, "send", "so many addresses");
  else if (!make_envelope(&e, m, t, owner, at))
    failure_set(r, errno, "make", "an envelope");
  else if (!submission_open(s, &e, &b->deadline))
    failure_set(r, errno, "knock at", "the queue");
  else {
    b->n++;
    ok = put_body(s, m, &b->deadline);
    if (!ok)
      failure_set(r, errno, "read", "the message");
  }
  envelope_free(&e);
  return ok;
}

static void end_all(batch *b, result *r)
{
  char id_text[ID_LEN + 1];
  for (size_t i = 0; i < b->n; i++)
    if (!submission_end(b->s + i, r, id_text, &b->deadline)) {
      let_go(b, i + 1);
      return;
    }
  if (b->n == 1)
    result_set(r, RESULT_OK, STATUS_NONE, "forwarded as %s", id_text);
  else
    result_set(r, RESULT_OK, STATUS_NONE, "forwarded as %s and %u other messages", id_text,
               (unsigned int)b->n - 1);
}

static int next_address(targets const *t, size_t *at)
{
  while (*at < targets_count(t) && targets_get(t)[*at].kind != TARGET_ADDRESS)
    ++*at;
  return *at < targets_count(t);
}

void resend(copy *m, targets const *t, char const *owner, result *r)
{
  static batch b;
  size_t at = 0;
  int ok = 1;
  b.n = 0;
  tain_now_g();
  tain_addsec_g(&b.deadline, (int)RESEND_SECONDS);
  while (ok && next_address(t, &at))
    ok = begin(&b, m, t, owner, &at, r);
  if (ok)
    end_all(&b, r);
  else
    let_go(&b, 0);
}
