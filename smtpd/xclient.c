/* xclient - see xclient.h. */
#include <string.h>
#include <strings.h>
#include "smtpd/command.h"
#include "smtpd/entrance.h"
#include "smtpd/transaction.h"
#include "smtpd/xclient.h"

typedef struct told_s told;
struct told_s {
  int has_client;
  ip46 client;
  char const *helo; /* 0: not told */
};

static int hex(char c)
{
  return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* xtext (RFC 1891) in place. 0: it is none, or hides a control character. */
static int decode(char *s)
{
  char *to = s;
  for (; *s; s++) {
    int c = *s;
    if (c == '+') {
      if (!s[1] || hex(s[1]) < 0 || hex(s[2]) < 0)
        return 0;
      c = 16 * hex(s[1]) + hex(s[2]);
      s += 2;
    }
    if (c >= 0 && (c < 32 || c == 127))
      return 0;
    *to++ = (char)c;
  }
  *to = 0;
  return 1;
}

static int is_unknown(char const *value)
{
  return !strcasecmp(value, "[UNAVAILABLE]") || !strcasecmp(value, "[TEMPUNAVAIL]");
}

static int take_address(told *t, char const *value)
{
  if (is_unknown(value))
    return 1;
  if (!strncasecmp(value, "IPV6:", 5))
    value += 5;
  t->has_client = 1;
  return *value && ip46_scan(value, &t->client) == strlen(value);
}

/* NAME=value. What is of no use here is only judged. */
static int take(told *t, char *attribute)
{
  static char const *const others[] = {"NAME", "PORT", "PROTO", "LOGIN", "DESTADDR", "DESTPORT"};
  char *value = strchr(attribute, '=');
  if (!value)
    return 0;
  *value++ = 0;
  if (!decode(value))
    return 0;
  if (!strcasecmp(attribute, "ADDR"))
    return take_address(t, value);
  if (!strcasecmp(attribute, "HELO")) {
    t->helo = is_unknown(value) ? "" : value;
    return !*t->helo || command_is_host(value, strlen(value));
  }
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    if (!strcasecmp(attribute, others[i]))
      return 1;
  return 0;
}

void xclient_run(session *s, char *arg, size_t len)
{
  told t = {.has_client = 0};
  char *next;
  (void)len;
  if (!s->rights.xclient) {
    session_fault(s, "550 5.7.1 XCLIENT is not for you");
    return;
  }
  for (; *arg; arg = next) {
    next = arg + strcspn(arg, " ");
    next += *next ? (*next = 0, 1) : 0;
    if (*arg && !take(&t, arg)) {
      session_fault(s, "501 5.5.4 bad attribute: %.100s", arg);
      return;
    }
  }
  transaction_reset(s);
  s->greeted = GREETED_NOT;
  s->helo[0] = 0;
  if (t.helo)
    memcpy(s->helo, t.helo, strlen(t.helo) + 1);
  if (t.has_client)
    session_is(s, &t.client);
  s->rights.xclient = 1; /* it is still the same connection */
  entrance_greet(s);
}
