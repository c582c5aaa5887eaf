/* report_words - what a person reads: who, what, why, and what may be done about it. */
#include <string.h>
#include <skalibs/types.h>
#include "lib/date.h"
#include "send/report_parts.h"

/* ---- one recipient */

static int put_name(message const *m, stralloc *out, uint32_t k)
{
  envelope_rcpt const *x = message_rcpt(m, k);
  return report_puts(out, "<", message_address(m, k)) && stralloc_cats(out, ">") &&
         (!x->original || (report_puts(out, ", to which <", envelope_string(&m->e, x->original)) &&
                           stralloc_cats(out, "> led")));
}

/* A reason, and who gave it. */
static int put_reason(message const *m, stralloc *out, uint32_t k, result const *why)
{
  char const *remote = envelope_string(&m->e, m->rcpt[k].remote);
  char code[12];
  if (*remote && !report_puts(out, ":\n  the host ", remote))
    return 0;
  return stralloc_cats(out, *remote && report_is_reply(why->text) ? " said" : "") &&
         report_puts(out, ":\n  ", why->text) && report_puts(out, " (", result_code(why, code)) &&
         stralloc_cats(out, ")\n");
}

static int put_rcpt(message const *m, stralloc *out, uint32_t k, enum about what)
{
  static char const *const done[ABOUT_N] = {
      [ABOUT_DELIVERED] = ":\n  it was delivered.\n",
      [ABOUT_RELAYED] = ":\n  it went on to another mail system, which may not report what becomes of it.\n",
      [ABOUT_EXPANDED] = ":\n  this is a list; it went on to the members.\n"};
  result why;
  if (!put_name(m, out, k))
    return 0;
  if (done[what])
    return report_puts(out, done[what], "\n");
  if (!message_why(m, k, &why))
    result_set(&why, what == ABOUT_FAILED ? RESULT_PERMANENT : RESULT_TEMPORARY, STATUS_NONE,
               "no reason is known");
  if (!put_reason(m, out, k, &why))
    return 0;
  return what != ABOUT_FAILED || report_puts(out, "  What you can do: ", report_advice(&why))
             ? stralloc_cats(out, "\n")
             : 0;
}

/* ---- paragraphs */

static int put_failed(report const *p, stralloc *out)
{
  return stralloc_cats(
      out, p->level == REPORT_TO_POSTMASTER
               ? "A message without a sender who could be told could not be delivered to the\n"
                 "recipients below. It will not be tried again.\n\n"
               : "Your message could not be delivered to the recipients below, for the reason that\n"
                 "is given with each. It will not be tried again.\n\n");
}

static int put_delayed(report const *p, stralloc *out)
{
  char date[DATE_5322];
  date_5322(date, (time_t)p->until);
  return stralloc_cats(out,
                       "Your message has not been delivered to the recipients below yet, for the reason\n"
                       "that is given with each. You need not do anything: it is still being tried.\n") &&
         report_puts(out, "It is tried until ", date) &&
         stralloc_cats(out, ",\nand you will be told if it has not got through by then.\n\n");
}

static int put_opening(report const *p, stralloc *out, enum about what)
{
  switch (what) {
  case ABOUT_FAILED: return put_failed(p, out);
  case ABOUT_DELAYED: return put_delayed(p, out);
  default: return stralloc_cats(out, "You asked to be told what becomes of your message:\n\n");
  }
}

/* All that went well stands in one paragraph, the last. */
static enum about paragraph_of(enum about what)
{
  return what > ABOUT_DELIVERED && what < ABOUT_N ? ABOUT_DELIVERED : what;
}

/* All recipients of one paragraph; *named of all paragraphs together are named. */
static int put_paragraph(report const *p, stralloc *out, enum about what, uint32_t *named, uint32_t *more)
{
  int opened = 0;
  for (uint32_t k = 0; k < p->m->n; k++) {
    enum about of = report_about(p->m, k);
    if (paragraph_of(of) != what)
      continue;
    if (!opened && !(opened = put_opening(p, out, what)))
      return 0;
    if (*named == REPORT_WORDS)
      ++*more;
    else if (++*named, !put_rcpt(p->m, out, k, of))
      return 0;
  }
  return 1;
}

static int put_closing(report const *p, stralloc *out, uint32_t more)
{
  char n[UINT32_FMT];
  char date[DATE_5322];
  n[uint32_fmt(n, more)] = 0;
  date_5322(date, (time_t)p->m->arrival);
  if (more && !(report_puts(out, "... and ", n) && stralloc_cats(out, " more; see the next part.\n\n")))
    return 0;
  return report_puts(out, "The message came in on ", date) &&
         report_puts(out, "; its queue id was ", p->m->id) &&
         stralloc_cats(out, report_is_whole(p) ? ".\nIt stands at the end of this report.\n"
                                               : ".\nIts header stands at the end of this report.\n") &&
         stralloc_cats(out, "If you need help, show the report to your postmaster.\n\n");
}

int report_words(report const *p, stralloc *out)
{
  uint32_t named = 0, more = 0;
  if (!stralloc_cats(out, "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n") ||
      !report_puts(out, "This is the mail system of ", p->me) || !stralloc_cats(out, ".\n\n"))
    return 0;
  for (enum about what = 0; what <= ABOUT_DELIVERED; what++)
    if (!put_paragraph(p, out, what, &named, &more))
      return 0;
  return put_closing(p, out, more);
}
