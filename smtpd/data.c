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

/* The octets up to the next CR; gives the state behind them. */
static enum data_state text(data *d, cursor *c)
{
  size_t left = (size_t)(c->end - c->from);
  char const *cr = memchr(c->from, '\r', left);
  size_t n = cr ? (size_t)(cr - c->from) : left;
  if (c->to != c->from)
    memmove(c->to, c->from, n);
  c->to += n;
  c->from += n + !!cr;
  d->size += n;
  return cr ? DATA_CR : DATA_TEXT;
}

/* After a CR that may be half of a line's end. */
static enum data_state after_cr(data *d, cursor *c, enum data_state at_lf)
{
  if (*c->from != '\n') { /* it was bare: the octet behind it is judged as text */
    *c->to++ = '\r';
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
static enum data_state start(cursor *c, char special, enum data_state then)
{
  if (*c->from != special)
    return DATA_TEXT;
  c->from++;
  return then;
}

size_t data_decode(data *d, char *to, char const *from, size_t len, size_t *used)
{
  cursor c = {.to = to, .from = from, .end = from + len};
  while (c.from < c.end && d->state != DATA_END) {
    switch (d->state) {
    case DATA_LINE: d->state = start(&c, '.', DATA_DOT); break;
    case DATA_DOT: d->state = start(&c, '\r', DATA_DOTCR); break;
    case DATA_DOTCR: d->state = after_cr(d, &c, DATA_END); break;
    case DATA_CR: d->state = after_cr(d, &c, DATA_LINE); break;
    default: d->state = text(d, &c); break;
    }
  }
  *used = (size_t)(c.from - from);
  return (size_t)(c.to - to);
}
