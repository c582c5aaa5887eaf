/* data - spans between two CRs are found by memchr and moved at once; octets are looked at one by one only at
   the borders of lines. */
#include <string.h>
#include "smtpd/data.h"

typedef struct cursor_s cursor;
struct cursor_s {
  char *to;
  char const *from;
  char const *end;
};

static void move(decoder *d, cursor *c, size_t n)
{
  if (c->to != c->from)
    memmove(c->to, c->from, n);
  c->to += n;
  c->from += n;
  d->size += n;
}

/* The octets up to the next CR; gives the state behind them. */
static enum data_state text(decoder *d, cursor *c)
{
  size_t left = (size_t)(c->end - c->from);
  char const *cr = memchr(c->from, '\r', left);
  size_t n = cr ? (size_t)(cr - c->from) : left;
  if (!(d->bare & DATA_BARE_LF) && memchr(c->from, '\n', n))
    d->bare |= DATA_BARE_LF;
  move(d, c, n);
  c->from += !!cr;
  return cr ? DATA_CR : DATA_TEXT;
}

/* The same where LF ends a line: up to that, or to a CR before it. */
static enum data_state text_local(decoder *d, cursor *c)
{
  char const *lf = memchr(c->from, '\n', (size_t)(c->end - c->from));
  char const *end = lf ? lf : c->end;
  char const *cr = memchr(c->from, '\r', (size_t)(end - c->from));
  if (cr) {
    move(d, c, (size_t)(cr - c->from));
    c->from++;
    return DATA_CR;
  }
  move(d, c, (size_t)(end - c->from) + !!lf);
  d->size += !!lf;
  return lf ? DATA_LINE : DATA_TEXT;
}

/* After a CR that may be half of a line's end. */
static enum data_state after_cr(decoder *d, cursor *c, enum data_state at_lf)
{
  if (*c->from != '\n') { /* it was bare: the octet behind it is judged as text */
    d->bare |= DATA_BARE_CR;
    if (d->rules != DATA_STRICT && *c->from == '\r') {
      c->from++;
      return DATA_CR;
    }
    *c->to++ = d->rules == DATA_STRICT ? '\r' : '\n';
    d->size++;
    return DATA_TEXT;
  }
  c->from++;
  if (at_lf == DATA_LINE) {
    *c->to++ = '\n';
    d->size += 2;
  }
  return at_lf;
}

/* One octet at most, at the start of a line. */
static enum data_state start(decoder const *d, cursor *c, char special, enum data_state then)
{
  if (d->chunks || *c->from != special)
    return DATA_TEXT;
  c->from++;
  return then;
}

/* Behind the dot that began a line. */
static enum data_state dot(decoder const *d, cursor *c)
{
  if (d->rules == DATA_LOCAL && *c->from == '\n') {
    c->from++;
    return DATA_END;
  }
  return start(d, c, '\r', DATA_DOTCR);
}

size_t data_decode(decoder *d, char *to, char const *from, size_t len, size_t *used)
{
  cursor c = {.to = to, .from = from, .end = from + len};
  while (c.from < c.end && d->state != DATA_END) {
    switch (d->state) {
    case DATA_LINE: d->state = start(d, &c, '.', DATA_DOT); break;
    case DATA_DOT: d->state = dot(d, &c); break;
    case DATA_DOTCR: d->state = after_cr(d, &c, DATA_END); break;
    case DATA_CR: d->state = after_cr(d, &c, DATA_LINE); break;
    default: d->state = d->rules == DATA_LOCAL ? text_local(d, &c) : text(d, &c); break;
    }
  }
  *used = (size_t)(c.from - from);
  return (size_t)(c.to - to);
}

size_t data_finish(decoder *d, char *to)
{
  size_t n = d->state == DATA_CR || d->state == DATA_TEXT;
  if (d->state == DATA_CR)
    d->bare |= DATA_BARE_CR;
  if (n)
    *to = '\n';
  d->state = DATA_END;
  return n;
}
