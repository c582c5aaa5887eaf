/* envelope - in memory: one block of text and a row of recipients. What comes in is bounded: each record once
   a message or once a recipient, strings of ENVELOPE_ADDRESS_MAX octets, ENVELOPE_RCPT_MAX recipients; and no
   string holds a control character, so that nothing can end a line of a log, a header or a protocol later. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include "lib/envelope.h"

typedef struct string_record_s string_record;
struct string_record_s {
  unsigned char type;
  size_t where; /* the uint32_t of envelope or of envelope_rcpt */
};

/* ENVELOPE_SENDER and the two parents, whose type depends on a flag, stand apart. */
static string_record const message_strings[] = {{ENVELOPE_ENVID, offsetof(envelope, envid)},
                                                {ENVELOPE_CLIENT_ADDRESS, offsetof(envelope, client_address)},
                                                {ENVELOPE_CLIENT_HELO, offsetof(envelope, client_helo)},
                                                {ENVELOPE_PROTOCOL, offsetof(envelope, protocol)},
                                                {ENVELOPE_TLS, offsetof(envelope, tls)},
                                                {ENVELOPE_AUTH, offsetof(envelope, auth)}};
static string_record const rcpt_strings[] = {{ENVELOPE_ORIGINAL, offsetof(envelope_rcpt, original)},
                                             {ENVELOPE_ORCPT, offsetof(envelope_rcpt, orcpt)}};
#define COUNT(table) (sizeof(table) / sizeof *(table))

int envelope_set(envelope *e, uint32_t *where, char const *s, size_t len)
{
  if (!len)
    return (*where = 0, 1);
  if (len > ENVELOPE_ADDRESS_MAX)
    return (errno = ENAMETOOLONG, 0);
  for (size_t i = 0; i < len; i++)
    if ((unsigned char)s[i] < 32 || s[i] == 127)
      return (errno = EINVAL, 0);
  if (!e->text.len && !stralloc_0(&e->text)) /* offset 0 is the empty string */
    return 0;
  if (!stralloc_readyplus(&e->text, len + 1))
    return 0;
  *where = (uint32_t)e->text.len;
  stralloc_catb(&e->text, s, len);
  return stralloc_0(&e->text);
}

int envelope_set_sender(envelope *e, char const *s, size_t len)
{
  if (!envelope_set(e, &e->sender, s, len))
    return 0;
  e->has_sender = 1;
  return 1;
}

envelope_rcpt *envelope_add(envelope *e, char const *s, size_t len)
{
  envelope_rcpt rcpt = {.address = 0};
  if (envelope_count(e) >= ENVELOPE_RCPT_MAX)
    return (errno = E2BIG, (envelope_rcpt *)0);
  if (!len)
    return (errno = EINVAL, (envelope_rcpt *)0);
  if (!envelope_set(e, &rcpt.address, s, len) || !genalloc_append(envelope_rcpt, &e->rcpts, &rcpt))
    return 0;
  return envelope_rcpts(e) + envelope_count(e) - 1;
}

int envelope_rcpt_set(envelope *e, size_t index, size_t where, char const *s, size_t len)
{
  return envelope_set(e, (uint32_t *)(void *)((char *)(envelope_rcpts(e) + index) + where), s, len);
}

void envelope_clear(envelope *e)
{
  stralloc text = e->text;
  genalloc rcpts = e->rcpts;
  text.len = 0;
  genalloc_setlen(envelope_rcpt, &rcpts, 0);
  *e = (envelope){.text = text, .rcpts = rcpts};
}

void envelope_free(envelope *e)
{
  stralloc_free(&e->text);
  genalloc_free(envelope_rcpt, &e->rcpts);
  *e = (envelope)ENVELOPE_ZERO;
}

static uint32_t const *offset_at(void const *base, size_t where)
{
  return (uint32_t const *)(void const *)((char const *)base + where);
}

static int put_strings(envelope const *e, stralloc *out, void const *base, string_record const *table,
                       size_t n)
{
  for (size_t i = 0; i < n; i++) {
    uint32_t offset = *offset_at(base, table[i].where);
    if (offset && !record_puts(out, table[i].type, envelope_string(e, offset)))
      return 0;
  }
  return 1;
}

static int put_octet(stralloc *out, unsigned char type, unsigned char octet)
{
  return !octet || record_put(out, type, (char const *)&octet, 1);
}

static int put_message(envelope const *e, stralloc *out)
{
  unsigned char parent = e->parent_claimed ? ENVELOPE_PARENT_CLAIMED : ENVELOPE_PARENT;
  return (!e->has_sender || record_puts(out, ENVELOPE_SENDER, envelope_string(e, e->sender))) &&
         (!e->parent || record_puts(out, parent, envelope_string(e, e->parent))) &&
         (!e->uid || record_put_number(out, ENVELOPE_UID, e->uid)) && put_octet(out, ENVELOPE_RET, e->ret) &&
         put_octet(out, ENVELOPE_BODY, e->body) && put_octet(out, ENVELOPE_BOUNCE, e->bounce) &&
         (!e->smtputf8 || record_put(out, ENVELOPE_SMTPUTF8, "", 0)) &&
         put_strings(e, out, e, message_strings, COUNT(message_strings));
}

static int put_rcpt(envelope const *e, stralloc *out, envelope_rcpt const *rcpt)
{
  return record_puts(out, ENVELOPE_RCPT, envelope_string(e, rcpt->address)) &&
         put_strings(e, out, rcpt, rcpt_strings, COUNT(rcpt_strings)) &&
         put_octet(out, ENVELOPE_NOTIFY, rcpt->notify) && put_octet(out, ENVELOPE_FINAL, rcpt->final);
}

int envelope_pack(envelope const *e, stralloc *out, size_t first, size_t max, size_t *next)
{
  size_t begin = out->len;
  if (!first && !put_message(e, out))
    return 0;
  for (*next = first; *next < envelope_count(e); ++*next) {
    size_t before = out->len;
    if (!put_rcpt(e, out, envelope_rcpts(e) + *next))
      return 0;
    if (max && out->len - begin > max && *next > first) {
      out->len = before;
      break;
    }
  }
  return 1;
}

int envelope_pack_all(envelope const *e, stralloc *out)
{
  size_t next;
  return envelope_pack(e, out, 0, 0, &next);
}

static enum envelope_unpacked take_string(envelope *e, uint32_t *where, record const *one)
{
  if (*where)
    return ENVELOPE_BROKEN;
  if (envelope_set(e, where, one->s, one->len))
    return ENVELOPE_OK;
  return errno == EINVAL || errno == ENAMETOOLONG ? ENVELOPE_BROKEN : ENVELOPE_NOMEM;
}

/* A record of one octet, which must be one of `allowed` and new. */
static enum envelope_unpacked take_octet(unsigned char *where, record const *one, char const *allowed)
{
  if (*where || one->len != 1 || !*one->s || !strchr(allowed, *one->s))
    return ENVELOPE_BROKEN;
  *where = (unsigned char)*one->s;
  return ENVELOPE_OK;
}

static enum envelope_unpacked take_rcpt(envelope *e, record const *one)
{
  if (envelope_add(e, one->s, one->len))
    return ENVELOPE_OK;
  return errno == E2BIG                             ? ENVELOPE_TOOMANY
         : errno == EINVAL || errno == ENAMETOOLONG ? ENVELOPE_BROKEN
                                                    : ENVELOPE_NOMEM;
}

/* RFC 3461 section 4.1: NEVER stands alone. */
#define NOTIFY_ALLOWED "\1\2\4\6\10\12\14\16"

static enum envelope_unpacked take_about_rcpt(envelope *e, record const *one)
{
  if (!envelope_count(e))
    return ENVELOPE_BROKEN;
  envelope_rcpt *rcpt = envelope_rcpts(e) + (envelope_count(e) - 1);
  switch (one->type) {
  case ENVELOPE_ORIGINAL: return take_string(e, &rcpt->original, one);
  case ENVELOPE_ORCPT: return take_string(e, &rcpt->orcpt, one);
  case ENVELOPE_NOTIFY: return take_octet(&rcpt->notify, one, NOTIFY_ALLOWED);
  case ENVELOPE_FINAL: return take_octet(&rcpt->final, one, "\1\2");
  default: return one->type & RECORD_MUST ? ENVELOPE_FOREIGN : ENVELOPE_OK;
  }
}

static enum envelope_unpacked take_sender(envelope *e, record const *one)
{
  if (e->has_sender)
    return ENVELOPE_BROKEN;
  e->has_sender = 1;
  return take_string(e, &e->sender, one);
}

static enum envelope_unpacked take_other(envelope *e, record const *one)
{
  for (size_t i = 0; i < COUNT(message_strings); i++)
    if (message_strings[i].type == one->type)
      return take_string(e, (uint32_t *)(void *)((char *)e + message_strings[i].where), one);
  return one->type & RECORD_MUST ? ENVELOPE_FOREIGN : ENVELOPE_OK;
}

static enum envelope_unpacked take_record(envelope *e, record const *one)
{
  switch (one->type) {
  case ENVELOPE_SENDER: return take_sender(e, one);
  case ENVELOPE_RCPT: return take_rcpt(e, one);
  case ENVELOPE_PARENT_CLAIMED: e->parent_claimed = 1; /* fall through */
  case ENVELOPE_PARENT: return take_string(e, &e->parent, one);
  case ENVELOPE_RET: return take_octet(&e->ret, one, "FH");
  case ENVELOPE_BODY: return take_octet(&e->body, one, "78");
  case ENVELOPE_BOUNCE: return take_octet(&e->bounce, one, "\1\2");
  case ENVELOPE_UID: return !e->uid && record_number(one, &e->uid) ? ENVELOPE_OK : ENVELOPE_BROKEN;
  case ENVELOPE_SMTPUTF8: e->smtputf8 = 1; return one->len ? ENVELOPE_BROKEN : ENVELOPE_OK;
  default: break;
  }
  unsigned char number = one->type & (RECORD_MUST - 1);
  return number > (ENVELOPE_RCPT & ~RECORD_MUST) && number < ENVELOPE_ENVID ? take_about_rcpt(e, one)
                                                                            : take_other(e, one);
}

enum envelope_unpacked envelope_unpack(envelope *e, char const *s, size_t len)
{
  record_reader r = RECORD_READER(s, len);
  enum envelope_unpacked unpacked = ENVELOPE_OK;
  record one;
  while (unpacked == ENVELOPE_OK) {
    enum record_found found = record_next(&r, &one);
    if (found == RECORD_END)
      return ENVELOPE_OK;
    unpacked = found == RECORD_BROKEN ? ENVELOPE_BROKEN : take_record(e, &one);
  }
  return unpacked;
}
