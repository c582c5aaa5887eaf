/* received - what a client said of itself stands in the field only after it was made harmless: octets that
   could end a token, a comment or a line become question marks. */
#include <string.h>
#include <strings.h>
#include <skalibs/types.h>
#include <skalibs/uint64.h>
#include "lib/address.h"
#include "lib/date.h"
#include "queue/received.h"

#define NAME_MAX_SHOWN 255u /* octets of a name that a client gave */
#define FOR_MAX 300u        /* octets of a recipient that is named */

/* A token of a client: visible ASCII, and nothing that means anything in a structured field. */
static int put_token(stralloc *out, char const *s, size_t max)
{
  for (; *s && max; s++, max--) {
    char c = *s > ' ' && *s < 127 && !strchr("()<>\\\",;", *s) ? *s : '?';
    if (!stralloc_append(out, c))
      return 0;
  }
  return 1;
}

/* "[192.0.2.1]", "[IPv6:2001:db8::1]" (RFC 5321 section 4.1.3) */
static int put_literal(stralloc *out, char const *address)
{
  return stralloc_cats(out, strchr(address, ':') ? "[IPv6:" : "[") && put_token(out, address, 64) &&
         stralloc_cats(out, "]");
}

static int put_from(stralloc *out, envelope const *e, uint64_t uid)
{
  char number[UINT64_FMT];
  if (!e->protocol && !e->client_address)
    return stralloc_cats(out, "(by uid ") && stralloc_catb(out, number, uint64_fmt(number, uid)) &&
           stralloc_cats(out, ")");
  char const *address = e->client_address ? envelope_string(e, e->client_address) : "unknown";
  return stralloc_cats(out, "from ") &&
         (e->client_helo ? put_token(out, envelope_string(e, e->client_helo), NAME_MAX_SHOWN)
                         : put_literal(out, address)) &&
         stralloc_cats(out, " (") && put_literal(out, address) && stralloc_cats(out, ")");
}

static int put_with(stralloc *out, envelope const *e)
{
  if (!e->protocol)
    return 1;
  if (!stralloc_cats(out, " with ") || !put_token(out, envelope_string(e, e->protocol), 32))
    return 0;
  return !e->tls || (stralloc_cats(out, " (") && put_token(out, envelope_string(e, e->tls), 64) &&
                     stralloc_cats(out, ")"));
}

/* Only a single recipient is named: who else got a message is nobody's business. */
static int put_for(stralloc *out, envelope const *e)
{
  char const *address = envelope_count(e) == 1 ? envelope_string(e, envelope_rcpts(e)->address) : "";
  size_t len = strlen(address);
  if (!len || len > FOR_MAX || strpbrk(address, "<>\\\""))
    return 1;
  for (size_t k = 0; k < len; k++)
    if ((unsigned char)address[k] <= ' ' || ((unsigned char)address[k] > 126 && !e->smtputf8))
      return 1;
  return stralloc_cats(out, "\n\tfor <") && stralloc_catb(out, address, len) && stralloc_cats(out, ">");
}

int received_make(stralloc *out, envelope const *e, uint64_t uid, char const *me, char const *id_text,
                  time_t now)
{
  char date[DATE_5322];
  date_5322(date, now);
  out->len = 0;
  return stralloc_cats(out, "Received: ") && put_from(out, e, uid) && stralloc_cats(out, "\n\tby ") &&
         stralloc_cats(out, me) && stralloc_cats(out, " (tern)") && put_with(out, e) &&
         stralloc_cats(out, "\n\tid ") && stralloc_cats(out, id_text) && put_for(out, e) &&
         stralloc_cats(out, ";\n\t") && stralloc_cats(out, date) && stralloc_cats(out, "\n");
}

/* ---- looking at what comes

                 LF                 letter of a name     blank after the name   colon after the name   else
   START         END                NAME                 REST, or VALUE if the Message-ID is folded    REST
   NAME          START              NAME                 NAME                   REST, one more; VALUE  REST
   VALUE         START              what is kept                                                       VALUE
   REST          START              REST                 REST                   REST                   REST */

enum { NAME_RECEIVED, NAME_MESSAGE_ID };
static struct {
  char const *s;
  unsigned int len;
} const names[] = {{"received", 8}, {"message-id", 10}};

static void begin_line(received *r, char c)
{
  r->matched = 0;
  if ((c == ' ' || c == '\t') && r->folding) {
    r->at = RECEIVED_VALUE;
    return;
  }
  r->folding = 0;
  r->name = (c | 0x20) == 'm' ? NAME_MESSAGE_ID : NAME_RECEIVED;
  r->at = RECEIVED_NAME;
}

static void end_name(received *r)
{
  r->at = RECEIVED_REST;
  if (r->name == NAME_RECEIVED)
    r->count++;
  else if (!r->id_len) {
    r->folding = 1;
    r->at = RECEIVED_VALUE;
  }
}

static void step_name(received *r, char c)
{
  if (r->matched < names[r->name].len) {
    if ((c | 0x20) != names[r->name].s[r->matched++])
      r->at = RECEIVED_REST;
  } else if (c == ':')
    end_name(r);
  else if (c != ' ' && c != '\t')
    r->at = RECEIVED_REST;
}

static void step(received *r, char c)
{
  if (c == '\n') {
    r->at = r->at == RECEIVED_START ? RECEIVED_END : RECEIVED_START;
    return;
  }
  if (r->at == RECEIVED_START)
    begin_line(r, c);
  if (r->at == RECEIVED_NAME)
    step_name(r, c);
  else if (r->at == RECEIVED_VALUE && (unsigned char)c > ' ' && r->id_len < RECEIVED_ID_MAX)
    r->id[r->id_len++] = c;
}

void received_look(received *r, char const *s, size_t len)
{
  char const *end = s + len;
  while (s < end && r->at != RECEIVED_END) {
    if (r->at == RECEIVED_REST) {
      s = memchr(s, '\n', (size_t)(end - s));
      if (!s)
        return;
    }
    step(r, *s++);
  }
}
