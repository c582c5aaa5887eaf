/* chunk - see chunk.h. */
#include <string.h>
#include <strings.h>
#include "smtpd/chunk.h"
#include "smtpd/transaction.h"

typedef struct chunk_s chunk;
struct chunk_s {
  uint64_t size;
  int last;
};

/* "size" or "size LAST" */
static int scan(chunk *c, char const *s, size_t len)
{
  size_t n = strspn(s, "0123456789");
  c->size = 0;
  for (size_t i = 0; i < n; i++) {
    unsigned int digit = (unsigned int)(s[i] - '0');
    if (c->size > (UINT64_MAX - digit) / 10)
      return 0;
    c->size = 10 * c->size + digit;
  }
  if (!n || (n < len && s[n] != ' '))
    return 0;
  while (n < len && s[n] == ' ')
    n++;
  c->last = n < len;
  return !c->last || !strcasecmp(s + n, "LAST");
}

/* Takes the octets of a chunk into the message, or, if that is refused, out of the way. 0: the session is
 * over. */
static int receive(session *s, chunk *c)
{
  for (;;) {
    c->size -= message_decode(s, c->size < SIZE_MAX ? (size_t)c->size : SIZE_MAX);
    if (!c->size)
      return 1;
    if (!message_more(s))
      return 0;
  }
}

/* One that belongs to nothing: its octets go, so that they are not read as commands. */
static void waste(session *s, chunk *c, char const *why)
{
  message_begin(s, 1);
  s->m.phase = MESSAGE_EATING;
  if (!receive(s, c))
    return;
  s->m.phase = MESSAGE_NONE;
  session_fault(s, "%s", why);
}

static void go_on(session *s, uint64_t size)
{
  message_make_room(s);
  if (s->m.phase == MESSAGE_EATING) { /* said now, not after gigabytes more */
    message_answer(s);
    return;
  }
  s->in.base = s->m.kept + 1; /* one octet may be held back */
  if (size >= CHUNK_SMALL || session_charge(s, SESSION_NOISE))
    reply_line(&s->out, "250 2.0.0 Ok: %llu octets", (unsigned long long)size);
}

void chunk_bdat(session *s, char *arg, size_t len)
{
  chunk c;
  if (!scan(&c, arg, len)) {
    reply_line(&s->out, "501 5.5.4 syntax: BDAT size [LAST], closing");
    session_end(s, "BDAT without a size");
    return;
  }
  uint64_t size = c.size;
  if (!s->mail)
    waste(s, &c, "503 5.5.1 say MAIL and RCPT first");
  else if (!envelope_count(&s->e))
    waste(s, &c, "554 5.5.1 no recipient was accepted");
  else {
    if (s->m.phase == MESSAGE_NONE)
      message_begin(s, 1);
    if (!receive(s, &c))
      return;
    if (c.last)
      message_answer(s);
    else
      go_on(s, size);
  }
}
