/* dialogue - sendmail -bs: SMTP with a local program on standard input and output. The dialogue is tern-smtpd's own
   (smtpd/session.h); only what stands behind it is another: a letter, completed as sendmail completes it and injected
   with the rights of the user who runs it. Lines may end with LF alone, nobody is kept waiting, and whatever its user
   could send otherwise may be sent. */
#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <skalibs/stralloc.h>
#include "lib/question.h"
#include "smtpd/session.h"
#include "tools/home.h"
#include "tools/sendmail.h"

#define PART 65536u /* octets of a line that are kept before it is passed on in parts */

typedef struct dialogue_s dialogue;
struct dialogue_s {
  letter *l;
  stralloc rest; /* the beginning of a line */
  enum incoming_took took;
};

/* While nobody can say, mail is taken: the queue's runner will ask again. */
static enum meaning exists(session *s, result *r, tain const *deadline)
{
  dialogue *d = s->data;
  enum meaning m = question_exists(&d->l->alias, s->address.s, s->address.len, r, deadline);
  return m == MEANING_LATER ? MEANING_USER : m;
}

/* The letter has the envelope until it is sent. */
static void swap_envelopes(session *s)
{
  dialogue *d = s->data;
  envelope const e = d->l->e;
  d->l->e = s->e;
  s->e = e;
}

static int open_letter(session *s, result *r, tain const *deadline)
{
  dialogue *d = s->data;
  (void)r;
  (void)deadline;
  letter_clear(d->l);
  swap_envelopes(s);
  d->rest.len = 0;
  d->took = INCOMING_OK;
  return 1;
}

static void take(dialogue *d, char const *s, size_t len, int ends)
{
  if (d->rest.len) {
    if (!stralloc_catb(&d->rest, s, len)) {
      d->took = INCOMING_NOFILE;
      return;
    }
    s = d->rest.s;
    len = d->rest.len;
  }
  d->took = incoming_line(&d->l->in, s, len, ends);
  d->rest.len = 0;
}

static int body(session *s, char const *octets, size_t len, tain const *deadline)
{
  dialogue *d = s->data;
  (void)deadline;
  while (len && d->took == INCOMING_OK) {
    char const *lf = memchr(octets, '\n', len);
    size_t n = lf ? (size_t)(lf - octets) : len;
    if (lf || d->rest.len + n > PART)
      take(d, octets, n, lf != 0);
    else if (!stralloc_catb(&d->rest, octets, n))
      d->took = INCOMING_NOFILE;
    octets += n + !!lf;
    len -= n + !!lf;
  }
  return d->took == INCOMING_OK;
}

/* Adds what is missing. 0: *r says why it can't be sent. */
static int complete(dialogue *d, result *r)
{
  letter *l = d->l;
  char const *sender = envelope_string(&l->e, l->e.sender);
  static stralloc postmaster = STRALLOC_ZERO;
  postmaster.len = 0;
  if (d->took == INCOMING_TOOBIG)
    result_set(r, RESULT_PERMANENT, STATUS_TOO_BIG, "message too big");
  else if (d->took == INCOMING_HEADING)
    result_set(r, RESULT_PERMANENT, STATUS_CONTENT, "its header is too long");
  else if (d->took != INCOMING_OK || !stralloc_cats(&postmaster, "postmaster@") ||
           !stralloc_cats(&postmaster, l->me) || !stralloc_0(&postmaster) ||
           !letter_complete(l, *sender ? sender : postmaster.s, 0))
    result_set(r, RESULT_TEMPORARY, STATUS_SYSTEM, "the message can't be kept: %s", strerror(errno));
  else
    return 1;
  return 0;
}

static enum backend_end end(session *s, result *r, char id_text[ID_LEN + 1], tain const *deadline)
{
  dialogue *d = s->data;
  (void)deadline;
  int sent = complete(d, r) && letter_send(d->l);
  if (sent)
    memcpy(id_text, d->l->id, ID_LEN + 1);
  else if (d->took == INCOMING_OK)
    *r = d->l->r;
  swap_envelopes(s);
  return sent ? BACKEND_TOOK : BACKEND_REFUSED;
}

static void take_back(session *s)
{
  swap_envelopes(s);
}

static backend const letters = {
    .exists = &exists, .open = &open_letter, .body = &body, .end = &end, .abort = &take_back};

int dialogue_run(sendmail *s)
{
  static session client; /* large, touched as far as it is used */
  static dialogue d;
  policy p = POLICY_ZERO;
  stralloc problem = STRALLOC_ZERO;
  if (!policy_read_for_user(&p, s->root, &problem))
    return sendmail_say(EX_CONFIG, home_name(), problem.len ? problem.s : "out of memory");
  d.l = &s->l;
  session_init(&client, &letters, &d);
  return session_serve_local(&client, &p, 0, 1) ? EX_OK : EX_IOERR;
}
