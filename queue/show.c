/* show - one question, many frames, oldest message first. A queue file is outside input here: what makes no
   sense is shown as bad, and the next one follows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <skalibs/stralloc.h>
#include <skalibs/tai.h>
#include "lib/door.h"
#include "lib/listing.h"
#include "lib/log.h"
#include "lib/pool.h"
#include "lib/selection.h"
#include "queue/order.h"
#include "queue/show.h"
#include "queue/store.h"

#define ASK 10           /* seconds that a client has to ask */
#define TAKE 60          /* to take all that is queued for it */
#define BATCH 65536u     /* octets that are queued before they are sent */
#define FRAME_MAX 60000u /* bytes: room for one more recipient stays below DOOR_MAX */
#define LONG 4096u /* messages of a list that leaves so much memory behind that the worker is replaced */

typedef struct work_s work;
struct work_s {
  show *s;
  uid_t uid;
  selection wanted;
  uint64_t shown; /* ids */
};

static door client;
static envelope env;
static stralloc out, reasons, noted; /* noted: a note for each recipient */
typedef struct note_s note;
struct note_s {
  size_t reason; /* where it begins in reasons */
  uint64_t when;
};
#define note_of(k) ((note *)(void *)noted.s + (k))

static int is_among(show_users const *who, uid_t uid)
{
  for (size_t k = 0; k < who->n; k++)
    if (who->uid[k] == uid)
      return 1;
  return 0;
}

int show_may_see(show const *s, uid_t uid, uint64_t owner)
{
  return !uid || uid == s->ids.owner || uid == owner || is_among(&s->viewers, uid);
}

int show_may_change(show const *s, uid_t uid, uint64_t owner)
{
  return !uid || uid == s->ids.owner || uid == owner || is_among(&s->admins, uid);
}

static int send_queued(void)
{
  tain t;
  tain_now_g();
  tain_addsec_g(&t, TAKE);
  return door_send(&client, &t);
}

static int put_frame(void)
{
  return door_put(&client, LISTING_MESSAGE, out.s, out.len) && (client.out.data.len < BATCH || send_queued());
}

static int begin_frame(char const *id_text)
{
  out.len = 0;
  return record_puts(&out, LISTING_ID, id_text);
}

static int put_octet(unsigned char type, char octet)
{
  return record_put(&out, type, &octet, 1);
}

/* ---- why each recipient waits */

static int take_note(void *data, uint32_t rcpt, result const *r, uint64_t when)
{
  size_t *last = data;
  if (!reasons.len || strcmp(reasons.s + *last, r->text)) {
    *last = reasons.len;
    if (!stralloc_catb(&reasons, r->text, strlen(r->text) + 1))
      return 0;
  }
  *note_of(rcpt) = (note){.reason = *last, .when = when};
  return 1;
}

static int read_notes(store_message const *m)
{
  size_t last = 0;
  reasons.len = 0;
  if (!stralloc_0(&reasons) || !stralloc_ready(&noted, m->state.n * sizeof(note)))
    return 0;
  memset(noted.s, 0, m->state.n * sizeof(note));
  (void)store_notes(m, &take_note, &last); /* what can't be read is not shown */
  return 1;
}

/* ---- one message */

static char state_of(store_message const *m, int active)
{
  if (m->state.hold)
    return LISTING_HOLD;
  if (active)
    return LISTING_ACTIVE;
  if (m->state.attempts || memchr(m->state.rcpt, STORE_DEFERRED, m->state.n) ||
      memchr(m->state.rcpt, STORE_MAILBOX, m->state.n))
    return LISTING_DEFERRED;
  return LISTING_NEW;
}

static int waits(store_message const *m, size_t k)
{
  unsigned char mark = m->state.rcpt[k];
  return mark == STORE_NEW || mark == STORE_DEFERRED || mark == STORE_MAILBOX || mark == STORE_OWED_FAILED;
}

static int put_note(note const *n)
{
  return record_puts(&out, LISTING_REASON, reasons.s + n->reason) &&
         record_put_number(&out, LISTING_TRIED, n->when);
}

static int put_rcpt(store_message const *m, size_t k, int see)
{
  char const *address = see ? envelope_string(&env, envelope_rcpts(&env)[k].address) : "";
  unsigned char mark = m->state.rcpt[k] == STORE_OWED_FAILED ? STORE_FAILED
                       : m->state.rcpt[k] == STORE_MAILBOX   ? STORE_DEFERRED
                                                             : m->state.rcpt[k];
  return record_puts(&out, LISTING_RCPT, address) && put_octet(LISTING_RCPT_STATE, (char)mark) &&
         (!see || !reasons.s[note_of(k)->reason] || put_note(note_of(k)));
}

static int put_rcpts(store_message const *m, char const *id_text, int see)
{
  for (size_t k = 0; k < m->state.n; k++) {
    if (!waits(m, k))
      continue;
    if (out.len > FRAME_MAX && (!put_frame() || !begin_frame(id_text)))
      return 0;
    if (!put_rcpt(m, k, see))
      return 0;
  }
  return put_frame();
}

static int put_message(work *w, store_message const *m, char const *id_text, int active)
{
  int see = show_may_see(w->s, w->uid, m->uid);
  return begin_frame(id_text) &&
         (!see || record_puts(&out, LISTING_SENDER, envelope_string(&env, env.sender))) &&
         record_put_number(&out, LISTING_SIZE, m->length) &&
         record_put_number(&out, LISTING_ARRIVAL, id_seconds(&m->i)) &&
         put_octet(LISTING_STATE, state_of(m, active)) &&
         record_put_number(&out, LISTING_ATTEMPTS, m->state.attempts) &&
         record_put_number(&out, LISTING_NEXT, m->state.next) &&
         (!see || record_put_number(&out, LISTING_UID, m->uid)) && (!see || read_notes(m)) &&
         put_rcpts(m, id_text, see);
}

static int put_bad(id const *i, char const *id_text)
{
  return begin_frame(id_text) && record_put_number(&out, LISTING_SIZE, 0) &&
         record_put_number(&out, LISTING_ARRIVAL, id_seconds(i)) && put_octet(LISTING_STATE, LISTING_BAD) &&
         put_frame();
}

/* ---- which ones */

static int is_wanted(work const *w, store_message const *m)
{
  selection const *s = &w->wanted;
  unsigned int needs = selection_needs(s);
  if (s->mine && !show_may_change(w->s, w->uid, m->uid))
    return 0;
  if (!selection_has_words(s))
    return 1;
  if ((!s->mine && !show_may_see(w->s, w->uid, m->uid)) ||
      !selection_from(s, envelope_string(&env, env.sender)))
    return 0;
  for (size_t k = 0; needs && k < m->state.n; k++)
    if (waits(m, k))
      needs &= ~selection_to(s, envelope_string(&env, envelope_rcpts(&env)[k].address));
  return !needs;
}

/* Nothing is known of a damaged one, and nothing can be done about it. */
static int is_bad_wanted(work const *w)
{
  return !w->wanted.mine && !selection_has_words(&w->wanted);
}

/* 0: the client went away, or no memory. */
static int show_one(work *w, id const *i)
{
  char id_text[ID_LEN + 1];
  store_message m = STORE_MESSAGE_ZERO;
  int active, ok = 1;
  envelope_clear(&env);
  w->shown++;
  id_fmt(id_text, i);
  switch (store_look(&m, i, &env, &active)) {
  case STORE_OPENED: ok = !is_wanted(w, &m) || put_message(w, &m, id_text, active); break;
  case STORE_DAMAGED:
  case STORE_FOREIGN:
  case STORE_ERROR: ok = !is_bad_wanted(w) || put_bad(i, id_text); break;
  default: break; /* gone, or not (yet) a message */
  }
  store_close(&m);
  return ok;
}

/* ---- the question */

/* 1: all; 0: the client went away; -1: the queue can't be read (errno). */
static int show_all(work *w)
{
  order o = ORDER_ZERO;
  id i;
  int r;
  while ((r = order_next(&o, &i)) > 0)
    if (!show_one(w, &i)) {
      r = 1;
      break;
    }
  order_free(&o);
  return r < 0 ? -1 : !r;
}

static int end(result const *r)
{
  stralloc packed = STRALLOC_ZERO;
  out.len = 0;
  int ok = result_pack(&packed, r) && record_put(&out, LISTING_RESULT, packed.s, packed.len) &&
           door_put(&client, LISTING_END, out.s, out.len) && send_queued();
  stralloc_free(&packed);
  return ok;
}

static int show_named(work *w)
{
  int ok = 1;
  for (size_t k = 0; ok && k < selection_id_count(&w->wanted); k++)
    ok = show_one(w, selection_ids(&w->wanted) + k);
  return ok;
}

static int answer(work *w, frame const *f)
{
  result r = RESULT_ZERO;
  if (f->type != LISTING_ASK || !selection_unpack(&w->wanted, f->s, f->len)) {
    result_set(&r, RESULT_PERMANENT, STATUS_PROTOCOL, "the question makes no sense");
    return end(&r);
  }
  selection_sort_ids(&w->wanted);
  int done = selection_id_count(&w->wanted) ? show_named(w) : show_all(w);
  if (!done)
    return 0;
  if (done < 0)
    result_set(&r, RESULT_TEMPORARY, STATUS_SYSTEM, "the queue can't be read: %s", strerror(errno));
  else
    result_set(&r, RESULT_OK, STATUS_NONE, "that is all");
  return end(&r);
}

static void serve(work *w, unsigned int slot)
{
  result r = RESULT_ZERO;
  frame f;
  tain t;
  tain_addsec_g(&t, ASK);
  (void)pool_draining(&t);
  if (!quota_enter(&w->s->quota, slot, w->uid, quota_is_exempt(&w->s->ids, w->uid), &r))
    (void)end(&r);
  else if (door_wait(&client, &f, &t))
    (void)answer(w, &f);
  quota_leave(&w->s->quota, slot);
}

int show_serve(show *s, unsigned int slot, int fd)
{
  work w = {.s = s, .wanted = SELECTION_ZERO};
  if (!door_peer(fd, &w.uid) || !identity_may_knock(&s->ids, w.uid, KNOCK_ANYBODY, 1u << TERNX | 1u << TERNM))
    return 1;
  door_start(&client, fd, DOOR_REFUSE_FDS);
  serve(&w, slot);
  door_free(&client);
  envelope_clear(&env);
  selection_free(&w.wanted);
  return w.shown < LONG;
}
