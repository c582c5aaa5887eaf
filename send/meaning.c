/* meaning - one pass over the records of an answer. The new messages are made as the groups come, and go out
   only if the answer was right to its end. */
#include <string.h>
#include "lib/question.h"
#include "lib/record.h"
#include "send/delivery.h"
#include "send/expansion.h"
#include "send/meaning.h"
#include "send/pass.h"

typedef struct reading_s reading;
struct reading_s {
  runner *r;
  message *m;
  uint32_t const *list;
  uint32_t n;
  expansion x;
  /* the recipient that is being read */
  uint64_t index; /* n: none */
  unsigned char meaning;
  record name, ext;
  result why;
  int named, reasoned;
  int expands; /* some recipient does */
};

static void carry_out_user(reading *v, uint32_t k, enum destination_kind kind)
{
  plan *p = v->m->rcpt + k;
  result why;
  if (!v->named || !v->name.len || !envelope_set(&v->m->e, &p->name, v->name.s, v->name.len) ||
      !envelope_set(&v->m->e, &p->ext, v->ext.s, v->ext.len)) {
    result_set(&why, RESULT_TEMPORARY, STATUS_SYSTEM, "tern-alias gave no name that can be used");
    pass_conclude(v->r, v->m, k, STAGE_LATER, &why, 0);
    return;
  }
  delivery_add(v->r, v->m, k, kind, envelope_string(&v->m->e, p->name));
}

/* root has no process of his own: his mailbox is another user's, and his .forward is not read. Somebody's .forward
   may have been obeyed already. */
static enum destination_kind of_user(reading const *v, uint32_t k)
{
  int is_root = v->name.len == 4 && !memcmp(v->name.s, "root", 4);
  return is_root || v->m->rcpt[k].only ? DESTINATION_MAILBOX : DESTINATION_PLAIN;
}

/* The recipient is complete: the next one, or the groups, begin. */
static void carry_out(reading *v)
{
  if (v->index >= v->n)
    return;
  uint32_t k = v->list[v->index];
  v->index = v->n;
  if (v->m->rcpt[k].stage != STAGE_ASKED)
    return;
  switch (v->meaning) {
  case MEANING_USER: carry_out_user(v, k, of_user(v, k)); break;
  case MEANING_ALIAS: carry_out_user(v, k, DESTINATION_ALIAS); break;
  case MEANING_ELSEWHERE: delivery_add_remote(v->r, v->m, k); break;
  case MEANING_EXPAND:
    v->m->rcpt[k].stage = STAGE_EXPANDING;
    v->expands = 1;
    break;
  case MEANING_UNKNOWN:
    if (!v->reasoned || v->why.class != RESULT_PERMANENT)
      result_set(&v->why, RESULT_PERMANENT, STATUS_UNKNOWN_MAILBOX, "there is no such mailbox");
    pass_conclude(v->r, v->m, k, STAGE_FAILED, &v->why, 0);
    break;
  default:
    if (!v->reasoned)
      result_set(&v->why, RESULT_TEMPORARY, STATUS_SYSTEM, "what the address means can't be told now");
    pass_conclude(v->r, v->m, k, v->why.class == RESULT_PERMANENT ? STAGE_FAILED : STAGE_LATER, &v->why, 0);
  }
}

static int begin(reading *v, record const *one)
{
  uint64_t index;
  carry_out(v);
  if (!record_number(one, &index) || index >= v->n)
    return 0;
  v->index = index;
  v->meaning = 0;
  v->named = v->reasoned = 0;
  v->name = v->ext = (record){.s = "", .len = 0};
  return 1;
}

/* Index of a recipient to its number in the message. */
static int parent(reading *v, record const *one)
{
  uint64_t index;
  return record_number(one, &index) && index < v->n && expansion_parent(&v->x, v->m, v->list[index]);
}

static int take(reading *v, record const *one)
{
  switch (one->type) {
  case ANSWER_INDEX: return begin(v, one);
  case ANSWER_MEANING:
    if (one->len != 1)
      return 0;
    v->meaning = (unsigned char)*one->s;
    return 1;
  case ANSWER_NAME: v->name = *one; return v->named = 1;
  case ANSWER_EXT: v->ext = *one; return 1;
  case ANSWER_RESULT: return v->reasoned = result_unpack(&v->why, one->s, one->len);
  case ANSWER_GROUP: carry_out(v); return expansion_group(&v->x, v->m, one->s, one->len);
  case ANSWER_MEMBER: return expansion_member(&v->x, v->m, one->s, one->len);
  case ANSWER_FINAL: return one->len == 1 && expansion_final(&v->x, (unsigned char)*one->s);
  case ANSWER_PARENT: return parent(v, one);
  default: return !(one->type & RECORD_MUST);
  }
}

static void conclude_rest(reading *v)
{
  result why;
  result_set(&why, RESULT_TEMPORARY, STATUS_SYSTEM, "tern-alias gave an answer that makes no sense");
  for (uint32_t i = 0; i < v->n; i++) {
    unsigned char stage = v->m->rcpt[v->list[i]].stage;
    if (stage == STAGE_ASKED || stage == STAGE_EXPANDING)
      pass_conclude(v->r, v->m, v->list[i], STAGE_LATER, &why, 0);
  }
}

void meaning_take(runner *r, message *m, uint32_t const *list, uint32_t n, char const *s, size_t len)
{
  static reading v;
  record_reader in = RECORD_READER(s, len);
  enum record_found found;
  record one;
  int sane = 1;
  v = (reading){.r = r, .m = m, .list = list, .n = n, .index = n};
  expansion_init(&v.x);
  while (sane && (found = record_next(&in, &one)) == RECORD_ONE)
    sane = take(&v, &one);
  if (sane && found == RECORD_END) {
    carry_out(&v);
    if (v.expands)
      expansion_go(&v.x, r, m);
  } else
    expansion_free(&v.x);
  for (uint32_t i = 0; i < n; i++)
    if (m->rcpt[list[i]].stage == STAGE_ASKED || !sane) {
      conclude_rest(&v);
      break;
    }
}
