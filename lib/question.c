/* question - the frames of door `alias`. A client that gets no answer says "later", never "unknown". */
#include <errno.h>
#include <string.h>
#include "lib/question.h"

#define FRAME_MAX (DOOR_MAX - 2u) /* version and type are the door's */
#define TRIES 4u                  /* connections for one question */

/* ---- clients that wait */

/* Asks on the door that is there, and then on new ones: the other side may be restarted, and whoever takes a connection just
   before that closes it without having read the question. */
static int ask(door *d, unsigned char type, char const *s, size_t len, frame *f, tain const *deadline)
{
  for (unsigned int tries = 1;; tries++) {
    if (d->fd < 0 && !door_knock(d, "alias", DOOR_REFUSE_FDS, deadline))
      return 0;
    if (door_ask(d, type, s, len, f, deadline))
      return 1;
    int e = errno;
    door_close(d);
    if (e == ETIMEDOUT || tries == TRIES)
      return (errno = e, 0);
  }
}

static void no_answer(result *r)
{
  result_set(r, RESULT_TEMPORARY, STATUS_SYSTEM, "tern-alias does not answer (%s); try again later",
             strerror(errno));
}

static void nonsense(door *d, result *r)
{
  door_close(d);
  errno = EPROTO;
  no_answer(r);
}

/* Asks about one address. The records of all frames of the answer are appended to out. */
static int ask_address(door *d, unsigned char type, char const *s, size_t len, stralloc *out, result *r,
                       tain const *deadline)
{
  stralloc q = STRALLOC_ZERO;
  frame f = {.fd = -1};
  int ok = record_put(&q, QUESTION_ADDRESS, s, len) && ask(d, type, q.s, q.len, &f, deadline);
  stralloc_free(&q);
  while (ok && stralloc_catb(out, f.s, f.len) && f.type == ANSWER_MORE)
    ok = door_wait(d, &f, deadline);
  if (ok && f.type == ANSWER_LAST)
    return 1;
  if (ok)
    errno = EPROTO;
  no_answer(r);
  door_close(d);
  return 0;
}

static int is_meaning(char c)
{
  return c && strchr("upernl", c);
}

enum meaning question_exists(door *d, char const *address, size_t len, result *r, tain const *deadline)
{
  stralloc answer = STRALLOC_ZERO;
  record one;
  enum meaning meaning = 0;
  int told = 0;
  if (ask_address(d, QUESTION_EXISTS, address, len, &answer, r, deadline)) {
    record_reader reader = RECORD_READER(answer.s, answer.len);
    while (record_next(&reader, &one) == RECORD_ONE)
      if (one.type == ANSWER_MEANING && one.len == 1 && is_meaning(*one.s))
        meaning = (enum meaning) * one.s;
      else if (one.type == ANSWER_RESULT)
        told = result_unpack(r, one.s, one.len);
    if (!meaning || !told || reader.len) {
      nonsense(d, r);
      meaning = MEANING_LATER;
    }
  } else
    meaning = MEANING_LATER;
  stralloc_free(&answer);
  return meaning;
}

int question_whoami(door *d, char *name, size_t max, tain const *deadline)
{
  frame f = {.fd = -1};
  record one;
  if (!ask(d, QUESTION_WHOAMI, "", 0, &f, deadline) || f.type != ANSWER_LAST)
    return 0;
  record_reader reader = RECORD_READER(f.s, f.len);
  return record_next(&reader, &one) == RECORD_ONE && one.type == ANSWER_NAME && one.len &&
         record_string(&one, name, max);
}

static int append_string(stralloc *to, record const *one)
{
  return !memchr(one->s, 0, one->len) && stralloc_catb(to, one->s, one->len) && stralloc_0(to);
}

int question_targets(door *d, char const *alias, size_t len, stralloc *targets, stralloc *owner, result *r,
                     tain const *deadline)
{
  stralloc answer = STRALLOC_ZERO;
  record one;
  int ok = ask_address(d, QUESTION_TARGETS, alias, len, &answer, r, deadline), refused = 0;
  record_reader reader = RECORD_READER(answer.s, answer.len);
  owner->len = 0;
  while (ok && record_next(&reader, &one) == RECORD_ONE)
    if (one.type == ANSWER_RESULT)
      ok = refused = result_unpack(r, one.s, one.len);
    else if (one.type == ANSWER_OWNER || one.type == ANSWER_TARGET)
      ok = append_string(one.type == ANSWER_OWNER ? owner : targets, &one);
  if (ok && (reader.len || (!owner->len && !stralloc_0(owner))))
    ok = 0;
  if (!ok && d->fd >= 0)
    nonsense(d, r);
  stralloc_free(&answer);
  return ok && !refused;
}

int question_explain(door *d, char const *address, size_t len, stralloc *steps, result *r,
                     tain const *deadline)
{
  stralloc answer = STRALLOC_ZERO;
  record one;
  int ok = ask_address(d, QUESTION_EXPLAIN, address, len, &answer, r, deadline);
  record_reader reader = RECORD_READER(answer.s, answer.len);
  while (ok && record_next(&reader, &one) == RECORD_ONE)
    if (one.type == ANSWER_STEP)
      ok = append_string(steps, &one);
  if ((!ok || reader.len) && d->fd >= 0) {
    nonsense(d, r);
    ok = 0;
  }
  stralloc_free(&answer);
  return ok;
}

/* ---- the runner's question, and answers */

int question_put_resolve(door *d, envelope const *e, uint32_t const *list, size_t n)
{
  stralloc q = STRALLOC_ZERO;
  int ok = 1;
  for (size_t i = 0; ok && i < n; i++) {
    envelope_rcpt const *rcpt = envelope_rcpts(e) + list[i];
    char const *address = envelope_string(e, rcpt->address);
    char const final = (char)rcpt->final;
    if (q.len + strlen(address) + 2 * RECORD_HEAD + 1 > FRAME_MAX) {
      ok = door_put(d, QUESTION_RESOLVE_MORE, q.s, q.len);
      q.len = 0;
    }
    ok = ok && record_puts(&q, QUESTION_ADDRESS, address) &&
         (rcpt->final == FINAL_NOT || record_put(&q, QUESTION_FINAL, &final, 1));
  }
  ok = ok && door_put(d, QUESTION_RESOLVE, q.s, q.len);
  stralloc_free(&q);
  return ok;
}

/* As many whole records as fit into one frame. */
static size_t fitting(char const *records, size_t len)
{
  record_reader reader = RECORD_READER(records, len);
  size_t n = 0;
  record one;
  while (record_next(&reader, &one) == RECORD_ONE && len - reader.len <= FRAME_MAX)
    n = len - reader.len;
  return n;
}

int question_put_answer(door *d, char const *records, size_t len)
{
  while (len > FRAME_MAX) {
    size_t n = fitting(records, len);
    if (!n)
      return (errno = EMSGSIZE, 0);
    if (!door_put(d, ANSWER_MORE, records, n))
      return 0;
    records += n;
    len -= n;
  }
  return door_put(d, ANSWER_LAST, records, len);
}
