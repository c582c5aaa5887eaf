/* report_fields - what a program reads: the message's fields, then those of each recipient (RFC 3464). */
#include <string.h>
#include "lib/date.h"
#include "send/report_parts.h"

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

/* "mx.example.org[192.0.2.1]:25": the name alone. */
static int remote_mta(stralloc *out, char const *remote)
{
  size_t len = strcspn(remote, "[");
  if (!len)
    return report_puts(out, "Remote-MTA: dns; ", remote) && stralloc_cats(out, "\n");
  return stralloc_cats(out, "Remote-MTA: dns; ") && stralloc_catb(out, remote, len) &&
         stralloc_cats(out, "\n");
}

static int is_ascii(char const *s)
{
  for (; *s; s++)
    if ((unsigned char)*s > 127)
      return 0;
  return 1;
}

static int put_date(stralloc *out, char const *name, uint64_t when)
{
  char date[DATE_5322];
  date_5322(date, (time_t)when);
  return report_field(out, name, date);
}

/* What is known, or what can be said when nothing is. */
static void why_of(message const *m, uint32_t k, enum about what, result *why)
{
  static enum result_class const classes[ABOUT_N] = {RESULT_PERMANENT, RESULT_TEMPORARY, RESULT_OK, RESULT_OK,
                                                     RESULT_OK};
  if (!message_why(m, k, why))
    result_set(why, classes[what], STATUS_NONE, "%s", "");
}

static int put_whom(message const *m, stralloc *out, uint32_t k)
{
  char const *address = message_address(m, k);
  return stralloc_cats(out, "\n") && original_rcpt(out, envelope_string(&m->e, message_rcpt(m, k)->orcpt)) &&
         report_puts(out, "Final-Recipient: ", is_ascii(address) ? "rfc822; " : "utf-8; ") &&
         report_puts(out, address, "\n");
}

/* RFC 3464 section 2.3 */
static int rcpt_fields(report const *p, stralloc *out, uint32_t k)
{
  static char const *const actions[ABOUT_N] = {"failed", "delayed", "delivered", "relayed", "expanded"};
  message const *m = p->m;
  enum about what = report_about(m, k);
  char code[12];
  result why;
  why_of(m, k, what, &why);
  if (!put_whom(m, out, k) || !report_field(out, "Action", actions[what]) ||
      !report_field(out, "Status", result_code(&why, code)))
    return 0;
  if (m->rcpt[k].remote && !remote_mta(out, envelope_string(&m->e, m->rcpt[k].remote)))
    return 0;
  if (why.text[0] &&
      !(report_puts(out, "Diagnostic-Code: ", report_is_reply(why.text) ? "smtp; " : "X-Tern; ") &&
        report_puts(out, why.text, "\n")))
    return 0;
  return what != ABOUT_DELAYED || put_date(out, "Will-Retry-Until", p->until);
}

static int needs_global(message const *m)
{
  for (uint32_t k = 0; k < m->n; k++)
    if (report_has(m, k) && !is_ascii(message_address(m, k)))
      return 1;
  return 0;
}

/* RFC 3464 section 2.2 */
static int message_fields(report const *p, stralloc *out)
{
  message const *m = p->m;
  char const *envid = envelope_string(&m->e, m->e.envid);
  return (!*envid || (stralloc_cats(out, "Original-Envelope-Id: ") && put_xtext(out, envid) &&
                      stralloc_cats(out, "\n"))) &&
         report_puts(out, "Reporting-MTA: dns; ", p->me) && stralloc_cats(out, "\n") &&
         report_field(out, "X-Tern-Queue-ID", m->id) && put_date(out, "Arrival-Date", m->arrival);
}

int report_fields(report const *p, stralloc *out)
{
  if (!report_field(out, "Content-Type",
                    needs_global(p->m) ? "message/global-delivery-status" : "message/delivery-status") ||
      !stralloc_cats(out, "Content-Transfer-Encoding: 8bit\n\n") || !message_fields(p, out))
    return 0;
  for (uint32_t k = 0; k < p->m->n; k++)
    if (report_has(p->m, k) && !rcpt_fields(p, out, k))
      return 0;
  return stralloc_cats(out, "\n");
}
