/* fields - see fields.h. A name without a domain is completed by putting "@me" behind it where it stands, so
   that a header that needs nothing leaves as it came, signed or not. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <skalibs/random.h>
#include <skalibs/uint32.h>
#include "lib/date.h"
#include "tools/addresses.h"
#include "tools/fields.h"
#include "tools/incoming.h"

enum kind {
  NOTED = 0,
  ADDRESSES = 1, /* a list of addresses: completed */
  RECIPIENTS = 2,
  RESENT = 4, /* of a resent block */
  DROPPED = 8,
  TRANSPORT = 16 /* set by transports: a resent block ends before it */
};

typedef struct field_s field;
struct field_s {
  char const *name;
  unsigned int kind;
  unsigned int seen;
};

static field const table[] = {
    {"date", NOTED, FIELDS_DATE},
    {"message-id", NOTED, FIELDS_MESSAGE_ID},
    {"from", ADDRESSES, FIELDS_FROM},
    {"sender", ADDRESSES, 0},
    {"reply-to", ADDRESSES, 0},
    {"to", ADDRESSES | RECIPIENTS, 0},
    {"cc", ADDRESSES | RECIPIENTS, 0},
    {"bcc", RECIPIENTS | DROPPED, 0},
    {"apparently-to", ADDRESSES, 0},
    {"errors-to", ADDRESSES, 0},
    {"return-receipt-to", ADDRESSES, 0},
    {"disposition-notification-to", ADDRESSES, 0},
    {"mail-followup-to", ADDRESSES, 0},
    {"mail-reply-to", ADDRESSES, 0},
    {"resent-date", RESENT, FIELDS_RESENT_DATE},
    {"resent-message-id", RESENT, FIELDS_RESENT_MESSAGE_ID},
    {"resent-from", RESENT | ADDRESSES, FIELDS_RESENT_FROM},
    {"resent-sender", RESENT | ADDRESSES, 0},
    {"resent-reply-to", RESENT | ADDRESSES, 0},
    {"resent-to", RESENT | ADDRESSES | RECIPIENTS, 0},
    {"resent-cc", RESENT | ADDRESSES | RECIPIENTS, 0},
    {"resent-bcc", RESENT | RECIPIENTS | DROPPED, 0},
    {"received", TRANSPORT, 0},
    {"return-path", TRANSPORT | DROPPED, 0}, /* the last transport's to write */
    {"content-length", DROPPED, 0},          /* wrong as soon as anything is added */
};

static field const *find(char const *name, size_t len)
{
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (strlen(table[i].name) == len && !strncasecmp(table[i].name, name, len))
      return table + i;
  return 0;
}

int fields_put_address(stralloc *out, char const *s, size_t len, int complete, char const *domain)
{
  return stralloc_catb(out, s, len) &&
         (complete || (stralloc_catb(out, "@", 1) && stralloc_cats(out, domain)));
}

typedef struct collector_s collector;
struct collector_s {
  char const *me;
  stralloc *recipients; /* 0: not wanted */
  stralloc *out;        /* 0: not wanted */
  char const *s;        /* the field's body */
  size_t copied;
};

static int collect(void *data, addresses_found const *a)
{
  collector *c = data;
  if (c->recipients &&
      !(fields_put_address(c->recipients, a->s, a->len, a->complete, c->me) && stralloc_0(c->recipients)))
    return 0;
  if (!c->out || a->complete || !a->insert)
    return 1;
  size_t from = c->copied;
  c->copied = a->insert;
  return stralloc_catb(c->out, c->s + from, a->insert - from) && stralloc_catb(c->out, "@", 1) &&
         stralloc_cats(c->out, c->me);
}

/* A field with addresses; name and colon are `start` octets. A list that can't be read goes out as it came.
 */
static int read_addresses(fields *f, field const *known, char const *s, size_t start, size_t len)
{
  size_t before = f->out.len;
  stralloc *to = known->kind & RESENT ? &f->resent : &f->to;
  int wanted = known->kind & RECIPIENTS && !(known->kind & RESENT && f->resent_over);
  collector c = {.me = f->me, .recipients = wanted ? to : 0, .s = s + start};
  if (!(known->kind & DROPPED)) {
    if (!stralloc_catb(&f->out, s, start))
      return 0;
    c.out = &f->out;
  }
  switch (addresses_parse(s + start, len - start, collect, &c)) {
  case ADDRESSES_STOPPED: return 0;
  case ADDRESSES_OK: return !c.out || stralloc_catb(c.out, c.s + c.copied, len - start - c.copied);
  case ADDRESSES_SYNTAX: break;
  }
  if (wanted)
    snprintf(f->broken, sizeof f->broken, "%s", known->name);
  f->out.len = before;
  return !c.out || stralloc_catb(c.out, s, len);
}

static int read_field(fields *f, char const *s, size_t len)
{
  size_t name = incoming_field(s, len);
  field const *known = find(s, name);
  if (!known)
    return stralloc_catb(&f->out, s, len);
  f->seen |= known->seen;
  if (known->kind & RESENT && !f->resent_over)
    f->seen |= FIELDS_RESENT;
  f->resent_over |= known->kind & TRANSPORT && f->seen & FIELDS_RESENT;
  if (known->kind & (ADDRESSES | RECIPIENTS))
    return read_addresses(f, known, s, (size_t)((char *)memchr(s, ':', len) - s) + 1, len);
  return known->kind & DROPPED || stralloc_catb(&f->out, s, len);
}

int fields_read(fields *f, char const *s, size_t len)
{
  while (len) {
    size_t n = 0;
    do { /* a line, and the lines that continue it */
      char const *lf = memchr(s + n, '\n', len - n);
      n = lf ? (size_t)(lf - s) + 1 : len;
    } while (n < len && (s[n] == ' ' || s[n] == '\t'));
    if (!read_field(f, s, n))
      return 0;
    s += n;
    len -= n;
  }
  return 1;
}

static int put_date(stralloc *out, char const *prefix, time_t now)
{
  char date[DATE_5322];
  tzset();
  date_5322(date, now);
  return stralloc_cats(out, prefix) && stralloc_cats(out, "Date: ") && stralloc_cats(out, date) &&
         stralloc_catb(out, "\n", 1);
}

/* RFC 5322 section 3.6.4: unique for ever: the second, the process and 64 random bits. */
static int put_message_id(stralloc *out, char const *prefix, char const *me, time_t now)
{
  char text[96], name[16];
  random_name(name, sizeof name);
  int n = snprintf(text, sizeof text, "Message-ID: <%llx.%lx.%.*s@", (unsigned long long)now,
                   (unsigned long)getpid(), (int)sizeof name, name);
  return stralloc_cats(out, prefix) && stralloc_catb(out, text, (size_t)n) && stralloc_cats(out, me) &&
         stralloc_catb(out, ">\n", 2);
}

/* A name is written in quotes, which any name may be. */
static int put_from(stralloc *out, char const *prefix, char const *from, char const *name)
{
  if (!stralloc_cats(out, prefix) || !stralloc_cats(out, "From: "))
    return 0;
  if (name && *name) {
    if (!stralloc_catb(out, "\"", 1))
      return 0;
    for (char const *s = name; *s; s++)
      if (((*s == '"' || *s == '\\') && !stralloc_catb(out, "\\", 1)) || !stralloc_catb(out, s, 1))
        return 0;
    if (!stralloc_catb(out, "\" <", 3))
      return 0;
  }
  return stralloc_cats(out, from) && stralloc_cats(out, name && *name ? ">\n" : "\n");
}

static int complete_block(fields *f, char const *prefix, unsigned int missing, char const *from,
                          char const *name, time_t now)
{
  return (!(missing & FIELDS_DATE) || put_date(&f->out, prefix, now)) &&
         (!(missing & FIELDS_FROM) || put_from(&f->out, prefix, from, name)) &&
         (!(missing & FIELDS_MESSAGE_ID) || put_message_id(&f->out, prefix, f->me, now));
}

int fields_complete(fields *f, char const *from, char const *name, time_t now)
{
  static unsigned int const all = FIELDS_DATE | FIELDS_FROM | FIELDS_MESSAGE_ID;
  stralloc first = STRALLOC_ZERO;
  int ok = 1;
  if (f->seen & FIELDS_RESENT) { /* a block stands together: its new fields go on top */
    stralloc rest = f->out;
    f->out = first;
    ok = complete_block(f, "Resent-", ~f->seen / FIELDS_RESENT_DATE & all, from, name, now) &&
         stralloc_catb(&f->out, rest.s, rest.len);
    stralloc_free(&rest);
  }
  return ok && complete_block(f, "", ~f->seen & all, from, name, now);
}

void fields_clear(fields *f)
{
  f->out.len = f->to.len = f->resent.len = 0;
  f->seen = 0;
  f->resent_over = 0;
  f->broken[0] = 0;
}
