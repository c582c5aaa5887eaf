/* letter - see letter.h. */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sysexits.h>
#include <time.h>
#include <skalibs/tai.h>
#include "lib/address.h"
#include "lib/question.h"
#include "lib/submission.h"
#include "tools/letter.h"

/* Completes and judges an address: it stands in l->address then. */
static int take_address(letter *l, char const *s, size_t len, int complete)
{
  l->address.len = 0;
  if (!fields_put_address(&l->address, s, len, complete, l->me))
    return 0;
  switch (address_judge(l->address.s, l->address.len)) {
  case ADDRESS_OK: return 1;
  case ADDRESS_UTF8: return l->e.smtputf8 = 1;
  case ADDRESS_NOMEM: return (errno = ENOMEM, 0);
  default: return (errno = EINVAL, 0);
  }
}

int letter_sender(letter *l, char const *s, size_t len, int complete)
{
  if (!len)
    return envelope_set_sender(&l->e, "", 0);
  return take_address(l, s, len, complete) && envelope_set_sender(&l->e, l->address.s, l->address.len);
}

/* FNV-1a of the address in lower case: equal addresses have equal hashes. */
static uint32_t hash(char const *s, size_t len)
{
  uint32_t h = 2166136261u;
  for (size_t i = 0; i < len; i++)
    h = (h ^ ((unsigned char)s[i] | 32u)) * 16777619u;
  return h;
}

static int is_there(letter const *l, uint32_t h)
{
  uint32_t const *hashes = genalloc_s(uint32_t, &l->hashes);
  for (size_t i = 0; i < genalloc_len(uint32_t, &l->hashes); i++) {
    char const *known = envelope_string(&l->e, envelope_rcpts(&l->e)[i].address);
    if (hashes[i] == h && address_same(known, strlen(known), l->address.s, l->address.len))
      return 1;
  }
  return 0;
}

int letter_recipient(letter *l, char const *s, size_t len, int complete)
{
  if (!take_address(l, s, len, complete))
    return 0;
  uint32_t h = hash(l->address.s, l->address.len);
  if (is_there(l, h))
    return 1;
  return envelope_add(&l->e, l->address.s, l->address.len) && genalloc_append(uint32_t, &l->hashes, &h);
}

int letter_exists(letter *l, char const *s, size_t len, result *r)
{
  tain deadline;
  tain_addsec_g(&deadline, LETTER_ASK);
  return (int)question_exists(&l->alias, s, len, r, &deadline);
}

enum letter_known letter_check(letter *l)
{
  for (size_t i = 0; i < envelope_count(&l->e); i++) {
    char const *address = envelope_string(&l->e, envelope_rcpts(&l->e)[i].address);
    if (letter_exists(l, address, strlen(address), &l->r) != MEANING_UNKNOWN)
      return LETTER_SOME;
  }
  return LETTER_NOBODY;
}

int letter_complete(letter *l, char const *from, char const *name)
{
  if (l->in.eight)
    l->e.body = '8';
  return fields_read(&l->f, l->in.head.s, l->in.head.len) && fields_complete(&l->f, from, name, time(0)) &&
         stralloc_catb(&l->f.out, "\n", 1);
}

static int put(void *data, char const *s, size_t len)
{
  tain deadline;
  tain_now_g();
  tain_addsec_g(&deadline, LETTER_WAIT);
  return submission_body(data, s, len, &deadline);
}

/* -1: try again, the queue went away with the message unread. */
static int send_once(letter *l)
{
  submission s;
  tain deadline;
  tain_now_g();
  tain_addsec_g(&deadline, LETTER_WAIT);
  if (!submission_open(&s, &l->e, &deadline)) {
    result_set(&l->r, RESULT_TEMPORARY, STATUS_NOT_ACCEPTING, "the mail queue does not answer: %s",
               strerror(errno));
    return 0;
  }
  int whole = put(&s, l->f.out.s, l->f.out.len) && incoming_body(&l->in, put, &s);
  if (!whole && !s.broken) { /* the body can't be read back: half a message must not go */
    result_set(&l->r, RESULT_TEMPORARY, STATUS_SYSTEM, "the message can't be read back: %s", strerror(errno));
    submission_abort(&s);
    return 0;
  }
  tain_now_g();
  tain_addsec_g(&deadline, LETTER_WAIT);
  if (submission_end(&s, &l->r, l->id, &deadline))
    return 1;
  return s.lost ? -1 : 0;
}

int letter_send(letter *l)
{
  for (unsigned int i = 1;; i++) {
    int sent = send_once(l);
    if (sent >= 0 || i == LETTER_TRIES)
      return sent > 0;
  }
}

int letter_exit(result const *r)
{
  if (r->class == RESULT_OK)
    return EX_OK;
  if (r->class != RESULT_PERMANENT)
    return EX_TEMPFAIL;
  switch (r->status / 1000) {
  case 1: return r->status == STATUS_UNKNOWN_MAILBOX ? EX_NOUSER : EX_DATAERR;
  case 7: return EX_NOPERM;
  default: return EX_UNAVAILABLE;
  }
}

void letter_clear(letter *l)
{
  envelope_clear(&l->e);
  genalloc_setlen(uint32_t, &l->hashes, 0);
  fields_clear(&l->f);
  incoming_clear(&l->in);
  l->f.me = l->me;
}
