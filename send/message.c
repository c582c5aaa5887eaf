/* message - memory for an open message, as little as its recipients need. */
#include <stdlib.h>
#include <string.h>
#include <skalibs/uint16.h>
#include "send/message.h"
#include "send/waiting.h"

message *message_new(uint32_t waits)
{
  message *m = calloc(1, sizeof *m);
  if (!m)
    return 0;
  m->waits = waits;
  m->s = (store_message)STORE_MESSAGE_ZERO;
  m->e = (envelope)ENVELOPE_ZERO;
  m->park = WAITING_NONE;
  ring_init(&m->entries);
  return m;
}

void message_free(message *m)
{
  if (m->s.fd >= 0)
    store_close(&m->s);
  ring_leave(&m->turn);
  envelope_free(&m->e);
  stralloc_free(&m->reasons);
  free(m->refused);
  free(m->rcpt);
  free(m);
}

/* A report that was owed when the runner stopped is owed still. */
static enum message_report owed(unsigned char mark)
{
  switch (mark) {
  case STORE_OWED_DELIVERED: return REPORT_DELIVERED;
  case STORE_OWED_RELAYED: return REPORT_RELAYED;
  case STORE_OWED_EXPANDED: return REPORT_EXPANDED;
  default: return REPORT_NONE;
  }
}

void message_mark_done(message *m, uint32_t k)
{
  static unsigned char const marks[] = {[REPORT_NONE] = STORE_DONE,
                                        [REPORT_DELIVERED] = STORE_OWED_DELIVERED,
                                        [REPORT_RELAYED] = STORE_OWED_RELAYED,
                                        [REPORT_EXPANDED] = STORE_OWED_EXPANDED,
                                        [REPORT_DELAYED] = STORE_DONE};
  store_mark(&m->s, k, (enum store_rcpt)marks[m->rcpt[k].report]);
}

int message_plan(message *m)
{
  m->n = (uint32_t)envelope_count(&m->e);
  m->rcpt = calloc(m->n ? m->n : 1, sizeof *m->rcpt);
  if (!m->rcpt)
    return 0;
  id_fmt(m->id, &m->s.i);
  m->arrival = id_seconds(&m->s.i);
  for (uint32_t k = 0; k < m->n; k++) {
    unsigned char was = m->s.state.rcpt[k];
    m->rcpt[k].next = PLAN_NONE;
    m->rcpt[k].report = owed(was);
    m->rcpt[k].only = was == STORE_MAILBOX;
    m->rcpt[k].stage = was == STORE_OWED_FAILED                                        ? STAGE_FAILED
                       : was == STORE_DONE || was == STORE_FAILED || m->rcpt[k].report ? STAGE_DONE
                                                                                       : STAGE_TODO;
    m->left += m->rcpt[k].stage != STAGE_DONE;
    m->open += m->rcpt[k].stage == STAGE_TODO;
  }
  if (m->open < m->left)
    message_recall(m);
  return 1;
}

static int same(result const *a, result const *b)
{
  return a->class == b->class && a->status == b->status && !strcmp(a->text, b->text);
}

/* Most recipients of a message fail for the same reason: it is kept once while it repeats. */
void message_reason(message *m, uint32_t k, result const *r)
{
  char head[2];
  result last;
  size_t at = m->reasons.len;
  m->rcpt[k].reason = m->last_reason;
  if (message_why(m, k, &last) && same(&last, r))
    return;
  m->rcpt[k].reason = 0;
  if (at > UINT32_MAX / 2 || (!at && !stralloc_0(&m->reasons)))
    return;
  at = m->reasons.len;
  if (!stralloc_catb(&m->reasons, head, sizeof head) || !result_pack(&m->reasons, r)) {
    m->reasons.len = at;
    return;
  }
  uint16_pack_big(m->reasons.s + at, (uint16_t)(m->reasons.len - at - sizeof head));
  m->rcpt[k].reason = m->last_reason = (uint32_t)at;
}

static int recall(void *data, uint32_t k, result const *r, uint64_t when)
{
  message *m = data;
  (void)when;
  if (k < m->n)
    message_reason(m, k, r);
  return 1;
}

void message_recall(message *m)
{
  (void)store_notes(&m->s, &recall, m); /* without them the notice says that no reason is known */
}

int message_why(message const *m, uint32_t k, result *r)
{
  uint32_t at = m->rcpt[k].reason;
  uint16_t len;
  if (!at)
    return 0;
  uint16_unpack_big(m->reasons.s + at, &len);
  return result_unpack(r, m->reasons.s + at + 2, len);
}
