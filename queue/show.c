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
#include "queue/order.h"
#include "queue/show.h"
#include "queue/store.h"

#define ASK 10           /* seconds that a client has to ask */
#define TAKE 60          /* to take all that is queued for it */
#define BATCH 64u        /* messages that are queued before they are sent */
#define FRAME_MAX 60000u /* bytes: room for one more recipient stays below DOOR_MAX */
#define LONG 4096u /* messages of a list that leaves so much memory behind that the worker is replaced */
#define ASKED_MAX (DOOR_MAX / ID_LEN)

typedef struct work_s work;
struct work_s {
  show *s;
  uid_t uid;
  unsigned int queued; /* messages, since the last was sent */
  uint64_t shown;      /* ids */
};

static door client;
static envelope env;
static stralloc out, reasons, reason_of; /* of recipient k: where its reason begins in reasons */

int show_may_see(show const *s, uid_t uid, uint64_t owner)
{
  if (!uid || uid == s->ids.owner || uid == owner)
    return 1;
  for (size_t k = 0; k < s->n; k++)
    if (s->viewers[k] == uid)
      return 1;
  return 0;
}

static int send_queued(work *w)
{
  tain t;
  w->queued = 0;
  tain_now_g();
  tain_addsec_g(&t, TAKE);
  return door_send(&client, &t);
}

static int put_frame(work *w)
{
  return door_put(&client, LISTING_MESSAGE, out.s, out.len) && (++w->queued < BATCH || send_queued(w));
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
  (void)when;
  if (!reasons.len || strcmp(reasons.s + *last, r->text)) {
    *last = reasons.len;
    if (!stralloc_catb(&reasons, r->text, strlen(r->text) + 1))
      return 0;
  }
  ((uint32_t *)(void *)reason_of.s)[rcpt] = (uint32_t)*last;
  return 1;
}

static int read_reasons(store_message const *m)
{
  size_t last = 0;
  reasons.len = 0;
  if (!stralloc_0(&reasons) || !stralloc_ready(&reason_of, m->state.n * sizeof(uint32_t)))
    return 0;
  memset(reason_of.s, 0, m->state.n * sizeof(uint32_t));
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
  if (m->state.attempts || memchr(m->state.rcpt, STORE_DEFERRED, m->state.n))
    return LISTING_DEFERRED;
  return LISTING_NEW;
}

static int put_rcpt(store_message const *m, size_t k, int see)
{
  char const *address = see ? envelope_string(&env, envelope_rcpts(&env)[k].address) : "";
  char const *reason = see ? reasons.s + ((uint32_t *)(void *)reason_of.s)[k] : "";
  return record_puts(&out, LISTING_RCPT, address) && put_octet(LISTING_RCPT_STATE, (char)m->state.rcpt[k]) &&
         (!*reason || record_puts(&out, LISTING_REASON, reason));
}

static int put_rcpts(work *w, store_message const *m, char const *id_text, int see)
{
  for (size_t k = 0; k < m->state.n; k++) {
    if (m->state.rcpt[k] != STORE_NEW && m->state.rcpt[k] != STORE_DEFERRED)
      continue;
    if (out.len > FRAME_MAX && (!put_frame(w) || !begin_frame(id_text)))
      return 0;
    if (!put_rcpt(m, k, see))
      return 0;
  }
  return put_frame(w);
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
         (!see || record_put_number(&out, LISTING_UID, m->uid)) && (!see || read_reasons(m)) &&
         put_rcpts(w, m, id_text, see);
}

static int put_bad(work *w, id const *i, char const *id_text)
{
  return begin_frame(id_text) && record_put_number(&out, LISTING_SIZE, 0) &&
         record_put_number(&out, LISTING_ARRIVAL, id_seconds(i)) && put_octet(LISTING_STATE, LISTING_BAD) &&
         put_frame(w);
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
  case STORE_OPENED: ok = put_message(w, &m, id_text, active); break;
  case STORE_DAMAGED:
  case STORE_FOREIGN:
  case STORE_ERROR: ok = put_bad(w, i, id_text); break;
  default: break; /* gone, or not (yet) a message */
  }
  store_close(&m);
  return ok;
}

/* ---- the question */

static int by_age(void const *a, void const *b)
{
  return id_cmp(a, b);
}

/* The ids that were asked for, by age, each once. Gives their number; -1: it makes no sense. */
static ssize_t take_question(frame const *f, id *asked)
{
  record_reader r = RECORD_READER(f->s, f->len);
  enum record_found found;
  size_t n = 0, kept = 0;
  record one;
  if (f->type != LISTING_ASK)
    return -1;
  while ((found = record_next(&r, &one)) != RECORD_END) {
    if (found == RECORD_BROKEN || one.type != LISTING_ID || n == ASKED_MAX ||
        !id_scan(asked + n, one.s, one.len))
      return -1;
    n++;
  }
  if (n)
    qsort(asked, n, sizeof *asked, &by_age);
  for (size_t k = 0; k < n; k++)
    if (!kept || id_cmp(asked + k, asked + kept - 1))
      asked[kept++] = asked[k];
  return (ssize_t)kept;
}

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

static int end(work *w, result const *r)
{
  stralloc packed = STRALLOC_ZERO;
  out.len = 0;
  int ok = result_pack(&packed, r) && record_put(&out, LISTING_RESULT, packed.s, packed.len) &&
           door_put(&client, LISTING_END, out.s, out.len) && send_queued(w);
  stralloc_free(&packed);
  return ok;
}

static int answer(work *w, frame const *f)
{
  static id asked[ASKED_MAX];
  result r = RESULT_ZERO;
  ssize_t n = take_question(f, asked);
  int done = 1;
  if (n < 0) {
    result_set(&r, RESULT_PERMANENT, STATUS_PROTOCOL, "the question makes no sense");
    return end(w, &r);
  }
  for (ssize_t k = 0; done && k < n; k++)
    done = show_one(w, asked + k);
  if (!n)
    done = show_all(w);
  if (!done)
    return 0;
  if (done < 0)
    result_set(&r, RESULT_TEMPORARY, STATUS_SYSTEM, "the queue can't be read: %s", strerror(errno));
  else
    result_set(&r, RESULT_OK, STATUS_NONE, "that is all");
  return end(w, &r);
}

static void serve(work *w, unsigned int slot)
{
  result r = RESULT_ZERO;
  frame f;
  tain t;
  tain_addsec_g(&t, ASK);
  (void)pool_draining(&t);
  if (!quota_enter(&w->s->quota, slot, w->uid, quota_is_exempt(&w->s->ids, w->uid), &r))
    (void)end(w, &r);
  else if (door_wait(&client, &f, &t))
    (void)answer(w, &f);
  quota_leave(&w->s->quota, slot);
}

int show_serve(show *s, unsigned int slot, int fd)
{
  work w = {.s = s};
  if (!door_peer(fd, &w.uid) || !identity_may_knock(&s->ids, w.uid, KNOCK_ANYBODY, 1u << TERNX | 1u << TERNM))
    return 1;
  door_start(&client, fd, DOOR_REFUSE_FDS);
  serve(&w, slot);
  door_free(&client);
  envelope_clear(&env);
  return w.shown < LONG;
}
