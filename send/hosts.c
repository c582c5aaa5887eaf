/* hosts - see hosts.h. */
#include "lib/listing.h"
#include "lib/record.h"
#include "send/hosts.h"
#include "send/pass.h"

static int put(runner const *r, door *to, destination const *d)
{
  stralloc out = STRALLOC_ZERO;
  uint64_t wall = runner_wall();
  uint32_t left = window_left(&d->w, r->now);
  int ok = record_puts(&out, LISTING_DOMAIN, d->name) &&
           record_put_number(&out, LISTING_ARRIVAL, wall - (r->now - d->failing)) &&
           record_put_number(&out, LISTING_NEXT, left ? wall + left : 0) &&
           record_puts(&out, LISTING_REASON, d->last ? d->last->text : "") &&
           door_put(to, HOSTS_ONE, out.s, out.len);
  stralloc_free(&out);
  return ok;
}

int hosts_put(runner const *r, door *to)
{
  unsigned int n = 0;
  for (ring const *i = r->destinations.all.next; i != &r->destinations.all && n < HOSTS_TOLD; i = i->next) {
    destination const *d = ring_of(destination, all, i);
    if (d->kind != DESTINATION_REMOTE || !d->failing)
      continue;
    if (!put(r, to, d))
      return 0;
    n++;
  }
  return 1;
}
