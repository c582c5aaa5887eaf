/* bounce - the envelope of a report, and the end of its injection. Recipients are marked as failed only after
 * it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "lib/log.h"
#include "send/bounce.h"
#include "send/ending.h"
#include "send/report.h"

/* Counts the recipients that the report is to name. */
static uint32_t named(message const *m, int failures_only)
{
  uint32_t n = 0;
  for (uint32_t k = 0; k < m->n; k++)
    n += report_has(m, k) && (!failures_only || m->rcpt[k].stage == STAGE_FAILED);
  return n;
}

static void dropped(message const *m, char const *why)
{
  log_event(m->id, "bounced", "to", "", "reason", why, (char *)0);
}

/* The address of `doublebounceto`; a name without a domain is this host's. */
static int postmaster(runner const *r, stralloc *to)
{
  char const *s = control_line(&r->set.c, CONTROL_DOUBLEBOUNCETO);
  if (!stralloc_copys(to, s) ||
      (*s && !strchr(s, '@') &&
       !(stralloc_cats(to, "@") && stralloc_cats(to, control_line(&r->set.c, CONTROL_ME)))))
    return 0;
  return stralloc_0(to);
}

/* What follows the text: the whole message from its file, or its header, read here. */
static int put_returned(report const *p, injection *x)
{
  store_message const *s = &p->m->s;
  if (report_is_whole(p)) {
    x->from = s->body;
    x->length = s->length;
    return 1;
  }
  size_t max = s->length < REPORT_HEADER_MAX ? (size_t)s->length : REPORT_HEADER_MAX;
  if (!stralloc_readyplus(&x->head, max))
    return 0;
  char *to = x->head.s + x->head.len;
  ssize_t n = pread(s->fd, to, max, (off_t)s->body);
  x->head.len += n > 0 ? report_header(to, (size_t)n) : 0;
  return 1;
}

static int fill(runner const *r, message const *m, injection *x, char const *to)
{
  report p = {.m = m,
              .me = control_line(&r->set.c, CONTROL_ME),
              .to = to,
              .level = m->level,
              .now = runner_wall(),
              .until = m->arrival + control_number(&r->set.c, CONTROL_QUEUELIFETIME)};
  x->e.bounce = m->level;
  x->e.body = '8';
  x->e.smtputf8 = m->e.smtputf8;
  return envelope_set_sender(&x->e, "", 0) && envelope_add(&x->e, to, strlen(to)) &&
         envelope_set(&x->e, &x->e.parent, m->id, ID_LEN) && report_head(&p, &x->head) &&
         put_returned(&p, x) && report_tail(&p, &x->tail);
}

/* 1: it is on its way; 0: no memory. */
static int send_report(runner *r, message *m, char const *to)
{
  injection *x = injection_new(INJECTION_BOUNCE);
  if (!x)
    return 0;
  if (!fill(r, m, x, to)) {
    injection_free(x);
    return 0;
  }
  injection_start(r, x, m);
  return 1;
}

/* To the sender, or if there is none, to the postmaster; 0: nobody is to be told. */
static int send_to_level(runner *r, message *m)
{
  static stralloc to = STRALLOC_ZERO;
  char const *address = message_sender(m);
  int ok = 1;
  if (m->level == REPORT_TO_POSTMASTER) {
    ok = postmaster(r, &to);
    address = ok ? to.s : "";
    if (ok && !*address) {
      dropped(m, "a bounce can't be delivered, and doublebounceto names nobody");
      return 0;
    }
  }
  if (ok && send_report(r, m, address))
    return 1;
  log_warn("report", m->id);
  m->unreported = 1;
  return 0;
}

int bounce_start(runner *r, message *m)
{
  int to_sender = m->e.sender && !m->e.bounce;
  if (!named(m, !to_sender))
    return 0;
  if (m->e.bounce >= REPORT_TO_POSTMASTER) {
    dropped(m, "a double bounce can't be delivered");
    return 0;
  }
  m->level = to_sender ? REPORT_TO_SENDER : REPORT_TO_POSTMASTER;
  if (m->left < m->n) /* whatever becomes of the report, who has the message does not get it again */
    (void)ending_save(m);
  return send_to_level(r, m);
}

void bounce_ended(runner *r, injection *x, enum result_class class, result const *why, char const *id_text)
{
  message *m = x->m;
  char const *to = envelope_string(&x->e, envelope_rcpts(&x->e)->address);
  if (class == RESULT_OK)
    log_event(m->id, "bounced", "to", to, "as", id_text, "about", report_kind(m), (char *)0);
  else if (class != RESULT_PERMANENT) {
    log_event(m->id, "warning", "problem", "its report is not taken", "reason", why->text, (char *)0);
    m->unreported = 1;
  } else if (m->level == REPORT_TO_SENDER && named(m, 1)) {
    log_event(m->id, "warning", "problem", "its sender can't be told", "reason", why->text, (char *)0);
    m->level = REPORT_TO_POSTMASTER;
    if (send_to_level(r, m))
      return;
  } else
    dropped(m, why->text);
  ending_reported(r, m);
}
