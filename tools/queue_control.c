/* queue_control - see queue_control.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <skalibs/stralloc.h>
#include <skalibs/tai.h>
#include "lib/door.h"
#include "lib/id.h"
#include "lib/listing.h"
#include "lib/result.h"
#include "tools/home.h"
#include "tools/queue_control.h"

typedef struct verb_s verb;
struct verb_s {
  char const *name, *done, *help;
};
static verb const verbs[] = {{"hold", "is on hold", "keep it in the queue, untried, until it is released"},
                             {"release", "is released", "let a message on hold go on"},
                             {"retry", "is tried now", "try it now, whatever its next time would be"},
                             {"delete", "is deleted", "throw it away; nobody is told"},
                             {"bounce", "goes back", "send it back to its sender as undeliverable"}};
#define IDS_AT_ONCE 1000u
#define VERBS (sizeof verbs / sizeof *verbs)

typedef struct asker_s asker;
struct asker_s {
  verb const *v;
  int quiet;
  int code;     /* the first failure's */
  int messages; /* answers for single messages */
};

static int say(asker const *a, int code, char const *what, char const *why)
{
  if (!a->quiet)
    fprintf(stderr, "tern-queuectl: %s: %s\n", what, why);
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

/* One message's answer, or the end's. 0: nonsense. */
static int take_answer(asker *a, frame const *f)
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
  if (!have)
    return 0;
  int code = code_of(&r);
  if (!a->code)
    a->code = code;
  a->messages += f->type == VERB_DONE;
  if (code && (f->type == VERB_DONE || !a->messages))
    say(a, code, *id_text ? id_text : a->v->name, r.text);
  else if (f->type == VERB_DONE && !a->quiet)
    printf("%s %s\n", id_text, a->v->done);
  return 1;
}

static int knock(asker *a, door *d)
{
  tain deadline;
  if (!home_enter(0))
    return say(a, EX_UNAVAILABLE, home_name(), strerror(errno));
  tain_now_set_stopwatch_g();
  tain_addsec_g(&deadline, QUEUE_CONTROL_WAIT);
  if (!door_knock(d, "send", DOOR_REFUSE_FDS, &deadline))
    return say(a, EX_UNAVAILABLE, "the service send does not answer", strerror(errno));
  return 0;
}

static int ask(asker *a, door *d, stralloc const *records)
{
  frame f;
  tain deadline;
  tain_addsec_g(&deadline, QUEUE_CONTROL_WAIT);
  if (!door_put(d, VERB_ASK, records->s, records->len) || !door_send(d, &deadline))
    return say(a, EX_UNAVAILABLE, "the service send does not answer", strerror(errno));
  do {
    tain_addsec_g(&deadline, QUEUE_CONTROL_WAIT);
    if (!door_wait(d, &f, &deadline))
      return say(a, EX_TEMPFAIL, "the service send does not answer", strerror(errno));
    if ((f.type != VERB_DONE && f.type != LISTING_END) || !take_answer(a, &f))
      return say(a, EX_PROTOCOL, "the service send", "nonsense came");
  } while (f.type != LISTING_END);
  return a->code;
}

static verb const *find(char const *name)
{
  for (size_t i = 0; i < VERBS; i++)
    if (!strcmp(verbs[i].name, name))
      return verbs + i;
  return 0;
}

static int usage(int code)
{
  FILE *to = code ? stderr : stdout;
  fputs("usage: tern-queuectl VERB ID...|all\n", to);
  for (size_t i = 0; i < VERBS; i++)
    fprintf(to, "  %-8s %s\n", verbs[i].name, verbs[i].help);
  fputs("Ids are in mailq, in the log, in Received and in the answer that the sender got.\n", to);
  return fflush(to) ? EX_IOERR : code;
}

/* Up to IDS_AT_ONCE of them: a frame has its limit. */
static int put_ids(stralloc *records, char const *const **args)
{
  char text[ID_LEN + 1];
  id i;
  for (size_t n = 0; **args && n < IDS_AT_ONCE; ++*args, n++) {
    id_scan(&i, **args, strlen(**args));
    id_fmt(text, &i);
    if (!record_puts(records, LISTING_ID, text))
      return 0;
  }
  return 1;
}

static int are_ids(char const *const *args)
{
  id i;
  for (; *args; args++)
    if (!id_scan(&i, *args, strlen(*args))) {
      fprintf(stderr, "tern-queuectl: %.80s: this is not a queue id (20 letters and digits), nor all\n",
              *args);
      return 0;
    }
  return 1;
}

/* The first failure's code stands; what keeps the runner from being asked ends it. */
static int ask_ids(asker *a, door *d, char const *const *args)
{
  stralloc records = STRALLOC_ZERO;
  int code = 0;
  while (*args && code != EX_UNAVAILABLE && code != EX_PROTOCOL) {
    records.len = 0;
    if (!record_puts(&records, VERB_NAME, a->v->name) || !put_ids(&records, &args))
      return say(a, EX_TEMPFAIL, "no memory", strerror(errno));
    code = ask(a, d, &records);
  }
  stralloc_free(&records);
  return code;
}

static int ask_all(asker *a, door *d)
{
  stralloc records = STRALLOC_ZERO;
  if (!record_puts(&records, VERB_NAME, a->v->name) || !record_put(&records, VERB_ALL, "", 0))
    return say(a, EX_TEMPFAIL, "no memory", strerror(errno));
  int code = ask(a, d, &records);
  if (!code && !a->messages && !a->quiet)
    puts("there is no message that you may do this to");
  stralloc_free(&records);
  return code;
}

int queue_control_run(char const *const *args)
{
  static door d;
  asker a = {.quiet = 0};
  if (*args && (!strcmp(*args, "--help") || !strcmp(*args, "-h")))
    return usage(EX_OK);
  if (!args[0] || !args[1] || !(a.v = find(args[0])))
    return usage(EX_USAGE);
  int all = !strcmp(args[1], "all") && !args[2];
  if (!all && !are_ids(args + 1))
    return EX_USAGE;
  int code = knock(&a, &d);
  if (!code)
    code = all ? ask_all(&a, &d) : ask_ids(&a, &d, args + 1);
  return fflush(stdout) ? EX_IOERR : code;
}

int queue_control_all(char const *name)
{
  static door d;
  asker a = {.quiet = 1, .v = find(name)};
  int code = a.v ? knock(&a, &d) : EX_USAGE;
  return code ? code : ask_all(&a, &d);
}
