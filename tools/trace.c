/* trace - reads the logs twice: first for who was made from whom, then for the lines of the whole family. An event counts
   only in the log of the service that has it to tell: nobody else's line can make a family. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/log_line.h"
#include "tools/log_read.h"
#include "tools/trace.h"
#include "tools/trace_line.h"

typedef struct kin_s kin;
struct kin_s {
  id parent, child;
  int claimed; /* by a user's program */
};

#define kins(t) genalloc_s(kin, &(t)->links)
#define kin_count(t) genalloc_len(kin, &(t)->links)

/* ---- what is looked for */

int trace_seek(trace *t, char const *word)
{
  static char bare[TRACE_MESSAGE_ID_MAX + 1];
  size_t len = strlen(word);
  id i;
  if (id_scan(&i, word, len))
    return genalloc_append(id, &t->ids, &i);
  if (len > 2 && *word == '<' && word[len - 1] == '>') {
    word++;
    len -= 2;
  } else if (!strchr(word, '@'))
    return 0;
  if (len > TRACE_MESSAGE_ID_MAX)
    return 0;
  memcpy(bare, word, len);
  bare[len] = 0;
  t->message_id = bare;
  return 1;
}

/* ---- the first reading: links */

/* 1: it is new. Few are looked through: a family. */
static int add_id(trace *t, id const *i)
{
  id *ids = genalloc_s(id, &t->ids);
  for (size_t k = 0; k < genalloc_len(id, &t->ids); k++)
    if (!id_cmp(ids + k, i))
      return 0;
  if (genalloc_len(id, &t->ids) >= TRACE_IDS)
    return t->forgotten++, 0;
  return genalloc_append(id, &t->ids, i);
}

/* The id that a key names, if it names one. */
static int read_key(log_line const *l, char const *key, id *i)
{
  static stralloc value = STRALLOC_ZERO;
  value.len = 0;
  return log_line_value(l, key, &value) && id_scan(i, value.s, value.len);
}

static int is_message_id(log_line const *l, char const *wanted)
{
  static stralloc value = STRALLOC_ZERO;
  value.len = 0;
  if (!log_line_value(l, "message-id", &value) || !value.len)
    return 0;
  size_t bracket = *value.s == '<';
  size_t len = value.len - bracket - (value.len > 1 && value.s[value.len - 1] == '>');
  return len == strlen(wanted) && !memcmp(value.s + bracket, wanted, len);
}

typedef struct relation_s relation;
struct relation_s {
  char const *service, *event, *key;
  int child;   /* the key names the child; else the parent */
  int claimed; /* by a user's program */
};
static relation const relations[] = {{"queue", "received", "parent", 0, 0},
                                     {"queue", "received", "claimed-parent", 0, 1},
                                     {"send", "expanded", "into", 1, 0},
                                     {"send", "bounced", "as", 1, 0}};

static int add_link(trace *t, id const *self, id const *other, relation const *r)
{
  kin made = {.parent = r->child ? *self : *other, .child = r->child ? *other : *self, .claimed = r->claimed};
  if (id_cmp(&made.parent, &made.child) >= 0) /* nothing is older than what it was made from */
    return 1;
  if (kin_count(t) >= TRACE_LINKS)
    return t->forgotten++, 1;
  return genalloc_append(kin, &t->links, &made);
}

/* What most lines are not: cheap to see, since stamp and id have their lengths. */
#define EVENT_AT (TIMESTAMP + 1 + ID_LEN + 1)
static int may_link(char const *s, size_t len)
{
  return len > EVENT_AT && s[EVENT_AT - 1] == ' ' &&
         (s[EVENT_AT] == 'r' || s[EVENT_AT] == 'e' || s[EVENT_AT] == 'b');
}

static int note_link(void *data, char const *service, char const *s, size_t len)
{
  trace *t = data;
  log_line l;
  id self, other;
  if (!may_link(s, len) || !log_line_read(&l, s, len) || !l.id || !id_scan(&self, l.id, ID_LEN))
    return 1;
  for (size_t i = 0; i < sizeof relations / sizeof *relations; i++) {
    relation const *r = relations + i;
    if (log_line_is(&l, r->event) && !strcmp(service, r->service) && read_key(&l, r->key, &other) &&
        !add_link(t, &self, &other, r))
      return 0;
  }
  if (t->message_id && !strcmp(service, "queue") && log_line_is(&l, "received") &&
      is_message_id(&l, t->message_id))
    add_id(t, &self);
  return 1;
}

/* ---- the family: along the links in both directions, those that are only claimed last, so that nobody crowds out the
   true ones */

static int by_id(void const *a, void const *b)
{
  return id_cmp(a, b);
}

static int by_parent(void const *a, void const *b)
{
  return id_cmp(&((kin const *)a)->parent, &((kin const *)b)->parent);
}

static int by_child(void const *a, void const *b)
{
  return id_cmp(&((kin const *)a)->child, &((kin const *)b)->child);
}

typedef int order_of(void const *, void const *);

/* The first of the sorted links that is not before `like`. */
static size_t first_link(trace const *t, kin const *like, order_of *order)
{
  size_t low = 0, n = kin_count(t);
  while (low < n) {
    size_t middle = low + (n - low) / 2;
    if ((*order)(kins(t) + middle, like) < 0)
      low = middle + 1;
    else
      n = middle;
  }
  return low;
}

/* One step of all: parents (by_child) or children (by_parent). The number of those that are new. */
static size_t step(trace *t, order_of *order, int claimed)
{
  size_t before = genalloc_len(id, &t->ids);
  if (kin_count(t))
    qsort(t->links.s, kin_count(t), sizeof(kin), order);
  for (size_t done = 0; done < genalloc_len(id, &t->ids); done++) {
    id at = genalloc_s(id, &t->ids)[done];
    kin like = {.parent = at, .child = at};
    for (size_t k = first_link(t, &like, order); k < kin_count(t) && !(*order)(kins(t) + k, &like); k++)
      if (claimed || !kins(t)[k].claimed)
        add_id(t, order == by_child ? &kins(t)[k].parent : &kins(t)[k].child);
  }
  return genalloc_len(id, &t->ids) - before;
}

/* A parent is found with all above it; then all children with all below them: that is a tree. */
static void find_family(trace *t)
{
  for (int claimed = 0; claimed <= 1; claimed++)
    while (step(t, by_child, claimed) + step(t, by_parent, claimed))
      ;
  genalloc_free(kin, &t->links);
  if (t->ids.len)
    qsort(t->ids.s, genalloc_len(id, &t->ids), sizeof(id), &by_id);
}

/* ---- the second reading: lines */

static int knows(trace const *t, id const *i)
{
  return t->ids.len && bsearch(i, t->ids.s, genalloc_len(id, &t->ids), sizeof(id), &by_id);
}

static int keep_line(void *data, char const *service, char const *s, size_t len)
{
  trace *t = data;
  log_line l;
  id i;
  if (len <= EVENT_AT || !id_scan(&i, s + TIMESTAMP + 1, ID_LEN) || !knows(t, &i) ||
      !log_line_read(&l, s, len))
    return 1;
  if (genalloc_len(trace_line, &t->lines) >= TRACE_LINES || t->text.len + len > TRACE_TEXT)
    return t->forgotten++, 1;
  trace_line line = {
      .stamp = l.stamp, .order = genalloc_len(trace_line, &t->lines), .start = t->text.len, .len = len};
  snprintf(line.service, sizeof line.service, "%.15s", service);
  return stralloc_catb(&t->text, s, len) && genalloc_append(trace_line, &t->lines, &line);
}

int trace_run(trace *t)
{
  if (!log_read(note_link, t))
    return 0;
  find_family(t);
  return !t->ids.len || log_read(keep_line, t);
}

/* ---- what is told */

static int by_time(void const *a, void const *b)
{
  trace_line const *x = a, *y = b;
  if (tain_less(&x->stamp, &y->stamp))
    return -1;
  return tain_less(&y->stamp, &x->stamp) ? 1 : x->order < y->order ? -1 : x->order > y->order;
}

static size_t put_all(trace *t, stralloc *out, int (*put)(stralloc *, trace_line const *, char const *))
{
  trace_line *lines = genalloc_s(trace_line, &t->lines);
  size_t n = genalloc_len(trace_line, &t->lines);
  if (n)
    qsort(lines, n, sizeof *lines, by_time);
  for (size_t i = 0; i < n; i++)
    if (!(*put)(out, lines + i, t->text.s + lines[i].start))
      return 0;
  return n;
}

size_t trace_text(trace *t, stralloc *out)
{
  return put_all(t, out, &trace_line_text);
}

size_t trace_json(trace *t, stralloc *out)
{
  return put_all(t, out, &trace_line_json);
}

void trace_free(trace *t)
{
  genalloc_free(id, &t->ids);
  genalloc_free(kin, &t->links);
  genalloc_free(trace_line, &t->lines);
  stralloc_free(&t->text);
}
