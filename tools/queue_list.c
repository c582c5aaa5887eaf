/* queue_list - asks door `showq` and prints what it says, entry by entry as it comes: a long queue takes no
 * memory. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <skalibs/allreadwrite.h>
#include <skalibs/tai.h>
#include "lib/door.h"
#include "lib/listing.h"
#include "lib/result.h"
#include "tools/home.h"
#include "tools/queue_list.h"

#define FLUSH 65536u /* octets that are kept before they are written */

typedef struct printer_s printer;
struct printer_s {
  int json;
  int ids; /* some were asked for by name */
  uint64_t entries, octets;
  queue_entry e;
  stralloc out;
};

static int say(int code, char const *what, char const *why)
{
  fprintf(stderr, "mailq: %s%s%s\n", what, *why ? ": " : "", why);
  return code;
}

static int flush(printer *p, size_t at_least)
{
  if (p->out.len < at_least)
    return 1;
  size_t len = p->out.len;
  p->out.len = 0;
  return allwrite(1, p->out.s, len) == len;
}

static int print_entry(printer *p)
{
  if (!p->e.id[0])
    return 1;
  if (!p->json && !p->entries &&
      !stralloc_cats(&p->out, "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n"))
    return 0;
  p->entries++;
  p->octets += p->e.size;
  if (!(p->json ? queue_entry_json(&p->out, &p->e) : queue_entry_text(&p->out, &p->e)))
    return 0;
  return flush(p, FLUSH);
}

static int print_end(printer *p)
{
  char line[80];
  if (!p->json && !p->entries && !stralloc_cats(&p->out, "Mail queue is empty\n"))
    return 0;
  if (!p->json && p->entries) {
    int n = snprintf(line, sizeof line, "-- %llu Kbytes in %llu Requests.\n",
                     (unsigned long long)((p->octets + 1023) / 1024), (unsigned long long)p->entries);
    if (!stralloc_catb(&p->out, line, (size_t)n))
      return 0;
  }
  return flush(p, 1);
}

/* The end of the answer, with what the door says of it. */
static int take_end(frame const *f, result *r)
{
  record_reader reader = RECORD_READER(f->s, f->len);
  record one;
  return record_next(&reader, &one) == RECORD_ONE && one.type == LISTING_RESULT &&
         result_unpack(r, one.s, one.len);
}

/* The id changes from one entry to the next: then the last one is complete. */
static int take_message(printer *p, frame const *f)
{
  record_reader reader = RECORD_READER(f->s, f->len);
  record one;
  if (record_next(&reader, &one) != RECORD_ONE || one.type != LISTING_ID || one.len != ID_LEN)
    return (errno = EPROTO, 0);
  if (p->e.id[0] && memcmp(p->e.id, one.s, ID_LEN) && !print_entry(p))
    return 0;
  return queue_entry_take(&p->e, f->s, f->len);
}

static int receive(printer *p, door *d)
{
  frame f;
  result r = RESULT_ZERO;
  tain deadline;
  for (;;) {
    tain_addsec_g(&deadline, QUEUE_LIST_WAIT);
    if (!door_wait(d, &f, &deadline))
      return say(EX_UNAVAILABLE, "the mail queue can't be read", strerror(errno));
    if (f.type == LISTING_END)
      break;
    if (f.type != LISTING_MESSAGE || !take_message(p, &f))
      return say(EX_UNAVAILABLE, "the mail queue can't be read",
                 f.type == LISTING_MESSAGE ? strerror(errno) : "nonsense came");
  }
  if (!take_end(&f, &r))
    return say(EX_UNAVAILABLE, "the mail queue can't be read", "nonsense came");
  if (r.class != RESULT_OK && !p->e.id[0])
    return say(EX_UNAVAILABLE, "the mail queue can't be read", r.text);
  if (!print_entry(p) || !print_end(p))
    return say(EX_IOERR, "standard output", strerror(errno));
  return r.class == RESULT_OK ? EX_OK : say(EX_UNAVAILABLE, "the list is not complete", r.text);
}

/* -j, and ids; what other mailqs take as flags changes nothing here. */
static int read_arguments(printer *p, stralloc *ask, char const *const *args)
{
  int options = 1;
  for (; *args; args++) {
    id i;
    if (options && !strcmp(*args, "-j"))
      p->json = 1;
    else if (options && !strcmp(*args, "--"))
      options = 0;
    else if (options && **args == '-' && (*args)[1] && strchr("vqAO", (*args)[1]))
      continue;
    else if (!id_scan(&i, *args, strlen(*args)))
      return say(EX_USAGE, "usage: mailq [-j] [ID ...]", "");
    else {
      char text[ID_LEN + 1];
      id_fmt(text, &i);
      if (!record_puts(ask, LISTING_ID, text))
        return say(EX_OSERR, strerror(errno), "");
    }
  }
  return 0;
}

int queue_list_run(char const *const *args)
{
  static printer p = {.e = QUEUE_ENTRY_ZERO};
  static door d;
  stralloc ask = STRALLOC_ZERO;
  tain deadline;
  int code = read_arguments(&p, &ask, args);
  if (code)
    return code;
  if (!home_enter(0))
    return say(EX_UNAVAILABLE, home_name(), strerror(errno));
  tzset();
  tain_now_set_stopwatch_g();
  tain_addsec_g(&deadline, QUEUE_LIST_WAIT);
  if (!door_knock(&d, "showq", DOOR_REFUSE_FDS, &deadline))
    return say(EX_UNAVAILABLE, "the mail queue can't be read: the service showq does not answer",
               strerror(errno));
  if (!door_put(&d, LISTING_ASK, ask.s, ask.len) || !door_send(&d, &deadline))
    return say(EX_UNAVAILABLE, "the mail queue can't be read", strerror(errno));
  return receive(&p, &d);
}
