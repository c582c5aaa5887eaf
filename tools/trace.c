/* trace - reads the logs twice: first for who was made from whom, then for the lines of the whole family. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <skalibs/djbtime.h>
#include <skalibs/tai.h>
#include "lib/date.h"
#include "tools/log_line.h"
#include "tools/log_read.h"
#include "tools/log_words.h"
#include "tools/trace.h"

typedef struct kin_s kin;
struct kin_s {
  id parent, child;
};

typedef struct kept_s kept;
struct kept_s {
  tain stamp;
  size_t order;      /* of lines with the same stamp */
  size_t start, len; /* in text */
  char service[16];
};

static int by_id(void const *a, void const *b)
{
  return id_cmp(a, b);
}

static int knows(trace const *t, id const *i)
{
  return t->ids.len && bsearch(i, t->ids.s, genalloc_len(id, &t->ids), sizeof(id), by_id);
}

/* 1: it is new. */
static int add_id(trace *t, id const *i)
{
  id *ids = genalloc_s(id, &t->ids);
  for (size_t k = 0; k < genalloc_len(id, &t->ids); k++)
    if (!id_cmp(ids + k, i))
      return 0;
  return genalloc_len(id, &t->ids) < TRACE_IDS && genalloc_append(id, &t->ids, i);
}

/* The id that a key names, if it names one. */
static int read_key(log_line const *l, char const *key, id *i)
{
  static stralloc value = STRALLOC_ZERO;
  value.len = 0;
  return log_line_value(l, key, &value) && id_scan(i, value.s, value.len);
}

typedef struct relation_s relation;
struct relation_s {
  char const *event;
  char const *key;
  int child; /* the key names the child; else the parent */
};
static relation const relations[] = {{"received", "parent", 0},
                                     {"received", "claimed-parent", 0},
                                     {"expanded", "into", 1},
                                     {"forwarded", "as", 1},
                                     {"bounced", "as", 1}};

static int note_link(void *data, char const *service, char const *s, size_t len)
{
  trace *t = data;
  log_line l;
  id self, other;
  (void)service;
  if (!log_line_read(&l, s, len) || !l.id || !id_scan(&self, l.id, ID_LEN))
    return 1;
  for (size_t i = 0; i < sizeof relations / sizeof *relations; i++) {
    relation const *r = relations + i;
    if (strlen(r->event) != l.event_len || memcmp(r->event, l.event, l.event_len) ||
        !read_key(&l, r->key, &other))
      continue;
    kin made = {.parent = r->child ? self : other, .child = r->child ? other : self};
    if (genalloc_len(kin, &t->links) < TRACE_LINKS && !genalloc_append(kin, &t->links, &made))
      return 0;
  }
  return 1;
}

static int by_parent(void const *a, void const *b)
{
  kin const *x = a, *y = b;
  int c = id_cmp(&x->parent, &y->parent);
  return c ? c : id_cmp(&x->child, &y->child);
}

/* The first of the sorted links whose parent is not older than i. */
static size_t first_child(kin const *links, size_t n, id const *i)
{
  size_t low = 0;
  while (low < n) {
    size_t middle = low + (n - low) / 2;
    if (id_cmp(&links[middle].parent, i) < 0)
      low = middle + 1;
    else
      n = middle;
  }
  return low;
}

/* Up to what the message was made from. Each step finds an older one: no id is less than its parent's. */
static void find_parents(trace *t, id const *i)
{
  kin const *links = genalloc_s(kin, &t->links);
  id at = *i;
  for (size_t k = genalloc_len(kin, &t->links); k--;)
    if (!id_cmp(&links[k].child, &at) &&
        id_cmp(&links[k].parent, &at) < 0) { /* its own parent stands before it */
      at = links[k].parent;
      add_id(t, &at);
    }
}

/* Down to all that was made of it; not to the others that came from the same one. */
static void find_children(trace *t, id const *i)
{
  kin const *links = genalloc_s(kin, &t->links);
  size_t n = genalloc_len(kin, &t->links), done = genalloc_len(id, &t->ids);
  add_id(t, i);
  for (; done < genalloc_len(id, &t->ids); done++) {
    id at = genalloc_s(id, &t->ids)[done];
    for (size_t k = first_child(links, n, &at); k < n && !id_cmp(&links[k].parent, &at); k++)
      add_id(t, &links[k].child);
  }
}

static void find_family(trace *t, id const *i)
{
  if (t->links.len)
    qsort(t->links.s, genalloc_len(kin, &t->links), sizeof(kin), by_parent);
  find_parents(t, i);
  find_children(t, i);
  qsort(t->ids.s, genalloc_len(id, &t->ids), sizeof(id), by_id);
}

static int keep_line(void *data, char const *service, char const *s, size_t len)
{
  trace *t = data;
  log_line l;
  id i;
  if (!log_line_read(&l, s, len) || !l.id || !id_scan(&i, l.id, ID_LEN) || !knows(t, &i))
    return 1;
  if (genalloc_len(kept, &t->lines) >= TRACE_LINES)
    return t->forgotten++, 1;
  kept line = {.stamp = l.stamp, .order = genalloc_len(kept, &t->lines), .start = t->text.len, .len = len};
  snprintf(line.service, sizeof line.service, "%.15s", service);
  return stralloc_catb(&t->text, s, len) && genalloc_append(kept, &t->lines, &line);
}

int trace_run(trace *t, id const *i)
{
  if (!log_read(note_link, t))
    return 0;
  find_family(t, i);
  return log_read(keep_line, t);
}

static int by_time(void const *a, void const *b)
{
  kept const *x = a, *y = b;
  if (tain_less(&x->stamp, &y->stamp))
    return -1;
  return tain_less(&y->stamp, &x->stamp) ? 1 : x->order < y->order ? -1 : x->order > y->order;
}

static int put_line(trace const *t, stralloc *out, kept const *line)
{
  char date[DATE_ASCTIME], head[96];
  log_line l;
  uint64_t seconds;
  log_line_read(&l, t->text.s + line->start, line->len);
  if (!utc_from_tai(&seconds, tain_secp(&l.stamp))) /* leap seconds are taken out */
    seconds = TAI_MAGIC;
  date_mailq(date, (time_t)(seconds - TAI_MAGIC));
  int n = snprintf(head, sizeof head, "%s.%03u  %.*s  %-6s  ", date, tain_nano(&l.stamp) / 1000000u,
                   (int)ID_LEN, l.id, line->service);
  return stralloc_catb(out, head, (size_t)n) && log_words(out, &l) && stralloc_catb(out, "\n", 1);
}

size_t trace_text(trace *t, stralloc *out)
{
  kept *lines = genalloc_s(kept, &t->lines);
  size_t n = genalloc_len(kept, &t->lines);
  if (n)
    qsort(lines, n, sizeof *lines, by_time);
  for (size_t i = 0; i < n; i++)
    if (!put_line(t, out, lines + i))
      return 0;
  return n;
}

void trace_free(trace *t)
{
  genalloc_free(id, &t->ids);
  genalloc_free(kin, &t->links);
  genalloc_free(kept, &t->lines);
  stralloc_free(&t->text);
}
