/* injector - one message, step by step. A message that fits into the buffer touches the disk only when all of
   it is here and right: one file, one write, one sync. The answer goes out when it is durable, before
   anything else is done; what a crash between the two leaves is found by the scan that the worker's death
   causes. */
#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <skalibs/stralloc.h>
#include <skalibs/tai.h>
#include "lib/log.h"
#include "lib/pool.h"
#include "lib/submission.h"
#include "queue/claims.h"
#include "queue/injector.h"
#include "queue/notice.h"
#include "queue/received.h"
#include "queue/store.h"

#define BUFFER 65536u    /* octets of the body that are held before they are written */
#define SLICE 2          /* seconds of a wait before draining is looked at */
#define ANSWER 10        /* seconds that a client has to take its answer */
#define KEEP_MAX 131072u /* bytes of an envelope's memory that a worker may keep */
#define TELL_TRIES 20u   /* in a second, if the runner can't be told */

typedef struct work_s work;
struct work_s {
  injector *in;
  unsigned int slot;
  uid_t uid;
  int exempt;
  tain deadline; /* for progress */
  size_t have;   /* octets in the buffer */
  uint64_t size; /* octets of the body so far */
  received header;
  store_new file;
  result r;
  char id_text[ID_LEN + 1];
};

/* Kept from one message to the next. */
static door client;
static envelope env;
static stralloc records, field;
static char held[BUFFER];

static int refuse(work *w, enum result_class class, unsigned int status, char const *text)
{
  result_set(&w->r, class, status, "%s", text);
  return 0;
}

static int store_failed(work *w)
{
  int e = errno;
  unsigned int status = e == ENOSPC || e == EDQUOT || e == EFBIG ? STATUS_SYSTEM_FULL : STATUS_SYSTEM;
  result_set(&w->r, RESULT_TEMPORARY, status, "the message can't be stored: %s", strerror(e));
  log_warn("store", "a message");
  (void)notice_scan(&w->in->notice);
  return 0;
}

/* ---- waiting: in slices, so that draining is noticed */

static void renew(work *w)
{
  tain_addsec_g(&w->deadline, (int)w->in->timeout);
}

/* When the wait that begins now ends, and in *last when all waiting does. */
static tain slice(work const *w, tain *last)
{
  tain t;
  *last = w->deadline;
  (void)pool_draining(last);
  tain_addsec_g(&t, SLICE);
  return tain_less(last, &t) ? *last : t;
}

/* After a wait that gave nothing: 1: wait again. 0: *r says why not. */
static int may_wait(work *w, tain const *last)
{
  if (errno == EINTR || (errno == ETIMEDOUT && tain_future(last)))
    return 1;
  if (errno != ETIMEDOUT)
    return refuse(w, RESULT_TEMPORARY, STATUS_PROTOCOL, "the client went away or made no sense");
  return refuse(w, RESULT_TEMPORARY, STATUS_NOT_ACCEPTING,
                pool_draining(0) ? "the queue is restarting; try again" : "the client took too long");
}

/* ---- the envelope */

static int take_envelope(work *w)
{
  for (;;) {
    tain last, t = slice(w, &last);
    switch (submission_take_envelope(&client, &env, &t)) {
    case ENVELOPE_OK: return 1;
    case ENVELOPE_FOREIGN:
      return refuse(w, RESULT_TEMPORARY, STATUS_PROTOCOL, "the envelope holds what this tern does not know");
    case ENVELOPE_NOMEM: return refuse(w, RESULT_TEMPORARY, STATUS_SYSTEM, "out of memory");
    case ENVELOPE_TOOMANY:
      return refuse(w, RESULT_PERMANENT, STATUS_TOO_MANY_RECIPIENTS, "too many recipients");
    case ENVELOPE_BROKEN:
      return refuse(w, RESULT_PERMANENT, STATUS_BAD_SYNTAX, "the envelope makes no sense");
    default:
      if (!may_wait(w, &last))
        return 0;
    }
  }
}

static int judge_envelope(work *w)
{
  claims_sift(&env, &w->in->ids, w->uid);
  if (!claims_judge(&env, w->in->me, &w->r))
    return 0;
  records.len = 0;
  if (!envelope_pack_all(&env, &records))
    return refuse(w, RESULT_TEMPORARY, STATUS_SYSTEM, "out of memory");
  return quota_disk(&w->in->quota, w->exempt, &w->r);
}

/* ---- the body */

/* The file, and the field that names it. */
static int begin(work *w)
{
  atomic_store(&w->in->quota.slots[w->slot].filling, 1);
  if (!store_begin(&w->file, w->slot, &records, envelope_count(&env), w->uid))
    return store_failed(w);
  id_fmt(w->id_text, &w->file.i);
  if (received_make(&field, &env, w->uid, w->in->me, w->id_text, time(0)))
    return 1;
  return refuse(w, RESULT_TEMPORARY, STATUS_SYSTEM, "out of memory");
}

/* What is held, with the field before it at the beginning. */
static unsigned int pieces(work *w, struct iovec v[2], int first)
{
  unsigned int n = 0;
  if (first)
    v[n++] = (struct iovec){.iov_base = field.s, .iov_len = field.len};
  v[n++] = (struct iovec){.iov_base = held, .iov_len = w->have};
  w->have = 0;
  return n;
}

static int flush(work *w)
{
  struct iovec v[2];
  int first = w->file.fd < 0;
  tain_now_g();
  if (!quota_add(&w->in->quota, w->slot, w->have, &w->r) || !quota_disk(&w->in->quota, w->exempt, &w->r))
    return 0;
  if (first && !begin(w))
    return 0;
  if (!store_write(&w->file, v, pieces(w, v, first)))
    return store_failed(w);
  renew(w);
  return 1;
}

static int commit(work *w)
{
  struct iovec v[2];
  int first = w->file.fd < 0;
  if (first && !begin(w))
    return 0;
  return store_commit(&w->file, v, pieces(w, v, first)) || store_failed(w);
}

static int look_at(work *w, size_t n)
{
  w->size += n;
  if (w->size > w->in->databytes) {
    result_set(&w->r, RESULT_PERMANENT, STATUS_TOO_BIG, "the message is larger than %llu octets",
               (unsigned long long)w->in->databytes);
    return 0;
  }
  received_look(&w->header, held + w->have, n);
  w->have += n;
  return w->header.count < RECEIVED_HOPS ||
         refuse(w, RESULT_PERMANENT, STATUS_LOOP,
                "too many Received fields: the message goes round in a loop");
}

static int take_body(work *w)
{
  submission_stream s = SUBMISSION_STREAM(&client);
  for (;;) {
    tain last, t = slice(w, &last);
    ssize_t r = submission_read(&s, held + w->have, BUFFER - w->have, &t);
    if (!r)
      return 1;
    if (r < 0) {
      if (!may_wait(w, &last))
        return 0;
      continue;
    }
    if (w->exempt)
      renew(w);
    if (!look_at(w, (size_t)r) || (w->have == BUFFER && !flush(w)))
      return 0;
  }
}

/* ---- the end */

static void log_received(work const *w)
{
  log_entry l;
  log_begin(&l, w->id_text, "received");
  log_add_number(&l, "uid", w->uid);
  log_add(&l, "from", envelope_string(&env, env.sender));
  log_add_number(&l, "size", w->size);
  log_add_number(&l, "rcpts", envelope_count(&env));
  if (envelope_count(&env) == 1)
    log_add(&l, "to", envelope_string(&env, envelope_rcpts(&env)->address));
  if (env.client_address)
    log_add(&l, "client", envelope_string(&env, env.client_address));
  if (w->header.id_len)
    log_addb(&l, "message-id", w->header.id, w->header.id_len);
  if (env.parent)
    log_add(&l, env.parent_claimed ? "claimed-parent" : "parent", envelope_string(&env, env.parent));
  log_end(&l);
}

static void log_refused(work const *w)
{
  char code[12];
  log_entry l;
  log_begin(&l, *w->id_text ? w->id_text : 0, "refused");
  log_add_number(&l, "uid", w->uid);
  log_add(&l, "from", envelope_string(&env, env.sender));
  log_add(&l, "status", result_code(&w->r, code));
  log_add(&l, "why", w->r.text);
  log_end(&l);
}

static void answer(work *w, char const *id_text)
{
  tain t;
  tain_now_g(); /* the disk may have taken its time */
  tain_addsec_g(&t, ANSWER);
  (void)submission_reply(&client, &w->r, id_text, &t); /* who does not listen will ask again */
}

/* A full FIFO makes its reader scan. Anything else is odd: a few tries, since a message that nobody is told
   of waits until the runner starts again. */
static void tell(work *w)
{
  struct timespec pause = {.tv_nsec = 1000000000 / TELL_TRIES};
  if (notice_tell(&w->in->notice, &w->file.i) || errno == EAGAIN)
    return;
  log_warn("tell the runner of", w->id_text);
  for (unsigned int k = 0; k < TELL_TRIES && !notice_scan(&w->in->notice) && errno != EAGAIN; k++)
    (void)nanosleep(&pause, 0);
}

static void finish(work *w, int accepted)
{
  if (accepted) {
    result_set(&w->r, RESULT_OK, STATUS_NONE, "queued as %s", w->id_text);
    answer(w, w->id_text);
    tell(w);
    log_received(w);
    return;
  }
  store_abandon(&w->file);
  answer(w, 0);
  log_refused(w);
}

/* 0: an envelope took so much memory that a fresh worker is cheaper. */
static int clean_up(void)
{
  int small = env.text.a + records.a <= KEEP_MAX;
  door_free(&client);
  envelope_clear(&env);
  return small;
}

int injector_serve(injector *in, unsigned int slot, int fd)
{
  work w = {.in = in, .slot = slot, .file = STORE_NEW_ZERO, .r = RESULT_ZERO};
  if (!door_peer(fd, &w.uid) || !identity_may_knock(&in->ids, w.uid, KNOCK_ANYBODY,
                                                    1u << TERND | 1u << TERNS | 1u << TERNX | 1u << TERNM))
    return 1;
  w.exempt = quota_is_exempt(&in->ids, w.uid);
  door_start(&client, fd, DOOR_REFUSE_FDS);
  renew(&w);
  finish(&w, quota_enter(&in->quota, slot, w.uid, w.exempt, &w.r) && take_envelope(&w) &&
                 judge_envelope(&w) && take_body(&w) && commit(&w));
  quota_leave(&in->quota, slot);
  return clean_up();
}
