/* expansion - what the members of a group inherit from the recipient that led to them: the address that was
   first given; and, if the sender stays the same, what he asked for (RFC 3461 section 5.2.7.1). A list of its
   own owner has its own sender, who asked for nothing. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include "lib/log.h"
#include "send/delivery.h"
#include "send/ending.h"
#include "send/expansion.h"
#include "send/pass.h"

void expansion_init(expansion *x)
{
  ring_init(&x->groups);
  x->keeps_sender = 1;
}

void expansion_free(expansion *x)
{
  while (!ring_empty(&x->groups))
    injection_free(ring_of(injection, queue, x->groups.next));
}

static injection *last_group(expansion *x)
{
  return ring_empty(&x->groups) ? 0 : ring_of(injection, queue, x->groups.prev);
}

static int copy_string(envelope *to, uint32_t *place, envelope const *from, uint32_t offset)
{
  char const *s = envelope_string(from, offset);
  return envelope_set(to, place, s, strlen(s));
}

int expansion_group(expansion *x, message const *m, char const *sender, size_t len)
{
  injection *j = injection_new(INJECTION_EXPANSION);
  char const *own = message_sender(m);
  if (!j)
    return 0;
  ring_append(&x->groups, &j->queue);
  x->keeps_sender = !len || (len == strlen(own) && !memcmp(sender, own, len));
  j->from = m->s.body;
  j->length = m->s.length;
  j->e.body = m->e.body;
  j->e.smtputf8 = m->e.smtputf8;
  j->e.bounce = m->e.bounce;
  if (!envelope_set(&j->e, &j->e.parent, m->id, ID_LEN))
    return 0;
  if (!x->keeps_sender)
    return envelope_set_sender(&j->e, sender, len);
  j->e.ret = m->e.ret;
  return envelope_set_sender(&j->e, own, strlen(own)) && copy_string(&j->e, &j->e.envid, &m->e, m->e.envid);
}

int expansion_member(expansion *x, message const *m, char const *address, size_t len)
{
  injection *j = last_group(x);
  if (!j)
    return 0;
  if (envelope_count(&j->e) >= ENVELOPE_RCPT_MAX) {
    char const *sender = envelope_string(&j->e, j->e.sender);
    if (!expansion_group(x, m, sender, strlen(sender)))
      return 0;
    j = last_group(x);
  }
  return !!envelope_add(&j->e, address, len);
}

int expansion_final(expansion *x, unsigned char final)
{
  injection *j = last_group(x);
  if (!j || !envelope_count(&j->e) || final > FINAL_ALIAS)
    return 0;
  envelope_rcpts(&j->e)[envelope_count(&j->e) - 1].final = final;
  return 1;
}

int expansion_parent(expansion *x, message const *m, uint32_t k)
{
  injection *j = last_group(x);
  envelope_rcpt const *parent = message_rcpt(m, k);
  uint32_t original = parent->original ? parent->original : parent->address;
  if (!j || !envelope_count(&j->e))
    return 0;
  size_t i = envelope_count(&j->e) - 1;
  char const *s = envelope_string(&m->e, original);
  if (!envelope_rcpt_set(&j->e, i, offsetof(envelope_rcpt, original), s, strlen(s)))
    return 0;
  if (!x->keeps_sender) {
    if (parent->notify & NOTIFY_SUCCESS)
      m->rcpt[k].report = REPORT_EXPANDED;
    return 1;
  }
  envelope_rcpts(&j->e)[i].notify = parent->notify;
  s = envelope_string(&m->e, parent->orcpt);
  return envelope_rcpt_set(&j->e, i, offsetof(envelope_rcpt, orcpt), s, strlen(s));
}

/* ---- on its way */

static void conclude(runner *r, message *m)
{
  enum stage stage = STAGE_DONE;
  if (m->refused)
    stage = m->refused->class == RESULT_PERMANENT ? STAGE_FAILED
            : m->park != WAITING_NONE             ? STAGE_PARKED
                                                  : STAGE_SOON;
  for (uint32_t k = 0; k < m->n; k++)
    if (m->rcpt[k].stage == STAGE_EXPANDING)
      pass_conclude(r, m, k, stage, m->refused, 0);
}

static void give_up(runner *r, message *m)
{
  for (uint32_t k = 0; k < m->n; k++)
    if (m->rcpt[k].stage == STAGE_EXPANDING)
      delivery_no_memory(r, m, k);
}

static uint64_t add_text(uint64_t sum, char const *s)
{
  do
    sum = (sum ^ (unsigned char)*s) * 1099511628211u;
  while (*s++);
  return sum;
}

/* What a group is: its sender and its members. FNV-1a, on top of the groups before it. */
static uint64_t sum_of(injection const *j, uint64_t sum)
{
  envelope const *e = &j->e;
  sum = add_text(sum, envelope_string(e, e->sender));
  for (size_t k = 0; k < envelope_count(e); k++)
    sum = add_text(sum, envelope_string(e, envelope_rcpts(e)[k].address));
  return sum;
}

/* Gives each group its place; takes out those that are empty. */
static void number_groups(expansion *x)
{
  uint64_t sum = 14695981039346656037u;
  uint32_t n = 0;
  for (ring *i = x->groups.next, *next; i != &x->groups; i = next) {
    injection *j = ring_of(injection, queue, i);
    next = i->next;
    if (!envelope_count(&j->e)) {
      injection_free(j);
      continue;
    }
    j->group = ++n;
    j->group_sum = sum = sum_of(j, sum);
  }
}

/* Those that an earlier pass committed are not sent again. If they are not the same any more, all are. */
static void skip_committed(expansion *x, message const *m)
{
  store_state const *st = &m->s.state;
  for (ring *i = x->groups.next; i != &x->groups; i = i->next) {
    injection const *j = ring_of(injection, queue, i);
    if (j->group != st->groups || j->group_sum != st->groups_sum)
      continue;
    for (uint32_t n = st->groups; n--;)
      injection_free(ring_of(injection, queue, x->groups.next));
    return;
  }
}

/* One after the other, so that what is committed can be remembered by a number. 0: there is none left. */
static int start_next(ring *groups, runner *r, message *m)
{
  ring *first = ring_take(groups);
  injection *j;
  if (!first)
    return 0;
  j = ring_of(injection, queue, first);
  while ((first = ring_take(groups)))
    ring_append(&j->followers, first);
  injection_start(r, j, m);
  return 1;
}

void expansion_go(expansion *x, runner *r, message *m)
{
  free(m->refused);
  m->refused = 0;
  number_groups(x);
  skip_committed(x, m);
  if (!start_next(&x->groups, r, m))
    conclude(r, m);
}

static void tell_committed(message const *m, injection const *x, char const *id_text)
{
  log_entry l;
  log_begin(&l, m->id, "expanded");
  log_add(&l, "into", id_text);
  log_add_number(&l, "recipients", envelope_count(&x->e));
  log_add(&l, "sender", envelope_string(&x->e, x->e.sender));
  log_end(&l);
}

/* 0: no memory. */
static int remember(message *m, result const *why)
{
  if (!m->refused && !(m->refused = malloc(sizeof *m->refused)))
    return 0;
  *m->refused = *why;
  return 1;
}

/* A group that is refused for good does not keep the others back; but what is behind it is not remembered, since the
   refusal would be forgotten with it. */
void expansion_ended(runner *r, injection *x, enum result_class class, result const *why, char const *id_text)
{
  message *m = x->m;
  if (class == RESULT_OK) {
    tell_committed(m, x, id_text);
    if (!m->refused && !ring_empty(&x->followers)) {
      store_groups(&m->s, x->group, x->group_sum);
      (void)ending_save(m);
    }
  } else if (!remember(m, why)) { /* without it all of them would count as taken */
    give_up(r, m);
    return;
  }
  if (class == RESULT_OK || class == RESULT_PERMANENT) {
    if (start_next(&x->followers, r, m))
      return;
    store_groups(&m->s, 0, 0);
  }
  conclude(r, m);
}
