/* late - by the wall clock, which may jump: that brings the notice early or late, never twice. */
#include "send/late.h"
#include "send/retry.h"

static uint64_t warning(runner const *r)
{
  return control_number(&r->set.c, CONTROL_DELAYWARNING);
}

/* RFC 3461 section 4.1: who says nothing may be told; who says something must have said DELAY. */
static int may_tell(message const *m, uint32_t k)
{
  unsigned char notify = message_rcpt(m, k)->notify;
  return !notify || (notify & NOTIFY_DELAY && !(notify & NOTIFY_NEVER));
}

/* Nobody is told about a report, and nobody twice; nor of what somebody keeps on purpose. */
static int may_ever(runner const *r, message const *m)
{
  return warning(r) && m->e.sender && !m->e.bounce && !m->s.state.told && !m->s.state.hold;
}

static int anybody_to_tell(message const *m)
{
  for (uint32_t k = 0; k < m->n; k++)
    if (m->rcpt[k].stage != STAGE_DONE && may_tell(m, k))
      return 1;
  return 0;
}

int late_is_due(runner const *r, message const *m)
{
  return may_ever(r, m) && retry_age(m->arrival, runner_wall()) >= warning(r) && anybody_to_tell(m);
}

uint32_t late_pause(runner const *r, message const *m, uint32_t pause)
{
  uint64_t age = retry_age(m->arrival, runner_wall());
  uint64_t left = age < warning(r) ? warning(r) - age : LATE_PAUSE;
  uint64_t near =
      warning(r) / 8 < LATE_PAUSE ? warning(r) / 8 : LATE_PAUSE; /* the attempt itself is soon enough */
  if (!may_ever(r, m) || left + near >= pause || !anybody_to_tell(m))
    return pause;
  return (uint32_t)left;
}

static int is_late(message const *m, uint32_t k)
{
  unsigned char stage = m->rcpt[k].stage;
  return (stage == STAGE_LATER || stage == STAGE_UNTRIED || stage == STAGE_SOON) && may_tell(m, k);
}

uint32_t late_plan(runner const *r, message *m)
{
  uint32_t n = 0;
  if (!may_ever(r, m) || retry_age(m->arrival, runner_wall()) < warning(r))
    return 0;
  for (uint32_t k = 0; k < m->n; k++)
    if (is_late(m, k) && (m->rcpt[k].reason || m->telling)) {
      m->rcpt[k].report = REPORT_DELAYED;
      n++;
    }
  return n;
}
