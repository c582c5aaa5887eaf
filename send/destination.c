/* destination - the table of destinations and their queues. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "send/destination.h"
#include "send/waiting.h"

#define BUCKETS_MIN 256u
#define NAME_MAX_LEN (ENVELOPE_ADDRESS_MAX + 1u)

int destinations_init(destinations *ds)
{
  *ds = (destinations){.buckets = BUCKETS_MIN};
  ring_init(&ds->all);
  ds->bucket = calloc(BUCKETS_MIN, sizeof *ds->bucket);
  return !!ds->bucket;
}

void destinations_free(destinations *ds)
{
  while (!ring_empty(&ds->all))
    destination_drop(ds, ring_of(destination, all, ds->all.next));
  free(ds->bucket);
  ds->bucket = 0;
}

/* FNV-1a, kept apart by kind. */
static uint32_t hash(enum destination_kind kind, char const *name, int routed)
{
  uint32_t h = 2166136261u ^ (uint32_t)kind ^ (routed ? 0x5000u : 0);
  for (; *name; name++)
    h = (h ^ (unsigned char)*name) * 16777619u;
  return h ^ h >> 15;
}

destination *destination_find(destinations const *ds, enum destination_kind kind, char const *name,
                              int routed)
{
  destination *d = ds->bucket[hash(kind, name, routed) & (ds->buckets - 1)];
  while (d && (d->kind != kind || d->routed != routed || strcmp(d->name, name)))
    d = d->chain;
  return d;
}

static void widen(destinations *ds)
{
  uint32_t n = ds->buckets * 2;
  destination **more = calloc(n, sizeof *more);
  if (!more)
    return;
  free(ds->bucket);
  ds->bucket = more;
  ds->buckets = n;
  for (ring *r = ds->all.next; r != &ds->all; r = r->next) {
    destination *d = ring_of(destination, all, r);
    destination **b = more + (hash(d->kind, d->name, d->routed) & (n - 1));
    d->chain = *b;
    *b = d;
  }
}

static destination *make(destinations *ds, enum destination_kind kind, char const *name, int routed)
{
  size_t len = strlen(name);
  destination *d = calloc(1, sizeof *d + len + 1);
  if (!d)
    return 0;
  memcpy(d->name, name, len + 1);
  d->kind = kind;
  d->routed = routed;
  d->parked = WAITING_NONE;
  ring_init(&d->entries);
  ring_init(&d->channels);
  if (ds->n >= ds->buckets)
    widen(ds);
  destination **b = ds->bucket + (hash(kind, name, routed) & (ds->buckets - 1));
  d->chain = *b;
  *b = d;
  ring_append(&ds->all, &d->all);
  ds->n++;
  return d;
}

destination *destination_get(destinations *ds, enum destination_kind kind, char const *name, size_t len,
                             int routed)
{
  char key[NAME_MAX_LEN];
  destination *d;
  if (len >= sizeof key)
    return 0;
  memcpy(key, name, len);
  key[len] = 0;
  for (size_t i = 0; kind == DESTINATION_REMOTE && !routed && i < len; i++) /* a route may be a path */
    if (key[i] >= 'A' && key[i] <= 'Z')
      key[i] += 'a' - 'A';
  d = destination_find(ds, kind, key, routed);
  return d ? d : make(ds, kind, key, routed);
}

void destination_drop(destinations *ds, destination *d)
{
  destination **b = ds->bucket + (hash(d->kind, d->name, d->routed) & (ds->buckets - 1));
  while (*b != d)
    b = &(*b)->chain;
  *b = d->chain;
  ring_leave(&d->all);
  ring_leave(&d->ready);
  ds->n--;
  free(d->last);
  free(d);
}

/* ---- the queue */

static entry *entry_new(destination *d, message *m)
{
  entry *x = calloc(1, sizeof *x);
  if (!x)
    return 0;
  x->d = d;
  x->m = m;
  x->first = x->last = PLAN_NONE;
  ring_append(&d->entries, &x->queue);
  ring_append(&m->entries, &x->message);
  d->messages++;
  return x;
}

int destination_add(destination *d, message *m, uint32_t k)
{
  entry *x = ring_empty(&d->entries) ? 0 : ring_of(entry, queue, d->entries.prev);
  if (!x || x->m != m)
    x = entry_new(d, m);
  if (!x)
    return 0;
  if (x->last == PLAN_NONE)
    x->first = k;
  else
    m->rcpt[x->last].next = k;
  m->rcpt[k].next = PLAN_NONE;
  m->rcpt[k].stage = STAGE_QUEUED;
  x->last = k;
  x->n++;
  return 1;
}

uint32_t destination_take(destination *d, uint32_t max, message **m, uint32_t *first)
{
  uint32_t n = 1;
  if (ring_empty(&d->entries) || !max)
    return 0;
  entry *x = ring_of(entry, queue, d->entries.next);
  plan *p = x->m->rcpt;
  uint32_t k = x->first;
  *m = x->m;
  *first = k;
  for (; n < max && p[k].next != PLAN_NONE; n++)
    k = p[k].next;
  x->first = p[k].next;
  p[k].next = PLAN_NONE;
  x->n -= n;
  if (x->n)
    ring_append(&d->entries, &x->queue);
  else
    entry_free(x);
  return n;
}

void entry_believe(entry *x)
{
  if (x->doubted)
    --*x->doubted;
  x->doubted = 0;
}

void entry_free(entry *x)
{
  entry_believe(x);
  ring_leave(&x->queue);
  ring_leave(&x->message);
  x->d->messages--;
  free(x);
}
