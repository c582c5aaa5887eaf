/* alias - one question, one or more frames of answer. The door is kept between questions and knocked at anew
 * when it broke. */
#include <errno.h>
#include <string.h>
#include "lib/address.h"
#include "lib/question.h"
#include "local/alias.h"
#include "local/failure.h"

static door d = {.fd = -1};

static int ask(char const *name, frame *f, tain const *deadline)
{
  stralloc q = STRALLOC_ZERO;
  int is_old = d.fd >= 0;
  int ok = record_puts(&q, QUESTION_ADDRESS, name);
  while (ok) {
    if (d.fd < 0 && !door_knock(&d, "alias", DOOR_REFUSE_FDS, deadline))
      ok = 0;
    else if (door_ask(&d, QUESTION_TARGETS, q.s, q.len, f, deadline))
      break;
    else {
      int e = errno;
      door_close(&d);
      errno = e;
      ok = is_old;
      is_old = 0;
    }
  }
  stralloc_free(&q);
  return ok;
}

static int take_owner(forward_reader const *f, record const *one, stralloc *owner, result *r)
{
  char const *me = control_line(f->me->c, CONTROL_ME);
  owner->len = 0;
  if (!one->len)
    return 1;
  if (stralloc_catb(owner, one->s, one->len) && (address_domain(one->s, one->len) < one->len ||
                                                 (stralloc_append(owner, '@') && stralloc_cats(owner, me))))
    return 1;
  failure_set(r, ENOMEM, "keep", "an owner");
  return 0;
}

static int take_record(forward_reader *f, record const *one, stralloc *owner, result *r)
{
  switch (one->type) {
  case ANSWER_OWNER: return take_owner(f, one, owner, r);
  case ANSWER_TARGET: return forward_item(f, one->s, one->len, r);
  case ANSWER_RESULT:
    if (!result_unpack(r, one->s, one->len) || r->class == RESULT_OK)
      failure_set(r, EPROTO, "understand", "door alias");
    return 0;
  default:
    if (!(one->type & RECORD_MUST))
      return 1;
    failure_set(r, EPROTO, "understand", "door alias");
    return 0;
  }
}

static int take_frame(forward_reader *f, frame const *a, stralloc *owner, result *r)
{
  record_reader in = RECORD_READER(a->s, a->len);
  record one;
  enum record_found found;
  while ((found = record_next(&in, &one)) == RECORD_ONE)
    if (!take_record(f, &one, owner, r))
      return 0;
  if (found == RECORD_END && (a->type == ANSWER_LAST || a->type == ANSWER_MORE))
    return 1;
  failure_set(r, EPROTO, "understand", "door alias");
  return 0;
}

int local_alias_targets(forward_reader *f, char const *name, stralloc *owner, result *r)
{
  tain deadline;
  frame a;
  int ok;
  owner->len = 0;
  tain_now_g();
  tain_addsec_g(&deadline, (int)ALIAS_SECONDS);
  ok = ask(name, &a, &deadline);
  if (!ok)
    failure_set(r, errno, "ask", "door alias");
  while (ok) {
    ok = take_frame(f, &a, owner, r);
    if (!ok || a.type == ANSWER_LAST)
      break;
    ok = door_wait(&d, &a, &deadline);
    if (!ok)
      failure_set(r, errno, "ask", "door alias");
  }
  if (!ok) /* what else was to come must not be taken for the next answer */
    door_close(&d);
  if (ok && owner->len)
    ok = stralloc_0(owner) || (failure_set(r, ENOMEM, "keep", "an owner"), 0);
  return ok;
}
