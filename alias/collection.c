/* collection - gathers names and targets, finds duplicates by sorting, hands all to the database's writer. */
#include <stdlib.h>
#include <string.h>
#include <skalibs/bytestr.h>
#include <skalibs/types.h>
#include "alias/collection.h"

void collection_say(collection *c, enum collection_weight weight, unsigned int line, char const *what)
{
  char number[UINT_FMT];
  unsigned int *count = weight == COLLECTION_ERROR ? &c->errors : &c->warnings;
  if (++*count > COLLECTION_SAID_MAX)
    return;
  number[uint_fmt(number, line)] = 0;
  char const *const words[] = {
      c->path, ":", number, weight == COLLECTION_ERROR ? ": " : ": warning: ", what, "\n"};
  for (unsigned int i = 0; i < sizeof words / sizeof *words; i++)
    if (!stralloc_cats(&c->said, words[i]))
      return;
}

int collection_add(collection *c, char const *name, size_t len, unsigned int line, size_t rhs)
{
  collection_item item = {
      .name = c->bytes.len, .len = (uint32_t)len, .vlen = (uint32_t)c->value.len, .line = line};
  if (!stralloc_catb(&c->bytes, name, len) || !stralloc_catb(&c->bytes, c->value.s, c->value.len) ||
      !genalloc_append(collection_item, &c->items, &item))
    return 0;
  case_lowerb(c->bytes.s + item.name, len);
  if (rhs > c->longest)
    c->longest = rhs;
  c->total += len + rhs;
  return 1;
}

static int compare(char const *a, size_t alen, char const *b, size_t blen)
{
  int r = memcmp(a, b, alen < blen ? alen : blen);
  return r ? r : (alen > blen) - (alen < blen);
}

static int by_name(void const *a, void const *b, void *data)
{
  collection_item const *x = a, *y = b;
  char const *s = ((collection const *)data)->bytes.s;
  int r = compare(s + x->name, x->len, s + y->name, y->len);
  return r ? r : (x->line > y->line) - (x->line < y->line);
}

void collection_sort(collection *c)
{
  size_t n = collection_count(c), kept = 0;
  collection_item *items = collection_items(c);
  if (!n)
    return;
  qsort_r(items, n, sizeof *items, &by_name, c);
  for (size_t i = 1; i < n; i++) {
    collection_item const *last = &items[kept];
    if (compare(c->bytes.s + last->name, last->len, c->bytes.s + items[i].name, items[i].len))
      items[++kept] = items[i];
    else
      collection_say(c, COLLECTION_WARNING, items[i].line,
                     "the name is there already; the first one counts, put all targets behind that");
  }
  genalloc_setlen(collection_item, &c->items, kept + 1);
}

size_t collection_find(collection const *c, char const *name, size_t len)
{
  size_t n = collection_count(c), low = 0, high = n;
  collection_item const *items = collection_items(c);
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int r = compare(name, len, c->bytes.s + items[middle].name, items[middle].len);
    if (!r)
      return middle;
    if (r < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return n;
}

int collection_write(collection const *c, cdbmaker *m)
{
  size_t n = collection_count(c);
  if (!database_put_header(m, c->map, c->path))
    return 0;
  for (size_t i = 0; i < n; i++) {
    collection_item const *item = &collection_items(c)[i];
    char const *name = c->bytes.s + item->name;
    if (!database_put(m, c->map, name, item->len, name + item->len, item->vlen))
      return 0;
  }
  return 1;
}

void collection_free(collection *c)
{
  stralloc_free(&c->bytes);
  genalloc_free(collection_item, &c->items);
  stralloc_free(&c->value);
  stralloc_free(&c->said);
}
