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

static int make_envelope(envelope *e, copy const *m, targets const *t, char const *owner)
{
  envelope const *old = &m->j->e;
  char const *sender = owner ? owner : m->sender;
  int is_only = t->n_addresses == 1 && !owner;
  target const *one = targets_get(t);
  if (!envelope_set_sender(e, sender, strlen(sender)) ||
      !envelope_set(e, &e->parent, m->j->id, strlen(m->j->id)))
    return 0;
  e->parent_claimed = 1;
  e->body = old->body;
  e->smtputf8 = old->smtputf8;
  e->ret = is_only ? old->ret : 0;
  if (is_only && old->envid &&
      !envelope_set(e, &e->envid, envelope_string(old, old->envid), strlen(envelope_string(old, old->envid))))
    return 0;
  for (size_t i = 0; i < targets_count(t); i++, one++)
    if (one->kind == TARGET_ADDRESS && !add_rcpt(e, m, targets_text(t, one), is_only))
      return 0;
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

void resend(copy *m, targets const *t, char const *owner, result *r)
{
  envelope e = ENVELOPE_ZERO;
  submission s;
  tain deadline;
  char id_text[ID_LEN + 1];
  tain_now_g();
  tain_addsec_g(&deadline, (int)RESEND_SECONDS);
  if (!make_envelope(&e, m, t, owner))
    failure_set(r, errno, "make", "an envelope");
  else if (!submission_open(&s, &e, &deadline))
    failure_set(r, errno, "knock at", "the queue");
  else if (!put_body(&s, m, &deadline)) {
    failure_set(r, errno, "read", "the message");
    submission_abort(&s);
  } else if (submission_end(&s, r, id_text, &deadline))
    result_set(r, RESULT_OK, STATUS_NONE, "forwarded as %s", id_text);
  envelope_free(&e);
}
