/* queue_list - the command line of mailq, and the list as text or JSON. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <skalibs/allreadwrite.h>
#include <skalibs/strerr.h>
#include "tools/choice.h"
#include "tools/home.h"
#include "tools/hosts.h"
#include "tools/queue_ask.h"
#include "tools/queue_list.h"
#include "tools/summary.h"

#define FLUSH 65536u /* octets that are kept before they are written */

typedef struct printer_s printer;
struct printer_s {
  int json;
  int all; /* nothing narrower was asked for */
  uint64_t entries, octets;
  stralloc out;
};

static int say(int code, char const *what, char const *why)
{
  fprintf(stderr, "%s: %s%s%s\n", PROG, what, *why ? ": " : "", why);
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

static int print_entry(void *data, queue_entry const *e)
{
  printer *p = data;
  if (!p->json && !p->entries &&
      !stralloc_cats(&p->out, "-Queue ID-  --Size-- ----Arrival Time---- -Sender/Recipient-------\n"))
    return 0;
  p->entries++;
  p->octets += e->size;
  if (!(p->json ? queue_entry_json(&p->out, e) : queue_entry_text(&p->out, e)))
    return 0;
  return flush(p, FLUSH);
}

static int print_end(printer *p)
{
  char line[80];
  if (!p->json && !p->entries &&
      !stralloc_cats(&p->out, p->all ? "Mail queue is empty\n" : "No message that waits matches\n"))
    return 0;
  if (!p->json && p->entries) {
    int n = snprintf(line, sizeof line, "-- %llu Kbytes in %llu Requests.\n",
                     (unsigned long long)((p->octets + 1023) / 1024), (unsigned long long)p->entries);
    if (!stralloc_catb(&p->out, line, (size_t)n))
      return 0;
  }
  return flush(p, 1);
}

static int print_list(selection const *s, int json)
{
  printer p = {.json = json, .all = !selection_id_count(s) && !selection_has_words(s)};
  int code = queue_ask(s, &print_entry, &p);
  if ((!code || p.entries) && !print_end(&p))
    code = say(EX_IOERR, "standard output", strerror(errno));
  stralloc_free(&p.out);
  return code;
}

static int add_to_summary(void *data, queue_entry const *e)
{
  return summary_add(data, e);
}

static int print_summary(selection const *s, int json)
{
  summary sum = SUMMARY_ZERO;
  stralloc out = STRALLOC_ZERO;
  summary_begin(&sum, (uint64_t)time(0), s);
  int code = queue_ask(s, &add_to_summary, &sum);
  if (!code && !(json ? summary_json(&sum, &out) : summary_text(&sum, &out)))
    code = say(EX_OSERR, "the summary", strerror(errno));
  if (!code && !hosts_append(&out, json, (uint64_t)time(0)))
    say(0, "what the runner knows of hosts is missing", strerror(errno));
  if (!code && allwrite(1, out.s, out.len) != out.len)
    code = say(EX_IOERR, "standard output", strerror(errno));
  stralloc_free(&out);
  summary_free(&sum);
  return code;
}

/* ---- the command line */

typedef struct wish_s wish;
struct wish_s {
  int json, summary;
  selection s;
};

/* What other mailqs take as flags changes nothing here: verbose, which of their queues, an option's value. */
static int is_foreign(char const *const **args)
{
  char const *word = **args;
  if (word[0] != '-' || !word[1] || !strchr("vqAO", word[1]))
    return 0;
  *args += word[1] == 'O' && !word[2] && (*args)[1] ? 2 : 1;
  return 1;
}

/* "-j", "-s", "-js" */
static int is_flag(wish *w, char const *const **args)
{
  char const *letter = **args;
  if (*letter != '-' || !letter[1] || letter[1 + strspn(letter + 1, "js")])
    return 0;
  w->json |= !!strchr(letter, 'j');
  w->summary |= !!strchr(letter, 's');
  ++*args;
  return 1;
}

static int usage(void)
{
  return say(EX_USAGE, "usage: mailq [-js] " CHOICE_WORDS " [ID ...]", "");
}

static int read_arguments(wish *w, char const *const *args)
{
  int options = 1;
  while (*args) {
    enum choice_took took = CHOICE_NO;
    if (options && !strcmp(*args, "--")) {
      options = 0;
      args++;
      continue;
    }
    if (options && (is_flag(w, &args) || is_foreign(&args)))
      continue;
    if (options)
      took = choice_option(&w->s, &args);
    if (took == CHOICE_NO)
      took = choice_id(&w->s, &args);
    if (took != CHOICE_TAKEN)
      return took == CHOICE_WRONG ? EX_USAGE : usage();
  }
  return 0;
}

int queue_list_run(char const *const *args)
{
  wish w = {.s = SELECTION_ZERO};
  int code = read_arguments(&w, args);
  if (code)
    return code;
  if (!home_enter(0))
    return say(EX_UNAVAILABLE, home_name(), strerror(errno));
  tzset();
  if (!choice_complete(&w.s))
    return EX_CONFIG;
  return w.summary ? print_summary(&w.s, w.json) : print_list(&w.s, w.json);
}
