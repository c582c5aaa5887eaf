/* message - sendmail's main way in: a message on standard input, its recipients on the command line, with -t
   in its header. Nothing is queued unless all of it was read and understood. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include "tools/addresses.h"
#include "tools/caller.h"
#include "tools/sendmail.h"

static int read_message(sendmail *s)
{
  char text[128];
  switch (incoming_read(&s->l.in, 0, !s->o.ignore_dots)) {
  case INCOMING_OK: return 0;
  case INCOMING_TOOBIG:
    snprintf(text, sizeof text, "it is larger than %llu octets, the limit of this system (databytes)",
             (unsigned long long)s->databytes);
    return sendmail_say(EX_UNAVAILABLE, "the message was not sent", text);
  case INCOMING_HEADING:
    return sendmail_say(EX_DATAERR, "the message was not sent", "its header is too long");
  case INCOMING_NOFILE: return sendmail_say(EX_TEMPFAIL, "the message can't be kept", strerror(errno));
  case INCOMING_NOREAD: break;
  }
  return sendmail_say(EX_IOERR, "standard input", strerror(errno));
}

/* With -t: a list of complete addresses, each with its NUL. */
static int add_recipients(sendmail *s, stralloc const *list)
{
  for (size_t i = 0; i < list->len; i += strlen(list->s + i) + 1)
    if (!letter_recipient(&s->l, list->s + i, strlen(list->s + i), 1))
      return errno == EINVAL  ? sendmail_say(EX_DATAERR, list->s + i, "this is not an address")
             : errno == E2BIG ? sendmail_say(EX_DATAERR, list->s + i, "there are too many recipients")
                              : sendmail_say(EX_TEMPFAIL, list->s + i, strerror(errno));
  return 0;
}

typedef struct one_address_s one_address;
struct one_address_s {
  letter *l;
  unsigned int n;
};

static int take_sender(void *data, addresses_found const *a)
{
  one_address *one = data;
  if (one->n++)
    return (errno = EINVAL, 0);
  return letter_sender(one->l, a->s, a->len, a->complete);
}

/* -f, else the caller; a sender of nothing or <> is the null sender. */
static int set_sender(sendmail *s)
{
  one_address one = {.l = &s->l};
  stralloc user = STRALLOC_ZERO;
  tain deadline;
  tain_addsec_g(&deadline, LETTER_WAIT);
  if (s->o.sender) {
    enum addresses_parsed parsed = addresses_parse(s->o.sender, strlen(s->o.sender), take_sender, &one);
    if (parsed == ADDRESSES_STOPPED && errno == ENOMEM)
      return sendmail_say(EX_TEMPFAIL, 0, strerror(errno));
    if (parsed != ADDRESSES_OK)
      return sendmail_say(EX_USAGE, s->o.sender, "-f wants one address");
    return one.n || letter_sender(&s->l, "", 0, 1) ? 0 : sendmail_say(EX_TEMPFAIL, 0, strerror(errno));
  }
  if (!caller_user(&user, &deadline))
    return sendmail_say(EX_TEMPFAIL, 0, strerror(errno));
  if (!stralloc_catb(&user, "@", 1) || !stralloc_cats(&user, caller_host(s->l.me)) ||
      !letter_sender(&s->l, user.s, user.len, 1))
    return sendmail_say(EX_TEMPFAIL, 0, strerror(errno));
  stralloc_free(&user);
  return 0;
}

/* What a From field says when the message has none: the sender; for the null sender the caller. */
static int put_from(sendmail *s, stralloc *from)
{
  tain deadline;
  char const *sender = envelope_string(&s->l.e, s->l.e.sender);
  tain_addsec_g(&deadline, LETTER_WAIT);
  if (*sender)
    return stralloc_cats(from, sender) && stralloc_0(from);
  return caller_user(from, &deadline) && stralloc_catb(from, "@", 1) &&
         stralloc_cats(from, caller_host(s->l.me)) && stralloc_0(from);
}

/* -V, -N */
static int set_notices(sendmail *s)
{
  for (size_t i = 0; i < envelope_count(&s->l.e); i++)
    envelope_rcpts(&s->l.e)[i].notify = s->o.notify;
  return !s->o.envid || envelope_set(&s->l.e, &s->l.e.envid, s->o.envid, strlen(s->o.envid));
}

static int say_nobody(sendmail const *s)
{
  size_t n = envelope_count(&s->l.e);
  for (size_t i = 0; i < n; i++)
    sendmail_say(EX_NOUSER, envelope_string(&s->l.e, envelope_rcpts(&s->l.e)[i].address),
                 n > 1 ? "there is no such user here" : s->l.r.text);
  return EX_NOUSER;
}

static int compose(sendmail *s)
{
  stralloc from = STRALLOC_ZERO;
  int code = set_sender(s);
  if (code)
    return code;
  if (!put_from(s, &from) || !letter_complete(&s->l, from.s, s->o.name ? s->o.name : caller_name()))
    return sendmail_say(EX_TEMPFAIL, 0, strerror(errno));
  stralloc_free(&from);
  if (!s->o.from_headers)
    return 0;
  if (s->l.f.broken[0])
    return sendmail_say(EX_DATAERR, s->l.f.broken, "this field is not a list of addresses");
  return add_recipients(s, s->l.f.seen & FIELDS_RESENT ? &s->l.f.resent : &s->l.f.to);
}

int message_run(sendmail *s)
{
  int code = sendmail_recipients(s);
  if (code)
    return code;
  if (!s->o.from_headers && !envelope_count(&s->l.e))
    return sendmail_say(EX_USAGE, 0,
                        "there is no recipient; name one, or use -t to take those of the header");
  if ((code = read_message(s)) || (code = compose(s)))
    return code;
  if (!envelope_count(&s->l.e))
    return sendmail_say(EX_DATAERR, 0, "there is no recipient in To, Cc and Bcc; nothing was sent");
  if (!set_notices(s))
    return sendmail_say(EX_TEMPFAIL, 0, strerror(errno));
  if (letter_check(&s->l) == LETTER_NOBODY)
    return say_nobody(s);
  if (!letter_send(&s->l))
    return sendmail_say(letter_exit(&s->l.r), "the message was not sent", s->l.r.text);
  if (s->o.verbose)
    printf("%s: %s\n", s->l.id, s->l.r.text[0] ? s->l.r.text : "queued");
  return EX_OK;
}
