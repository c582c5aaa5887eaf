/* queue_ask - see queue_ask.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <skalibs/strerr.h>
#include <skalibs/tai.h>
#include "lib/door.h"
#include "lib/listing.h"
#include "lib/result.h"
#include "tools/queue_ask.h"

#define CANT_READ "the mail queue can't be read"

typedef struct asker_s asker;
struct asker_s {
  int (*f)(void *data, queue_entry const *e);
  void *data;
  queue_entry e;
};

static int say(int code, char const *what, char const *why)
{
  fprintf(stderr, "%s: %s: %s\n", PROG, what, why);
  return code;
}

/* The end of the answer, with what the door says of it. */
static int take_end(frame const *f, result *r)
{
  record_reader reader = RECORD_READER(f->s, f->len);
  record one;
  return record_next(&reader, &one) == RECORD_ONE && one.type == LISTING_RESULT &&
         result_unpack(r, one.s, one.len);
}

static int give(asker *a)
{
  return !a->e.id[0] || (*a->f)(a->data, &a->e) ? EX_OK : say(EX_IOERR, "the list", strerror(errno));
}

/* The id changes from one entry to the next: then the last one is complete. */
static int take_message(asker *a, frame const *f)
{
  record_reader reader = RECORD_READER(f->s, f->len);
  record one;
  if (record_next(&reader, &one) != RECORD_ONE || one.type != LISTING_ID || one.len != ID_LEN)
    return say(EX_UNAVAILABLE, CANT_READ, "nonsense came");
  int code = a->e.id[0] && memcmp(a->e.id, one.s, ID_LEN) ? give(a) : EX_OK;
  if (!code && !queue_entry_take(&a->e, f->s, f->len))
    code = say(EX_UNAVAILABLE, CANT_READ, strerror(errno));
  return code;
}

static int receive(asker *a, door *d)
{
  frame f;
  result r = RESULT_ZERO;
  tain deadline;
  int code;
  for (;;) {
    tain_addsec_g(&deadline, QUEUE_ASK_WAIT);
    if (!door_wait(d, &f, &deadline))
      return say(EX_UNAVAILABLE, CANT_READ, strerror(errno));
    if (f.type == LISTING_END)
      break;
    if (f.type != LISTING_MESSAGE)
      return say(EX_UNAVAILABLE, CANT_READ, "nonsense came");
    if ((code = take_message(a, &f)))
      return code;
  }
  if (!take_end(&f, &r))
    return say(EX_UNAVAILABLE, CANT_READ, "nonsense came");
  if (r.class != RESULT_OK && !a->e.id[0])
    return say(EX_UNAVAILABLE, CANT_READ, r.text);
  code = give(a);
  return code || r.class == RESULT_OK ? code : say(EX_UNAVAILABLE, "the list is not complete", r.text);
}

static int ask(door *d, selection const *s)
{
  stralloc question = STRALLOC_ZERO;
  tain deadline;
  tain_now_set_stopwatch_g();
  tain_addsec_g(&deadline, QUEUE_ASK_WAIT);
  if (!door_knock(d, "showq", DOOR_REFUSE_FDS, &deadline))
    return say(EX_UNAVAILABLE, CANT_READ ": the service showq does not answer", strerror(errno));
  int ok = selection_pack(s, &question) && door_put(d, LISTING_ASK, question.s, question.len);
  stralloc_free(&question);
  if (!ok)
    return errno == EMSGSIZE ? say(EX_USAGE, "too many words", "at most 2,800 ids can be asked for at once")
                             : say(EX_OSERR, CANT_READ, strerror(errno));
  return door_send(d, &deadline) ? EX_OK : say(EX_UNAVAILABLE, CANT_READ, strerror(errno));
}

int queue_ask(selection const *s, int (*f)(void *data, queue_entry const *e), void *data)
{
  static door d;
  asker a = {.f = f, .data = data, .e = QUEUE_ENTRY_ZERO};
  int code = ask(&d, s);
  if (!code)
    code = receive(&a, &d);
  door_close(&d);
  queue_entry_free(&a.e);
  return code;
}
