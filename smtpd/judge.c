/* judge - see judge.h. What the lists say of a client is asked once a session. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "smtpd/blocklist.h"
#include "smtpd/judge.h"
#include "smtpd/lists.h"

static int deny(session *s, result *r, enum result_class class, unsigned int status, char const *fmt, ...)
    __attribute__((format(printf, 5, 6)));

/* Why, and with whom to speak. Gives 0. */
static int deny(session *s, result *r, enum result_class class, unsigned int status, char const *fmt, ...)
{
  char why[RESULT_TEXT / 2];
  va_list args;
  va_start(args, fmt);
  (void)vsnprintf(why, sizeof why, fmt, args);
  va_end(args);
  result_set(r, class, status, "%s; questions: postmaster@%s", why, policy_me(s->policy));
  return 0;
}

static int access_allows(session *s, result *r)
{
  policy_client const *c = &s->rights;
  char const *text = *c->text ? c->text : "your network is not served here";
  switch (c->says) {
  case POLICY_SAYS_REFUSE:
    return deny(s, r, RESULT_PERMANENT, STATUS_NOT_AUTHORIZED, "[%s]: %s", s->client_text, text);
  case POLICY_SAYS_LATER:
    return deny(s, r, RESULT_TEMPORARY, STATUS_NOT_AUTHORIZED, "[%s]: %s", s->client_text, text);
  default: return 1;
  }
}

static int has_reverse_dns(session *s, result *r)
{
  char const *wanted = policy_lines(s->policy, CONTROL_REQUIREREVERSEDNS);
  if (!*wanted || *wanted == 'n')
    return 1;
  switch (blocklist_reverse(s->policy->resolver, &s->client, *wanted == 'c')) {
  case BLOCKLIST_NO: return 1;
  case BLOCKLIST_YES:
    return deny(s, r, RESULT_PERMANENT, STATUS_NO_REVERSE_DNS, "[%s] has no name in DNS%s", s->client_text,
                *wanted == 'c' ? " that leads back to it" : "");
  default:
    return deny(s, r, RESULT_TEMPORARY, STATUS_NO_REVERSE_DNS, "the name of [%s] can't be found now",
                s->client_text);
  }
}

static int is_not_listed(session *s, result *r)
{
  char zone[BLOCKLIST_ZONE];
  char const *lines = policy_lines(s->policy, CONTROL_DNSBL);
  if (!*lines || !blocklist_has(s->policy->resolver, lines, &s->client, zone))
    return 1;
  return deny(s, r, RESULT_PERMANENT, STATUS_NOT_AUTHORIZED, "[%s] is listed by %s", s->client_text, zone);
}

/* The client as such. */
static int is_wanted(session *s)
{
  if (s->rights.welcome)
    return 1;
  if (!access_allows(s, &s->verdict))
    return 0;
  if (s->rights.trusted)
    return 1;
  return has_reverse_dns(s, &s->verdict) && is_not_listed(s, &s->verdict);
}

static int judge_client(session *s, result *r)
{
  if (!s->judged) {
    if (is_wanted(s))
      s->verdict.class = RESULT_OK;
    s->judged = 1;
  }
  if (s->verdict.class == RESULT_OK)
    return 1;
  *r = s->verdict;
  return 0;
}

int judge_passes(session *s, result *r)
{
  char const *from = envelope_string(&s->e, s->e.sender);
  if (!judge_client(s, r))
    return 0;
  if (!s->rights.welcome && lists_has_host(policy_lines(s->policy, CONTROL_BADHELO), s->helo))
    return deny(s, r, RESULT_PERMANENT, STATUS_NOT_AUTHORIZED,
                "hosts that call themselves %s are not served here", s->helo);
  if (lists_has_address(policy_lines(s->policy, CONTROL_BADMAILFROM), from, strlen(from)))
    return deny(s, r, RESULT_PERMANENT, STATUS_NOT_AUTHORIZED, "mail from <%.200s> is not taken here", from);
  if (lists_has_address(policy_lines(s->policy, CONTROL_BADRCPTTO), s->address.s, s->address.len))
    return deny(s, r, RESULT_PERMANENT, STATUS_NOT_AUTHORIZED, "mail for <%.*s> is not taken here",
                (int)(s->address.len < 200 ? s->address.len : 200), s->address.s);
  return 1;
}
