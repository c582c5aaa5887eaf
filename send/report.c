/* report - the words and the fields. Everything from outside that stands in it has no control characters by
 * then. */
#include <string.h>
#include <skalibs/types.h>
#include "lib/date.h"
#include "send/report.h"

static int puts2(stralloc *out, char const *a, char const *b)
{
  return stralloc_cats(out, a) && stralloc_cats(out, b);
}

static int field(stralloc *out, char const *name, char const *value)
{
  return puts2(out, name, ": ") && puts2(out, value, "\n");
}

static int is_ascii(char const *s)
{
  for (; *s; s++)
    if ((unsigned char)*s > 127)
      return 0;
  return 1;
}

int report_has(message const *m, uint32_t k)
{
  unsigned char notify = message_rcpt(m, k)->notify;
  if (m->rcpt[k].stage == STAGE_FAILED)
    return !notify || (notify & NOTIFY_FAILURE && !(notify & NOTIFY_NEVER));
  return m->rcpt[k].report != REPORT_NONE;
}

static int has_failure(message const *m)
{
  for (uint32_t k = 0; k < m->n; k++)
    if (m->rcpt[k].stage == STAGE_FAILED && report_has(m, k))
      return 1;
  return 0;
}

int report_is_whole(report const *p)
{
  return p->m->s.length <= REPORT_WHOLE_MAX && has_failure(p->m) &&
         (p->m->e.ret == 'F' || (p->level == REPORT_TO_POSTMASTER && p->m->e.ret != 'H'));
}

static int boundary(report const *p, stralloc *out, char const *end)
{
  return puts2(out, "--=_", p->m->id) && puts2(out, end, "\n");
}

/* ---- the header */

static char const *subject(report const *p)
{
  if (!has_failure(p->m))
    return "Delivery report";
  return p->level == REPORT_TO_POSTMASTER ? "Undeliverable mail: notice to the postmaster"
                                          : "Undelivered mail returned to sender";
}

static int header(report const *p, stralloc *out)
{
  char date[DATE_5322];
  char level[2] = {(char)('0' + p->level), 0};
  date_5322(date, (time_t)p->now);
  return puts2(out, "From: Mail Delivery System <MAILER-DAEMON@", p->me) && puts2(out, ">\nTo: <", p->to) &&
         stralloc_cats(out, ">\n") && field(out, "Subject", subject(p)) && field(out, "Date", date) &&
         puts2(out, "Message-ID: <", p->m->id) && puts2(out, ".", level) && puts2(out, "@", p->me) &&
         stralloc_cats(out, ">\n") && field(out, "Auto-Submitted", "auto-replied") &&
         field(out, "MIME-Version", "1.0") &&
         puts2(out, "Content-Type: multipart/report; report-type=delivery-status;\n\tboundary=\"=_",
               p->m->id) &&
         stralloc_cats(out, "\"\nContent-Transfer-Encoding: 8bit\n\n");
}

/* ---- words */

static char const *what_happened(message const *m, uint32_t k)
{
  switch (m->rcpt[k].stage == STAGE_FAILED ? REPORT_NONE : m->rcpt[k].report) {
  case REPORT_DELIVERED: return "was delivered";
  case REPORT_RELAYED: return "was handed on to a host that may not report what it does with it";
  case REPORT_EXPANDED: return "was handed on to the members of a list";
  default: return 0;
  }
}

/* Is it what a host said, or what we say about a host? */
static int is_reply(char const *s)
{
  return s[0] >= '2' && s[0] <= '5' && s[1] >= '0' && s[1] <= '9' && s[2] >= '0' && s[2] <= '9' &&
         (s[3] == ' ' || s[3] == '-' || !s[3]);
}

static int rcpt_in_words(report const *p, stralloc *out, uint32_t k)
{
  message const *m = p->m;
  envelope_rcpt const *x = message_rcpt(m, k);
  char const *done = what_happened(m, k);
  char code[12];
  result why;
  if (!puts2(out, "<", message_address(m, k)) || !stralloc_cats(out, ">"))
    return 0;
  if (x->original &&
      !(puts2(out, ", to which <", envelope_string(&m->e, x->original)) && stralloc_cats(out, "> led")))
    return 0;
  if (done)
    return puts2(out, " ", done) && stralloc_cats(out, ".\n\n");
  if (!message_why(m, k, &why))
    result_set(&why, RESULT_PERMANENT, STATUS_NONE, "no reason is known");
  if (m->rcpt[k].remote && !puts2(out, ":\n  the host ", envelope_string(&m->e, m->rcpt[k].remote)))
    return 0;
  return stralloc_cats(out, m->rcpt[k].remote && is_reply(why.text) ? " said" : "") &&
         puts2(out, ":\n  ", why.text) && puts2(out, " (", result_code(&why, code)) &&
         stralloc_cats(out, ")\n\n");
}

static int opening(report const *p, stralloc *out)
{
  if (!puts2(out, "This is the mail system of ", p->me) || !stralloc_cats(out, ".\n\n"))
    return 0;
  if (!has_failure(p->m))
    return stralloc_cats(out, "What became of a message that asked for a report:\n\n");
  return stralloc_cats(
      out, p->level == REPORT_TO_POSTMASTER
               ? "A message without a sender who could be told could not be delivered to the\n"
                 "recipients below. It will not be tried again.\n\n"
               : "Your message could not be delivered to the recipients below, for the reason that\n"
                 "is given with each. It will not be tried again.\n\n");
}

static int words(report const *p, stralloc *out)
{
  char n[UINT32_FMT];
  uint32_t named = 0, more = 0;
  if (!boundary(p, out, "") ||
      !stralloc_cats(out, "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n") ||
      !opening(p, out))
    return 0;
  for (uint32_t k = 0; k < p->m->n; k++) {
    if (!report_has(p->m, k))
      continue;
    if (named == REPORT_WORDS)
      more++;
    else if (++named, !rcpt_in_words(p, out, k))
      return 0;
  }
  n[uint32_fmt(n, more)] = 0;
  return (!more || (puts2(out, "... and ", n) && stralloc_cats(out, " more; see the next part.\n\n"))) &&
         puts2(out, "The message's queue id was ", p->m->id) && stralloc_cats(out, ".\n\n");
}

/* ---- fields */

/* RFC 3461 section 4: xtext is undone; what is no plain ASCII then is left as it came. */
static int put_xtext(stralloc *out, char const *s)
{
  static char const hex[] = "0123456789ABCDEF";
  for (; *s; s++) {
    char const *a = *s == '+' && s[1] ? strchr(hex, s[1]) : 0;
    char const *b = a && s[2] ? strchr(hex, s[2]) : 0;
    char c = *s;
    if (b && (a - hex) * 16 + (b - hex) >= 32 && (a - hex) * 16 + (b - hex) < 127) {
      c = (char)((a - hex) * 16 + (b - hex));
      s += 2;
    }
    if (!stralloc_append(out, c))
      return 0;
  }
  return 1;
}

static int original_rcpt(stralloc *out, char const *orcpt)
{
  char const *semicolon = strchr(orcpt, ';');
  if (!semicolon)
    return 1;
  return stralloc_cats(out, "Original-Recipient: ") &&
         stralloc_catb(out, orcpt, (size_t)(semicolon - orcpt)) && stralloc_cats(out, "; ") &&
         put_xtext(out, semicolon + 1) && stralloc_cats(out, "\n");
}

static char const *action(message const *m, uint32_t k)
{
  static char const *const names[] = {"failed", "delivered", "relayed", "expanded"};
  return names[m->rcpt[k].stage == STAGE_FAILED ? REPORT_NONE : m->rcpt[k].report];
}

/* "mx.example.org[192.0.2.1]:25": the name alone. */
static int remote_mta(stralloc *out, char const *remote)
{
  size_t len = strcspn(remote, "[");
  if (!len)
    return puts2(out, "Remote-MTA: dns; ", remote) && stralloc_cats(out, "\n");
  return stralloc_cats(out, "Remote-MTA: dns; ") && stralloc_catb(out, remote, len) &&
         stralloc_cats(out, "\n");
}

static int rcpt_fields(report const *p, stralloc *out, uint32_t k)
{
  message const *m = p->m;
  envelope_rcpt const *x = message_rcpt(m, k);
  char const *address = message_address(m, k);
  char code[12];
  result why;
  if (!message_why(m, k, &why))
    result_set(&why, m->rcpt[k].stage == STAGE_FAILED ? RESULT_PERMANENT : RESULT_OK, STATUS_NONE, "%s", "");
  if (!stralloc_cats(out, "\n") || !original_rcpt(out, envelope_string(&m->e, x->orcpt)) ||
      !puts2(out, "Final-Recipient: ", is_ascii(address) ? "rfc822; " : "utf-8; ") ||
      !puts2(out, address, "\n") || !field(out, "Action", action(m, k)) ||
      !field(out, "Status", result_code(&why, code)))
    return 0;
  if (m->rcpt[k].remote && !remote_mta(out, envelope_string(&m->e, m->rcpt[k].remote)))
    return 0;
  return !why.text[0] || (puts2(out, "Diagnostic-Code: ", is_reply(why.text) ? "smtp; " : "X-Tern; ") &&
                          puts2(out, why.text, "\n"));
}

static int needs_global(message const *m)
{
  for (uint32_t k = 0; k < m->n; k++)
    if (report_has(m, k) && !is_ascii(message_address(m, k)))
      return 1;
  return 0;
}

static int fields(report const *p, stralloc *out)
{
  message const *m = p->m;
  char const *envid = envelope_string(&m->e, m->e.envid);
  char date[DATE_5322];
  date_5322(date, (time_t)m->arrival);
  if (!boundary(p, out, "") ||
      !field(out, "Content-Type",
             needs_global(m) ? "message/global-delivery-status" : "message/delivery-status") ||
      !stralloc_cats(out, "Content-Transfer-Encoding: 8bit\n\n") ||
      (*envid && !(stralloc_cats(out, "Original-Envelope-Id: ") && put_xtext(out, envid) &&
                   stralloc_cats(out, "\n"))) ||
      !puts2(out, "Reporting-MTA: dns; ", p->me) || !stralloc_cats(out, "\n") ||
      !field(out, "X-Tern-Queue-ID", m->id) || !field(out, "Arrival-Date", date))
    return 0;
  for (uint32_t k = 0; k < m->n; k++)
    if (report_has(m, k) && !rcpt_fields(p, out, k))
      return 0;
  return stralloc_cats(out, "\n");
}

/* ---- the whole */

int report_head(report const *p, stralloc *out)
{
  return header(p, out) && words(p, out) && fields(p, out) && boundary(p, out, "") &&
         field(out, "Content-Type", report_is_whole(p) ? "message/rfc822" : "text/rfc822-headers") &&
         stralloc_cats(out, "Content-Transfer-Encoding: 8bit\n\n");
}

int report_tail(report const *p, stralloc *out)
{
  return stralloc_cats(out, "\n") && boundary(p, out, "--");
}

size_t report_header(char const *s, size_t len)
{
  size_t at = 0;
  while (at < len) {
    char const *end = memchr(s + at, '\n', len - at);
    if (!end || end == s + at)
      break;
    at = (size_t)(end - s) + 1;
  }
  return at;
}
