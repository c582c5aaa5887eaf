/* summary_print - the table for people, and the same as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "lib/json.h"
#include "tools/shown.h"
#include "tools/span.h"
#include "tools/summary.h"

#define NAME_WIDTH 28u /* columns of a destination */

static char const *const age_names[SUMMARY_AGES] = {"5m", "20m", "1h", "4h", "1d", "5d", "more"};

static int by_waiting(void const *a, void const *b)
{
  summary_line const *x = a, *y = b;
  if (x->rcpts != y->rcpts)
    return x->rcpts < y->rcpts ? 1 : -1;
  return x->name < y->name ? -1 : x->name > y->name;
}

static summary_line *sorted(summary *s, size_t *n)
{
  *n = genalloc_len(summary_line, &s->lines);
  if (*n)
    qsort(s->lines.s, *n, sizeof(summary_line), &by_waiting);
  return genalloc_s(summary_line, &s->lines);
}

/* ---- the table */

static void fmt_next(char s[SPAN], uint64_t now, uint64_t next)
{
  if (next == UINT64_MAX)
    snprintf(s, SPAN, "hold");
  else
    span_until(s, now, next);
}

/* Columns are counted in octets: domains are ASCII, but for the few that are not. */
static int put_name(stralloc *out, char const *name)
{
  size_t before = out->len;
  if (!shown_put(out, name, strlen(name)))
    return 0;
  while (out->len < before + NAME_WIDTH)
    if (!stralloc_catb(out, " ", 1))
      return 0;
  return 1;
}

static int put_heading(stralloc *out)
{
  char column[16];
  if (!put_name(out, "-Destination-") || !stralloc_cats(out, "  -Wait-"))
    return 0;
  for (unsigned int k = 0; k < SUMMARY_AGES; k++) {
    snprintf(column, sizeof column, "%s%s", k < SUMMARY_AGES - 1 ? "<" : "", age_names[k]);
    size_t len = strlen(column);
    if (!stralloc_catb(out, "        ", 7 - len) || !stralloc_catb(out, column, len))
      return 0;
  }
  return stralloc_cats(out, "  -Oldest- Failing-    Next-\n");
}

static int put_numbers(stralloc *out, summary_line const *l)
{
  char text[32];
  if (!stralloc_catb(out, text, (size_t)snprintf(text, sizeof text, "%8llu", (unsigned long long)l->rcpts)))
    return 0;
  for (unsigned int k = 0; k < SUMMARY_AGES; k++)
    if (!stralloc_catb(out, text,
                       (size_t)snprintf(text, sizeof text, "%7llu", (unsigned long long)l->ages[k])))
      return 0;
  return 1;
}

static int put_line(stralloc *out, char const *name, summary_line const *l, uint64_t now)
{
  char oldest[SPAN], failing[SPAN], next[SPAN], text[4 * SPAN];
  span_since(oldest, now, l->oldest);
  span_since(failing, now, l->failing);
  fmt_next(next, now, l->next);
  int n = snprintf(text, sizeof text, "%10s %8s %8s\n", oldest, failing, next);
  if (!put_name(out, name) || !put_numbers(out, l) || !stralloc_catb(out, text, (size_t)n))
    return 0;
  return !l->reason.len || (stralloc_cats(out, "    (") && shown_put(out, l->reason.s, l->reason.len - 1) &&
                            stralloc_cats(out, ")\n"));
}

static void add_up(summary_line *total, summary_line const *l)
{
  total->rcpts += l->rcpts;
  for (unsigned int k = 0; k < SUMMARY_AGES; k++)
    total->ages[k] += l->ages[k];
  if (!total->oldest || l->oldest < total->oldest)
    total->oldest = l->oldest;
  if (l->failing && (!total->failing || l->failing < total->failing))
    total->failing = l->failing;
  if (l->next < total->next)
    total->next = l->next;
}

int summary_text(summary *s, stralloc *out)
{
  size_t n;
  summary_line *l = sorted(s, &n), total = {.next = UINT64_MAX};
  char text[96];
  if (!n)
    return stralloc_cats(out, "Mail queue is empty\n");
  if (!put_heading(out))
    return 0;
  for (size_t k = 0; k < n; k++) {
    if (!put_line(out, s->names.s + l[k].name, l + k, s->now))
      return 0;
    add_up(&total, l + k);
  }
  int len =
      snprintf(text, sizeof text, "-- %llu recipient(s) of %llu message(s) wait for %zu destination(s).\n",
               (unsigned long long)total.rcpts, (unsigned long long)s->entries, n);
  return put_line(out, "TOTAL", &total, s->now) && stralloc_catb(out, text, (size_t)len);
}

/* ---- JSON */

static int put_time(stralloc *out, char const *key, uint64_t t, uint64_t none)
{
  return t == none ? json_member(out, key, 0) : json_member_number(out, key, t);
}

static int put_ages(stralloc *out, summary_line const *l)
{
  if (!json_key(out, "ages") || !stralloc_catb(out, "{", 1))
    return 0;
  for (unsigned int k = 0; k < SUMMARY_AGES; k++)
    if (!json_member_number(out, age_names[k], l->ages[k]))
      return 0;
  return stralloc_catb(out, "}", 1);
}

static int put_object(stralloc *out, char const *name, summary_line const *l)
{
  return stralloc_catb(out, "{", 1) && json_member(out, "destination", name) &&
         json_member_number(out, "recipients", l->rcpts) &&
         json_member_number(out, "messages", l->messages) && json_member_number(out, "active", l->active) &&
         json_member_number(out, "deferred", l->deferred) && json_member_number(out, "hold", l->held) &&
         put_ages(out, l) && put_time(out, "oldest", l->oldest, 0) &&
         put_time(out, "failing", l->failing, 0) && put_time(out, "tried", l->tried, 0) &&
         put_time(out, "next", l->next, UINT64_MAX) &&
         json_member(out, "reason", l->reason.len ? l->reason.s : "") && stralloc_catb(out, "}\n", 2);
}

int summary_json(summary *s, stralloc *out)
{
  size_t n;
  summary_line const *l = sorted(s, &n);
  for (size_t k = 0; k < n; k++)
    if (!put_object(out, s->names.s + l[k].name, l + k))
      return 0;
  return 1;
}
