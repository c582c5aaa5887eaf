/* headers - finds its two fields line by line; writes those that go on top. */
#include <string.h>
#include <strings.h>
#include <time.h>
#include "lib/date.h"
#include "lib/envelope.h"
#include "local/headers.h"

void headers_init(headers *h, char const *recipient)
{
  h->recipient = recipient;
  h->at = 0;
  h->nskip = 0;
  h->field = HEADERS_OTHER;
  h->ended = h->inside = h->loop = 0;
  h->valuelen = 0;
}

static int is_blank(char c)
{
  return c == ' ' || c == '\t';
}

/* The field that a line begins: its name, perhaps white space (RFC 5322 section 4.5.8), a colon. *value: what
 * follows. */
static enum headers_field field_of(char const *s, size_t len, size_t *value)
{
  static struct {
    enum headers_field field;
    unsigned char len;
    char const *name;
  } const names[] = {{HEADERS_RETURN_PATH, 11, "Return-Path"}, {HEADERS_DELIVERED_TO, 12, "Delivered-To"}};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    size_t n = names[i].len;
    if (len <= n || strncasecmp(s, names[i].name, n))
      continue;
    while (n < len && is_blank(s[n]))
      n++;
    if (n == len || s[n] != ':')
      return HEADERS_OTHER;
    *value = n + 1;
    return names[i].field;
  }
  return HEADERS_OTHER;
}

static void value_add(headers *h, char const *s, size_t len)
{
  while (len && (is_blank(*s) || *s == '\n' || *s == '\r'))
    s++, len--;
  while (len && (is_blank(s[len - 1]) || s[len - 1] == '\n' || s[len - 1] == '\r'))
    len--;
  if (len > HEADERS_VALUE - h->valuelen)
    len = HEADERS_VALUE - h->valuelen;
  memcpy(h->value + h->valuelen, s, len);
  h->valuelen += len;
}

/* The field before is complete: is it the recipient's? Case does not count: two spellings of a name are one
   mailbox here, and a loop may change them. */
static void value_judge(headers *h)
{
  if (h->field == HEADERS_DELIVERED_TO && h->valuelen && h->valuelen == strlen(h->recipient) &&
      !strncasecmp(h->value, h->recipient, h->valuelen))
    h->loop = 1;
  h->valuelen = 0;
}

static void skip_line(headers *h, size_t len, int folded)
{
  if (folded) {
    if (h->nskip && h->skip[h->nskip - 1].to == h->at)
      h->skip[h->nskip - 1].to += len;
  } else if (h->nskip < HEADERS_SKIP_MAX)
    h->skip[h->nskip++] = (headers_range){.from = h->at, .to = h->at + len};
}

static void line(headers *h, char const *s, size_t len)
{
  int folded = is_blank(*s);
  size_t value = 0;
  if (!folded) {
    value_judge(h);
    h->field = field_of(s, len, &value);
  }
  if (h->field == HEADERS_DELIVERED_TO)
    value_add(h, s + value, len - value);
  if (h->field == HEADERS_RETURN_PATH)
    skip_line(h, len, folded);
}

size_t headers_scan(headers *h, char const *s, size_t len)
{
  size_t done = 0;
  while (done < len && !h->ended) {
    char const *nl = memchr(s + done, '\n', len - done);
    size_t n = nl ? (size_t)(nl - s) + 1 - done : len - done;
    if (!nl && done)
      break;
    if (h->inside) {
      if (h->field == HEADERS_RETURN_PATH)
        skip_line(h, n, 1);
    } else if (nl && (n == 1 || (n == 2 && s[done] == '\r'))) {
      value_judge(h);
      h->ended = 1;
      break;
    } else
      line(h, s + done, n);
    h->inside = !nl;
    h->at += n;
    done += n;
  }
  return done;
}

void headers_finish(headers *h)
{
  if (!h->ended)
    value_judge(h);
  h->ended = 1;
}

/* ---- what goes on top */

static size_t put(char *s, char const *text)
{
  size_t len = strlen(text);
  memcpy(s, text, len);
  return len;
}

static size_t put_address(char *s, char const *address, char blank)
{
  size_t len = strnlen(address, ENVELOPE_ADDRESS_MAX);
  for (size_t i = 0; i < len; i++) {
    char c = address[i];
    s[i] = blank && (is_blank(c) || c == '\n') ? blank : (unsigned char)c < 32 || c == 127 ? '?' : c;
  }
  return len;
}

size_t headers_return_path(char *s, char const *sender)
{
  size_t n = put(s, "Return-Path: <");
  n += put_address(s + n, sender, 0);
  return n + put(s + n, ">\n");
}

size_t headers_original(char *s, char const *address)
{
  size_t n = put(s, "X-Original-To: ");
  n += put_address(s + n, address, 0);
  return n + put(s + n, "\n");
}

size_t headers_delivered(char *s, char const *recipient)
{
  size_t n = put(s, "Delivered-To: ");
  n += put_address(s + n, recipient, 0);
  return n + put(s + n, "\n");
}

size_t headers_from_(char *s, char const *sender)
{
  char date[DATE_ASCTIME];
  size_t n = put(s, "From ");
  n += put_address(s + n, *sender ? sender : "MAILER-DAEMON", '-');
  n += put(s + n, " ");
  date_asctime(date, time(0));
  n += put(s + n, date);
  return n + put(s + n, "\n");
}
