/* queue_control - see queue_control.h. Ids and "all" are told to the runner as they are; other words are turned into ids
   by door `showq`, which has the envelopes. A message that comes meanwhile is not meant. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <skalibs/strerr.h>
#include "lib/listing.h"
#include "tools/choice.h"
#include "tools/home.h"
#include "tools/queue_ask.h"
#include "tools/queue_control.h"
#include "tools/queue_verb.h"
#include "tools/shown.h"

#define SHOWN_RCPTS 3u /* recipients that -n names */

typedef struct job_s job;
struct job_s {
  queue_verb const *v;
  int only_say; /* -n */
  int all;      /* the word was there */
  selection s;
  genalloc ids; /* id, of the entries that came */
  size_t would, would_not;
};

static int say(int code, char const *what, char const *why)
{
  fprintf(stderr, "%s: %s: %s\n", PROG, what, why);
  return code;
}

static int usage(int code)
{
  FILE *to = code ? stderr : stdout;
  fputs("usage: tern-queuectl [-n] VERB ID...|all\n"
        "       tern-queuectl [-n] VERB " CHOICE_WORDS " [ID...]\n",
        to);
  for (size_t i = 0; i < QUEUE_VERBS; i++)
    fprintf(to, "  %-8s %s\n", queue_verbs[i].name, queue_verbs[i].help);
  fputs("-f names the sender (<>: none), -r a recipient that waits, -d the domain of one; messages that "
        "match all of\n"
        "them are meant. -n only says what would be done.\n"
        "Ids are in mailq, in the log, in Received and in the answer that the sender got.\n",
        to);
  return fflush(to) ? EX_IOERR : code;
}

static char const *plural(size_t n)
{
  return n == 1 ? "" : "s";
}

/* ---- the command line */

/* The verb, then ids and "all". */
static int take_word(job *j, char const *const **args)
{
  if (!j->v)
    return (j->v = queue_verb_find(*(*args)++)) ? EX_OK : usage(EX_USAGE);
  if (!strcmp(**args, "all")) {
    j->all = 1;
    ++*args;
    return EX_OK;
  }
  enum choice_took took = choice_id(&j->s, args);
  if (took == CHOICE_NO)
    fprintf(stderr, "%s: %.80s: this is not a queue id (20 letters and digits), nor all\n", PROG, **args);
  return took == CHOICE_TAKEN ? EX_OK : EX_USAGE;
}

static int read_arguments(job *j, char const *const *args)
{
  int options = 1, code = EX_OK;
  while (*args && !code) {
    enum choice_took took = options ? choice_option(&j->s, &args) : CHOICE_NO;
    if (took != CHOICE_NO)
      code = took == CHOICE_WRONG ? EX_USAGE : EX_OK;
    else if (options && !strcmp(*args, "--")) {
      options = 0;
      args++;
    } else if (options && !strcmp(*args, "-n")) {
      j->only_say = 1;
      args++;
    } else
      code = take_word(j, &args);
  }
  if (code)
    return code;
  if (!j->v || (!j->all && !selection_id_count(&j->s) && !selection_has_words(&j->s)))
    return usage(EX_USAGE);
  if (j->all && selection_id_count(&j->s))
    return say(EX_USAGE, "all", "either all or ids");
  return EX_OK;
}

/* ---- what would be done */

static int put(stralloc *out, char const *s)
{
  return shown_put(out, s, strlen(s));
}

/* "from <joe@x> to <a@y>, <b@y> and 7 more" */
static int put_addresses(stralloc *out, queue_entry const *e)
{
  size_t n = queue_entry_count(e);
  if (e->hidden)
    return stralloc_cats(out, "addresses hidden");
  if (!stralloc_cats(out, "from <") || !put(out, e->text.s + e->sender) || !stralloc_cats(out, ">"))
    return 0;
  for (size_t k = 0; k < n && k < SHOWN_RCPTS; k++)
    if (!stralloc_cats(out, k ? ", <" : " to <") || !put(out, e->text.s + queue_entry_rcpts(e)[k].address) ||
        !stralloc_cats(out, ">"))
      return 0;
  char more[32];
  return n <= SHOWN_RCPTS ||
         stralloc_catb(out, more, (size_t)snprintf(more, sizeof more, " and %zu more", n - SHOWN_RCPTS));
}

static char const *why_not(queue_verb const *v, queue_entry const *e)
{
  return e->state == LISTING_HOLD ? v->but_held : v->but_others;
}

static int say_what_would(job *j, queue_entry const *e)
{
  static stralloc out = STRALLOC_ZERO;
  char const *but = why_not(j->v, e);
  *(but ? &j->would_not : &j->would) += 1;
  out.len = 0;
  if (!put_addresses(&out, e) || !stralloc_0(&out))
    return 0;
  return printf(but ? "%s: nothing, %s: %s\n" : "%s: would %s: %s\n", e->id, but ? but : j->v->would,
                out.s) >= 0;
}

/* ---- which messages */

/* Words mean no message that the verb would do nothing to; an id means what it says. */
static int take_entry(void *data, queue_entry const *e)
{
  job *j = data;
  id i;
  if (j->only_say && !say_what_would(j, e))
    return 0;
  if (!j->only_say && !selection_id_count(&j->s) && why_not(j->v, e))
    return 1;
  return id_scan(&i, e->id, ID_LEN) && genalloc_append(id, &j->ids, &i);
}

/* Those ids that no entry came for. */
static int say_missing(job const *j)
{
  size_t at = 0;
  int code = EX_OK;
  for (size_t k = 0; k < selection_id_count(&j->s); k++) {
    char text[ID_LEN + 1];
    id const *i = selection_ids(&j->s) + k;
    while (at < genalloc_len(id, &j->ids) && id_cmp(genalloc_s(id, &j->ids) + at, i) < 0)
      at++;
    if (at < genalloc_len(id, &j->ids) && !id_cmp(genalloc_s(id, &j->ids) + at, i))
      continue;
    id_fmt(text, i);
    code = say(EX_NOINPUT, text,
               selection_has_words(&j->s)
                   ? "it does not match, or there is no such message that is yours to change"
                   : "there is no such message that is yours to change");
  }
  return code;
}

static int find(job *j)
{
  selection part = j->s;
  size_t n = selection_id_count(&j->s);
  int code;
  part.mine = 1;
  if (!n)
    return queue_ask(&part, &take_entry, j);
  selection_sort_ids(&j->s);
  n = selection_id_count(&j->s);
  for (size_t at = 0; at < n; at += QUEUE_VERB_IDS) {
    size_t some = n - at < QUEUE_VERB_IDS ? n - at : QUEUE_VERB_IDS;
    part.ids = (genalloc){.s = (char *)(selection_ids(&j->s) + at), .len = some * sizeof(id)};
    if ((code = queue_ask(&part, &take_entry, j)))
      return code;
  }
  return say_missing(j);
}

/* ---- the end */

static int sum_up_would(job const *j)
{
  printf("%zu message%s would %s", j->would, plural(j->would), j->v->would);
  if (j->would_not)
    printf(", %zu would stay as %s", j->would_not, j->would_not == 1 ? "it is" : "they are");
  puts("; nothing was done");
  return EX_OK;
}

static void sum_up(queue_order const *o)
{
  printf("%zu message%s %s", o->done, plural(o->done), o->v->done);
  if (o->refused)
    printf(", %zu not", o->refused);
  putchar('\n');
}

static int order(job *j)
{
  static queue_order o;
  int by_ids = !j->all && !selection_has_words(&j->s);
  genalloc const *ids = by_ids ? &j->s.ids : &j->ids;
  size_t n = genalloc_len(id, ids);
  int code = EX_OK;
  o.v = j->v;
  if (n || (j->all && !selection_has_words(&j->s))) {
    if ((code = queue_order_begin(&o)))
      return code;
    code = n ? queue_order_ids(&o, genalloc_s(id, ids), n) : queue_order_all(&o);
  }
  if (!by_ids || n > 1)
    sum_up(&o);
  return code;
}

static int run(job *j)
{
  int code = EX_OK;
  if (!home_enter(0))
    return say(EX_UNAVAILABLE, home_name(), strerror(errno));
  if (!choice_complete(&j->s))
    return EX_CONFIG;
  if (j->only_say || selection_has_words(&j->s))
    code = find(j);
  if (j->only_say) {
    if (!code || code == EX_NOINPUT)
      sum_up_would(j);
    return code;
  }
  if (code && code != EX_NOINPUT)
    return code;
  int done = order(j);
  return done ? done : code;
}

int queue_control_run(char const *const *args)
{
  job j = {.s = SELECTION_ZERO};
  if (*args && (!strcmp(*args, "--help") || !strcmp(*args, "-h")))
    return usage(EX_OK);
  int code = read_arguments(&j, args);
  if (!code)
    code = run(&j);
  return fflush(stdout) || ferror(stdout) ? EX_IOERR : code;
}

int queue_control_all(char const *name)
{
  static queue_order o;
  o.v = queue_verb_find(name);
  o.quiet = 1;
  if (!o.v)
    return EX_USAGE;
  if (!home_enter(0))
    return EX_UNAVAILABLE;
  int code = queue_order_begin(&o);
  return code ? code : queue_order_all(&o);
}
