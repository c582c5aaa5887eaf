/* queue_entry - one message of the list: read from door `showq`, written as text or JSON. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "lib/date.h"
#include "lib/json.h"
#include "lib/listing.h"
#include "lib/record.h"
#include "queue/store.h"
#include "tools/queue_entry.h"
#include "tools/shown.h"

static int put_text(queue_entry *e, size_t *where, record const *one)
{
  if (memchr(one->s, 0, one->len))
    return (errno = EPROTO, 0);
  *where = e->text.len;
  return stralloc_catb(&e->text, one->s, one->len) && stralloc_0(&e->text);
}

static queue_rcpt *last_rcpt(queue_entry *e)
{
  size_t n = queue_entry_count(e);
  return n ? queue_entry_rcpts(e) + (n - 1) : 0;
}

static int take_rcpt(queue_entry *e, record const *one)
{
  queue_rcpt rcpt = {.reason = 0};
  return put_text(e, &rcpt.address, one) && genalloc_append(queue_rcpt, &e->rcpts, &rcpt);
}

/* The first record of a frame. The same id again: the frame goes on with the entry. */
static int take_id(queue_entry *e, record const *one)
{
  char id_text[ID_LEN + 1];
  id i;
  if (!record_string(one, id_text, sizeof id_text) || !id_scan(&i, one->s, one->len))
    return (errno = EPROTO, 0);
  if (!strcmp(id_text, e->id))
    return 1;
  stralloc text = e->text;
  genalloc rcpts = e->rcpts;
  text.len = 0;
  genalloc_setlen(queue_rcpt, &rcpts, 0);
  *e = (queue_entry){.hidden = 1, .text = text, .rcpts = rcpts};
  memcpy(e->id, id_text, sizeof id_text);
  return stralloc_0(&e->text);
}

static int take_octet(unsigned char *where, record const *one)
{
  if (one->len != 1)
    return (errno = EPROTO, 0);
  *where = (unsigned char)*one->s;
  return 1;
}

static int take_number(uint64_t *where, record const *one)
{
  return record_number(one, where) || (errno = EPROTO, 0);
}

static int take_record(queue_entry *e, record const *one)
{
  queue_rcpt *rcpt = last_rcpt(e);
  switch (one->type) {
  case LISTING_ID: return take_id(e, one);
  case LISTING_SENDER: e->hidden = 0; return put_text(e, &e->sender, one);
  case LISTING_SIZE: return take_number(&e->size, one);
  case LISTING_ARRIVAL: return take_number(&e->arrival, one);
  case LISTING_STATE: return take_octet(&e->state, one);
  case LISTING_ATTEMPTS: return take_number(&e->attempts, one);
  case LISTING_NEXT: return take_number(&e->next, one);
  case LISTING_RCPT: return take_rcpt(e, one);
  case LISTING_RCPT_STATE: return rcpt ? take_octet(&rcpt->state, one) : (errno = EPROTO, 0);
  case LISTING_TRIED: return rcpt ? take_number(&rcpt->tried, one) : (errno = EPROTO, 0);
  case LISTING_REASON: return rcpt ? put_text(e, &rcpt->reason, one) : (errno = EPROTO, 0);
  default: return !(one->type & RECORD_MUST) || (errno = EPROTO, 0);
  }
}

int queue_entry_take(queue_entry *e, char const *s, size_t len)
{
  record_reader r = RECORD_READER(s, len);
  enum record_found found;
  record one;
  int first = 1;
  while ((found = record_next(&r, &one)) != RECORD_END) {
    if (found == RECORD_BROKEN || (first && one.type != LISTING_ID))
      return (errno = EPROTO, 0);
    if (!take_record(e, &one))
      return 0;
    first = 0;
  }
  return !first || (errno = EPROTO, 0);
}

static int put_shown(stralloc *out, char const *s)
{
  return shown_put(out, s, strlen(s));
}

static char const *shown_sender(queue_entry const *e)
{
  if (e->state == LISTING_BAD)
    return "(damaged)";
  return e->hidden ? "(hidden)" : e->text.s[e->sender] ? e->text.s + e->sender : "MAILER-DAEMON";
}

/* Recipients in a row with the same reason share it: it stands before the first. */
int queue_entry_text(stralloc *out, queue_entry const *e)
{
  char line[128], date[DATE_ASCTIME];
  char const *before = "";
  queue_rcpt const *rcpt = queue_entry_rcpts(e);
  char mark = e->state == LISTING_ACTIVE ? '*' : e->state == LISTING_HOLD ? '!' : ' ';
  date_mailq(date, (time_t)e->arrival);
  int n = snprintf(line, sizeof line, "%s%c %8llu %s  ", e->id, mark, (unsigned long long)e->size, date);
  if (!stralloc_catb(out, line, (size_t)n) || !put_shown(out, shown_sender(e)) ||
      !stralloc_catb(out, "\n", 1))
    return 0;
  for (size_t i = 0; i < queue_entry_count(e); i++) {
    char const *reason = e->text.s + rcpt[i].reason, *address = e->text.s + rcpt[i].address;
    if (*reason && strcmp(reason, before) &&
        !(stralloc_catb(out, "(", 1) && put_shown(out, reason) && stralloc_catb(out, ")\n", 2)))
      return 0;
    before = reason;
    if (!stralloc_cats(out, "                                         ") ||
        !put_shown(out, *address ? address : "(hidden)") || !stralloc_catb(out, "\n", 1))
      return 0;
  }
  return stralloc_catb(out, "\n", 1);
}

static char const *state_word(unsigned char state)
{
  switch (state) {
  case LISTING_ACTIVE: return "active";
  case LISTING_HOLD: return "hold";
  case LISTING_DEFERRED: return "deferred";
  case LISTING_BAD: return "bad";
  default: return "new";
  }
}

static char const *rcpt_word(unsigned char state)
{
  return state == STORE_DEFERRED ? "deferred"
         : state == STORE_DONE   ? "done"
         : state == STORE_FAILED ? "failed"
                                 : "new";
}

static int put_json_rcpt(stralloc *out, queue_entry const *e, queue_rcpt const *rcpt)
{
  char const *address = e->text.s + rcpt->address;
  return stralloc_catb(out, "{", 1) && json_member(out, "address", *address ? address : 0) &&
         json_member(out, "state", rcpt_word(rcpt->state)) &&
         json_member(out, "reason", e->text.s + rcpt->reason) &&
         (!rcpt->tried || json_member_number(out, "tried", rcpt->tried)) && stralloc_catb(out, "}", 1);
}

int queue_entry_json(stralloc *out, queue_entry const *e)
{
  queue_rcpt const *rcpt = queue_entry_rcpts(e);
  if (!stralloc_catb(out, "{", 1) || !json_member(out, "id", e->id) ||
      !json_member(out, "sender", e->hidden ? 0 : e->text.s + e->sender) ||
      !json_member_number(out, "size", e->size) || !json_member_number(out, "arrival", e->arrival) ||
      !json_member(out, "state", state_word(e->state)) || !json_member_number(out, "attempts", e->attempts) ||
      !json_member_number(out, "next", e->next) || !json_key(out, "recipients") ||
      !stralloc_catb(out, "[", 1))
    return 0;
  for (size_t i = 0; i < queue_entry_count(e); i++)
    if ((i && !stralloc_catb(out, ",", 1)) || !put_json_rcpt(out, e, rcpt + i))
      return 0;
  return stralloc_catb(out, "]}\n", 3);
}

void queue_entry_free(queue_entry *e)
{
  stralloc_free(&e->text);
  genalloc_free(queue_rcpt, &e->rcpts);
}
