/* transaction - see transaction.h. Addresses are judged by lib/address; whose they are, by policy; whether a
   local name exists, by tern-alias. */
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include "lib/address.h"
#include "lib/question.h"
#include "smtpd/crowd.h"
#include "smtpd/judge.h"
#include "smtpd/params.h"
#include "smtpd/transaction.h"

#define ENVELOPE_SPARE 65536u /* octets of an envelope's memory that are kept for the next one */

void transaction_reset(session *s)
{
  message_drop(s);
  s->mail = 0;
  s->out.utf8 = 0;
  if (s->e.text.a + s->e.rcpts.a > ENVELOPE_SPARE)
    envelope_free(&s->e);
  else
    envelope_clear(&s->e);
}

/* A name that stands without a domain: what people and simple programs write, and nothing that means more. */
static int is_plain(char const *s, size_t len)
{
  for (size_t i = 0; i < len; i++)
    if (!strchr("._+-=", s[i]) && !(s[i] >= '0' && s[i] <= '9') && !(s[i] >= 'A' && s[i] <= 'Z') &&
        !(s[i] >= 'a' && s[i] <= 'z'))
      return 0;
  return 1;
}

/* The path behind "FROM:" or "TO:", into s->address, completed by `me` if it has no domain; arg is moved to
   what follows. */
static enum address_parsed take_path(session *s, char const *word, char **arg, size_t *len)
{
  size_t n = strlen(word), used;
  if (*len < n || strncasecmp(*arg, word, n))
    return ADDRESS_SYNTAX;
  while (n < *len && (*arg)[n] == ' ')
    n++;
  *arg += n;
  *len -= n;
  enum address_parsed parsed = address_path(*arg, *len, &s->address, &used);
  if (parsed != ADDRESS_OK && parsed != ADDRESS_UTF8 && parsed != ADDRESS_EMPTY)
    return parsed;
  *arg += used;
  *len -= used;
  if (parsed == ADDRESS_EMPTY || address_domain(s->address.s, s->address.len) < s->address.len)
    return parsed;
  if (!is_plain(s->address.s, s->address.len))
    return ADDRESS_SYNTAX;
  return stralloc_catb(&s->address, "@", 1) && stralloc_cats(&s->address, policy_me(s->policy))
             ? parsed
             : ADDRESS_NOMEM;
}

/* Says what is wrong with a path or a parameter. 1: nothing. x: 7 for a sender, 3 for a recipient (RFC 3463,
 * X.1.x). */
static int is_good_path(session *s, enum address_parsed parsed, char const *command, int x, int utf8)
{
  switch (parsed) {
  case ADDRESS_NOMEM: reply_line(&s->out, "451 4.3.0 out of memory"); return 0;
  case ADDRESS_TOOLONG: session_fault(s, "501 5.1.%d address too long", x); return 0;
  case ADDRESS_SYNTAX:
    session_fault(s, "501 5.1.%d syntax: %s:<local@domain> [parameters]", x, command);
    return 0;
  case ADDRESS_UTF8:
    if (utf8)
      return 1;
    session_fault(s, "553 5.6.7 this address needs MAIL with SMTPUTF8");
    return 0;
  default: return 1;
  }
}

static int are_good_params(session *s, enum params_judged judged, params const *p)
{
  if (judged == PARAMS_OK)
    return 1;
  session_fault(
      s, judged == PARAMS_UNKNOWN ? "555 5.5.4 unknown parameter: %.*s" : "501 5.5.4 bad parameter: %.*s",
      (int)(p->culprit_len < 100 ? p->culprit_len : 100), p->culprit);
  return 0;
}

static int fill_envelope(session *s, params const *p)
{
  envelope *e = &s->e;
  char const *protocol = p->smtputf8 ? "UTF8SMTP" : s->greeted == GREETED_EHLO ? "ESMTP" : "SMTP";
  e->ret = (unsigned char)p->ret;
  e->body = (unsigned char)p->body;
  e->smtputf8 = !!p->smtputf8;
  if (!envelope_set_sender(e, s->address.s, s->address.len) ||
      !envelope_set(e, &e->envid, p->envid, p->envid_len))
    return 0;
  if (s->local) /* facts about a client are tern-smtpd's to tell */
    return 1;
  return envelope_set(e, &e->client_address, s->client_text, strlen(s->client_text)) &&
         envelope_set(e, &e->client_helo, s->helo, strlen(s->helo)) &&
         envelope_set(e, &e->protocol, protocol, strlen(protocol));
}

void transaction_mail(session *s, char *arg, size_t len)
{
  params p = PARAMS_ZERO;
  enum address_parsed parsed = take_path(s, "FROM:", &arg, &len);
  int path = parsed == ADDRESS_OK || parsed == ADDRESS_UTF8 || parsed == ADDRESS_EMPTY;
  enum params_judged judged = path ? params_mail(&p, arg, len) : PARAMS_OK;
  if (!is_good_path(s, parsed, "MAIL FROM", 7, p.smtputf8) || !are_good_params(s, judged, &p))
    return;
  if (!fill_envelope(s, &p)) {
    transaction_reset(s);
    reply_line(&s->out, "451 4.3.0 out of memory");
    return;
  }
  if (p.size > policy_number(s->policy, CONTROL_DATABYTES)) {
    result r = RESULT_ZERO;
    result_set(&r, RESULT_PERMANENT, STATUS_TOO_BIG, "message too big: %llu octets are taken here",
               (unsigned long long)policy_number(s->policy, CONTROL_DATABYTES));
    session_log_refused(s, 0, &r);
    transaction_reset(s);
    reply_result(&s->out, &r);
    return;
  }
  s->mail = 1;
  crowd_works(s->slot);
  s->out.utf8 = p.smtputf8;
  reply_line(&s->out, "250 2.1.0 Ok");
}

/* An address at the literal of this host, as the client reached it, is name@me: 1, s->address is that and
   `original` what it was. 0: it is none. -1: no memory. */
static int take_literal(session *s, stralloc *original)
{
  char const *me = policy_me(s->policy);
  size_t at = address_domain(s->address.s, s->address.len);
  ip46 here;
  uint16_t port;
  if (s->local || at == s->address.len || s->address.s[at] != '[' ||
      socket_local46(s->fd, &here, &port) < 0 ||
      !policy_is_literal(s->address.s + at, s->address.len - at, &here) ||
      !control_has_domain(&s->policy->c, CONTROL_LOCALS, me, strlen(me)))
    return 0;
  if (!stralloc_copy(original, &s->address))
    return -1;
  s->address.len = at;
  return stralloc_cats(&s->address, me) ? 1 : -1;
}

static enum meaning ask(session *s, result *r)
{
  tain deadline;
  tain_now_g();
  tain_addsec_g(&deadline, (int)TRANSACTION_ASK);
  return (*s->backend->exists)(s, r, &deadline);
}

static void foreign(session *s, result *r)
{
  if (s->rights.trusted)
    r->class = RESULT_OK;
  else
    result_set(r, RESULT_PERMANENT, STATUS_NOT_AUTHORIZED, "<%.*s>: relaying denied", (int)s->address.len,
               s->address.s);
}

static void unknown(session *s, result *r)
{
  result_set(r, RESULT_PERMANENT, STATUS_UNKNOWN_MAILBOX, "<%.*s>: no such user here", (int)s->address.len,
             s->address.s);
}

/* A local name, or one that may be named in `virtual`. For what comes later, r keeps tern-alias's reason for
 * the log. */
static void local(session *s, enum policy_place place, result *r)
{
  switch (ask(s, r)) {
  case MEANING_UNKNOWN: unknown(s, r); break;
  case MEANING_ELSEWHERE:
    if (place == POLICY_VIRTUAL)
      foreign(s, r);
    else
      result_set(r, RESULT_TEMPORARY, STATUS_SYSTEM, "tern-alias has other settings than we do");
    break;
  case MEANING_LATER: r->class = RESULT_TEMPORARY; break;
  default: r->class = RESULT_OK; break;
  }
}

/* May mail for s->address be taken? */
static void judge(session *s, result *r)
{
  enum policy_place place = policy_place(s->policy, s->address.s, s->address.len);
  if (place != POLICY_POSTMASTER && !s->local && !judge_passes(s, r))
    return;
  switch (place) {
  case POLICY_POSTMASTER:
  case POLICY_TAKE: r->class = RESULT_OK; break;
  case POLICY_NOBODY: unknown(s, r); break;
  case POLICY_FOREIGN: foreign(s, r); break;
  default: local(s, place, r); break;
  }
}

static int add(session *s, params const *p, stralloc const *original)
{
  envelope_rcpt *rcpt = envelope_add(&s->e, s->address.s, s->address.len);
  size_t i = envelope_count(&s->e) - 1;
  if (!rcpt)
    return 0;
  rcpt->notify = p->notify;
  if (envelope_rcpt_set(&s->e, i, offsetof(envelope_rcpt, orcpt), p->orcpt, p->orcpt_len) &&
      envelope_rcpt_set(&s->e, i, offsetof(envelope_rcpt, original), original->s, original->len))
    return 1;
  genalloc_setlen(envelope_rcpt, &s->e.rcpts, i);
  return 0;
}

static void refuse(session *s, result const *r)
{
  if (!stralloc_0(&s->address))
    s->address.s[s->address.len - 1] = 0;
  session_log_refused(s, s->address.s, r);
  if (r->class == RESULT_TEMPORARY &&
      r->status / 1000 != 7) /* not the client's fault, and why is none of its business */
    reply_line(&s->out, "451 4.3.0 <%s>: can't be judged now, try again later", s->address.s);
  else if (session_charge(s, SESSION_NOISE))
    reply_result(&s->out, r);
}

/* A path that can be read: judged, and taken or not. */
static void take_rcpt(session *s, params const *p)
{
  stralloc original = STRALLOC_ZERO;
  result r = RESULT_ZERO;
  int literal = take_literal(s, &original);
  if (literal >= 0)
    judge(s, &r);
  if (literal < 0 || (r.class == RESULT_OK && !add(s, p, &original)))
    result_set(&r, RESULT_TEMPORARY, STATUS_SYSTEM, "out of memory");
  stralloc_free(&original);
  if (r.class == RESULT_OK)
    reply_line(&s->out, "250 2.1.5 Ok");
  else
    refuse(s, &r);
}

void transaction_rcpt(session *s, char *arg, size_t len)
{
  params p = PARAMS_ZERO;
  if (s->m.phase != MESSAGE_NONE) { /* RFC 3030 section 2: chunks are the last of a transaction */
    session_fault(s, "503 5.5.1 BDAT has begun: no more recipients");
    return;
  }
  enum address_parsed parsed = take_path(s, "TO:", &arg, &len);
  if (parsed == ADDRESS_EMPTY)
    parsed = ADDRESS_SYNTAX;
  if (!is_good_path(s, parsed, "RCPT TO", 3, s->e.smtputf8) ||
      !are_good_params(s, params_rcpt(&p, arg, len, s->e.smtputf8), &p))
    return;
  if (envelope_count(&s->e) >= policy_number(s->policy, CONTROL_MAXRECIPIENTS))
    /* RFC 5321 section 4.5.3.1.10: the rest comes in another message */
    reply_line(&s->out, "452 4.5.3 too many recipients");
  else
    take_rcpt(s, &p);
}
