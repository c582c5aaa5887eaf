/* queue_verb - see queue_verb.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <skalibs/stralloc.h>
#include <skalibs/strerr.h>
#include <skalibs/tai.h>
#include "lib/listing.h"
#include "lib/result.h"
#include "tools/queue_verb.h"

#define NO_ANSWER "the service send does not answer"

queue_verb const queue_verbs[QUEUE_VERBS] = {
    {"hold", "put on hold", "be put on hold", "keep it in the queue, untried, until it is released",
     "it is on hold already", 0},
    {"release", "released", "be released", "let a message on hold go on", 0, "it is not on hold"},
    {"retry", "tried now", "be tried now", "try it now, whatever its next time would be",
     "it is on hold: release it", 0},
    {"delete", "deleted", "be deleted", "throw it away; nobody is told", 0, 0},
    {"bounce", "returned", "be returned", "send it back to its sender as undeliverable", 0, 0}};

queue_verb const *queue_verb_find(char const *name)
{
  for (size_t i = 0; i < QUEUE_VERBS; i++)
    if (!strcmp(queue_verbs[i].name, name))
      return queue_verbs + i;
  return 0;
}

/* ---- answers */

static int say(queue_order const *o, int code, char const *what, char const *why)
{
  if (!o->quiet)
    fprintf(stderr, "%s: %s: %s\n", PROG, what, why);
  return code;
}

static int code_of(result const *r)
{
  if (r->class == RESULT_OK)
    return EX_OK;
  if (r->class != RESULT_PERMANENT)
    return EX_TEMPFAIL;
  return r->status / 1000 == 7 ? EX_NOPERM : r->status / 1000 == 5 ? EX_USAGE : EX_NOINPUT;
}

static void take_result(queue_order *o, int of_message, char const *id_text, result const *r)
{
  int code = code_of(r);
  if (!o->code)
    o->code = code;
  if (of_message)
    *(code ? &o->refused : &o->done) += 1;
  if (code && (of_message || !(o->done + o->refused)))
    say(o, code, *id_text ? id_text : o->v->name, r->text);
  else if (of_message && !o->quiet)
    printf("%s: %s\n", id_text, r->text);
}

/* One message's answer, or the end's. 0: nonsense. */
static int take_answer(queue_order *o, frame const *f)
{
  record_reader reader = RECORD_READER(f->s, f->len);
  enum record_found found;
  record one;
  char id_text[ID_LEN + 1] = "";
  result r = RESULT_ZERO;
  int have = 0;
  while ((found = record_next(&reader, &one)) != RECORD_END) {
    if (found == RECORD_BROKEN || (one.type == LISTING_ID && !record_string(&one, id_text, sizeof id_text)) ||
        (one.type == LISTING_RESULT && !(have = result_unpack(&r, one.s, one.len))))
      return 0;
  }
  if (have)
    take_result(o, f->type == VERB_DONE, id_text, &r);
  return have;
}

/* ---- requests */

int queue_order_begin(queue_order *o)
{
  tain deadline;
  tain_now_set_stopwatch_g();
  tain_addsec_g(&deadline, QUEUE_VERB_WAIT);
  if (!door_knock(&o->d, "send", DOOR_REFUSE_FDS, &deadline))
    return say(o, EX_UNAVAILABLE, NO_ANSWER, strerror(errno));
  return EX_OK;
}

static int ask(queue_order *o, stralloc const *records)
{
  frame f;
  tain deadline;
  tain_addsec_g(&deadline, QUEUE_VERB_WAIT);
  if (!door_put(&o->d, VERB_ASK, records->s, records->len) || !door_send(&o->d, &deadline))
    return say(o, EX_UNAVAILABLE, NO_ANSWER, strerror(errno));
  do {
    tain_addsec_g(&deadline, QUEUE_VERB_WAIT);
    if (!door_wait(&o->d, &f, &deadline))
      return say(o, EX_TEMPFAIL, NO_ANSWER, strerror(errno));
    if ((f.type != VERB_DONE && f.type != LISTING_END) || !take_answer(o, &f))
      return say(o, EX_PROTOCOL, "the service send", "nonsense came");
  } while (f.type != LISTING_END);
  return EX_OK;
}

static int put_ids(stralloc *records, id const *ids, size_t n)
{
  char text[ID_LEN + 1];
  for (size_t k = 0; k < n; k++) {
    id_fmt(text, ids + k);
    if (!record_puts(records, LISTING_ID, text))
      return 0;
  }
  return 1;
}

/* What keeps the runner from being asked ends it; what it says of messages does not. */
int queue_order_ids(queue_order *o, id const *ids, size_t n)
{
  stralloc records = STRALLOC_ZERO;
  int code = EX_OK;
  while (n && !code) {
    size_t some = n < QUEUE_VERB_IDS ? n : QUEUE_VERB_IDS;
    records.len = 0;
    if (!record_puts(&records, VERB_NAME, o->v->name) || !put_ids(&records, ids, some))
      code = say(o, EX_TEMPFAIL, "no memory", strerror(errno));
    else
      code = ask(o, &records);
    ids += some;
    n -= some;
  }
  stralloc_free(&records);
  return code ? code : o->code;
}

int queue_order_all(queue_order *o)
{
  stralloc records = STRALLOC_ZERO;
  int code = EX_OK;
  if (!record_puts(&records, VERB_NAME, o->v->name) || !record_put(&records, VERB_ALL, "", 0))
    code = say(o, EX_TEMPFAIL, "no memory", strerror(errno));
  else
    code = ask(o, &records);
  stralloc_free(&records);
  return code ? code : o->code;
}
