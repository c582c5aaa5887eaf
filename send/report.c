/* report - the whole: header, words, fields, and what is returned. Everything from outside that stands in it has no control
   characters by then. */
#include <string.h>
#include <skalibs/types.h>
#include "lib/date.h"
#include "send/report_parts.h"

int report_puts(stralloc *out, char const *a, char const *b)
{
  return stralloc_cats(out, a) && stralloc_cats(out, b);
}

int report_field(stralloc *out, char const *name, char const *value)
{
  return report_puts(out, name, ": ") && report_puts(out, value, "\n");
}

int report_boundary(report const *p, stralloc *out, char const *end)
{
  return report_puts(out, "--=_", p->m->id) && report_puts(out, end, "\n");
}

int report_is_reply(char const *s)
{
  return s[0] >= '2' && s[0] <= '5' && s[1] >= '0' && s[1] <= '9' && s[2] >= '0' && s[2] <= '9' &&
         (s[3] == ' ' || s[3] == '-' || !s[3]);
}

/* ---- of whom */

/* RFC 3461 section 4.1 */
static int may_tell_failure(message const *m, uint32_t k)
{
  unsigned char notify = message_rcpt(m, k)->notify;
  return !notify || (notify & NOTIFY_FAILURE && !(notify & NOTIFY_NEVER));
}

enum about report_about(message const *m, uint32_t k)
{
  plan const *p = m->rcpt + k;
  if (p->stage == STAGE_FAILED)
    return may_tell_failure(m, k) ? ABOUT_FAILED : ABOUT_N;
  switch (p->report) {
  case REPORT_DELIVERED: return ABOUT_DELIVERED;
  case REPORT_RELAYED: return ABOUT_RELAYED;
  case REPORT_EXPANDED: return ABOUT_EXPANDED;
  case REPORT_DELAYED: return ABOUT_DELAYED;
  default: return ABOUT_N;
  }
}

int report_has(message const *m, uint32_t k)
{
  return report_about(m, k) != ABOUT_N;
}

int report_says(message const *m, enum about what)
{
  for (uint32_t k = 0; k < m->n; k++)
    if (report_about(m, k) == what)
      return 1;
  return 0;
}

char const *report_kind(message const *m)
{
  return report_says(m, ABOUT_FAILED) ? "failed" : report_says(m, ABOUT_DELAYED) ? "delayed" : "delivered";
}

/* RFC 3461 section 5.3: only who is told of a failure gets all of it back. */
int report_is_whole(report const *p)
{
  return p->m->s.length <= REPORT_WHOLE_MAX && report_says(p->m, ABOUT_FAILED) &&
         (p->m->e.ret == 'F' || (p->level == REPORT_TO_POSTMASTER && p->m->e.ret != 'H'));
}

/* ---- the header */

static char const *subject(report const *p)
{
  if (report_says(p->m, ABOUT_FAILED))
    return p->level == REPORT_TO_POSTMASTER ? "Undeliverable mail: notice to the postmaster"
                                            : "Undelivered mail returned to sender";
  return report_says(p->m, ABOUT_DELAYED) ? "Delayed mail: it is still being tried" : "Delivery report";
}

/* A message that fails after its delay was told of has two reports: the octet in front of the time tells them apart. */
static int message_id(report const *p, stralloc *out)
{
  char kind[2] = {p->level == REPORT_TO_POSTMASTER ? '2' : report_says(p->m, ABOUT_DELAYED) ? 'd' : '1', 0};
  char now[UINT64_FMT];
  now[uint64_fmt(now, p->now)] = 0;
  return report_puts(out, "Message-ID: <", p->m->id) && report_puts(out, ".", kind) &&
         report_puts(out, now, "@") && report_puts(out, p->me, ">\n");
}

static int header(report const *p, stralloc *out)
{
  char date[DATE_5322];
  date_5322(date, (time_t)p->now);
  return report_puts(out, "From: Mail Delivery System <MAILER-DAEMON@", p->me) &&
         report_puts(out, ">\nTo: <", p->to) && stralloc_cats(out, ">\n") &&
         report_field(out, "Subject", subject(p)) && report_field(out, "Date", date) && message_id(p, out) &&
         report_field(out, "Auto-Submitted", "auto-replied") && report_field(out, "MIME-Version", "1.0") &&
         report_puts(out, "Content-Type: multipart/report; report-type=delivery-status;\n\tboundary=\"=_",
                     p->m->id) &&
         stralloc_cats(out, "\"\nContent-Transfer-Encoding: 8bit\n\n");
}

/* ---- what is returned */

/* RFC 6522 section 3; RFC 6533 section 4 for mail that needed SMTPUTF8. */
static char const *returned_type(report const *p)
{
  if (p->m->e.smtputf8)
    return report_is_whole(p) ? "message/global" : "message/global-headers";
  return report_is_whole(p) ? "message/rfc822" : "text/rfc822-headers";
}

int report_head(report const *p, stralloc *out)
{
  return header(p, out) && report_boundary(p, out, "") && report_words(p, out) &&
         report_boundary(p, out, "") && report_fields(p, out) && report_boundary(p, out, "") &&
         report_field(out, "Content-Type", returned_type(p)) &&
         stralloc_cats(out, "Content-Transfer-Encoding: 8bit\n\n");
}

int report_tail(report const *p, stralloc *out)
{
  return stralloc_cats(out, "\n") && report_boundary(p, out, "--");
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
