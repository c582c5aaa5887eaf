/* crowd - see crowd.h. */
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>
#include <sys/mman.h>
#include "smtpd/crowd.h"

#define TRIES 4u /* neighbours in the table of rates that an address may be counted at */

enum crowd_doing { NOBODY = 0, WAITS, WORKS, ASKED };

typedef struct crowd_place_s crowd_place;
struct crowd_place_s {
  atomic_ullong key;
  atomic_ullong since; /* milliseconds */
  atomic_uchar doing;
};

typedef struct crowd_rate_s crowd_rate;
struct crowd_rate_s {
  atomic_ullong key;
  atomic_ullong count; /* the minute above 32 bits, the connections in it below */
};

typedef struct crowd_s crowd;
struct crowd_s {
  atomic_uint places; /* one more than the highest that was ever taken */
  crowd_place place[CROWD_PLACES];
  crowd_rate rate[CROWD_RATES];
};

static crowd *all;
static unsigned int mine = CROWD_PLACES; /* of this worker; CROWD_PLACES: it has no client */

#define get(a) atomic_load_explicit(&(a), memory_order_relaxed)
#define put(a, v) atomic_store_explicit(&(a), (v), memory_order_relaxed)

static uint64_t now_ms(void)
{
  struct timespec t;
  (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
  return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int crowd_make(void)
{
  void *p = mmap(0, sizeof *all, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED)
    return 0;
  all = p;
  return 1;
}

/* The first 64 bits of an IPv6 address; an IPv4 address in a place that is nobody's /64. */
static uint64_t key_of(ip46 const *client)
{
  unsigned char const *s = (unsigned char const *)client->ip;
  uint64_t key = 0;
  unsigned int n = 8;
  if (!ip46_is6(client)) {
    key = 0xffff;
    n = 4;
  }
  while (n--)
    key = key << 8 | *s++;
  return key ? key : 1;
}

static unsigned int count(uint64_t key)
{
  unsigned int n = 0, places = get(all->places);
  for (unsigned int i = 0; i < places; i++)
    n += get(all->place[i].key) == key;
  return n;
}

/* Counts a connection in this minute. A place in the table goes to whoever has none, first where the count is
   of another minute, else where it is lowest: so that many addresses can't push out one that is counted high. */
static unsigned int connections(uint64_t key, uint64_t now)
{
  uint64_t minute = (now / 60000 + 1) << 32;
  uint64_t mixed = key * 0x9e3779b97f4a7c15ull;
  crowd_rate *found = 0;
  for (unsigned int i = 0; i < TRIES; i++) {
    crowd_rate *r = all->rate + ((mixed >> 40) + i) % CROWD_RATES;
    uint64_t n = get(r->count);
    if (get(r->key) == key) {
      if (n >> 32 != minute >> 32)
        put(r->count, minute);
      return (unsigned int)(atomic_fetch_add(&r->count, 1) & 0xffffffffu) + 1;
    }
    if (!found || (get(found->count) >= minute && (n < minute || n < get(found->count))))
      found = r;
  }
  put(found->key, key);
  put(found->count, minute | 1);
  return 1;
}

enum crowd_judged crowd_enter(unsigned int place, ip46 const *client, unsigned int max, unsigned int rate)
{
  uint64_t key = key_of(client), now;
  unsigned int places;
  if (!all || place >= CROWD_PLACES)
    return CROWD_OK;
  now = now_ms();
  mine = place;
  for (places = get(all->places); places <= place;)
    if (atomic_compare_exchange_weak(&all->places, &places, place + 1))
      break;
  put(all->place[place].since, now);
  put(all->place[place].doing, WAITS);
  (void)atomic_exchange(&all->place[place].key, key); /* before the others are counted */
  if (rate && connections(key, now) > rate)
    return CROWD_FAST;
  return max && count(key) > max ? CROWD_MANY : CROWD_OK;
}

void crowd_works(unsigned int place)
{
  if (all && place < CROWD_PLACES)
    put(all->place[place].doing, WORKS);
}

void crowd_leave(unsigned int place)
{
  mine = CROWD_PLACES;
  if (!all || place >= CROWD_PLACES)
    return;
  put(all->place[place].doing, NOBODY);
  put(all->place[place].key, 0);
}

int crowd_is_asked_to_go(void)
{
  return mine < CROWD_PLACES && get(all->place[mine].doing) == ASKED;
}

/* Keeps the list of those that came first, sorted. */
static unsigned int insert(unsigned int places[POOL_ASK_MAX], unsigned int n, unsigned int place)
{
  uint64_t since = get(all->place[place].since);
  unsigned int i = n < POOL_ASK_MAX ? n : POOL_ASK_MAX - 1;
  if (n == POOL_ASK_MAX && get(all->place[places[i]].since) <= since)
    return n;
  for (; i && get(all->place[places[i - 1]].since) > since; i--)
    places[i] = places[i - 1];
  places[i] = place;
  return n < POOL_ASK_MAX ? n + 1 : n;
}

unsigned int crowd_ask(unsigned int places[POOL_ASK_MAX])
{
  unsigned int n = 0, all_places = get(all->places);
  uint64_t now = now_ms();
  for (unsigned int i = 0; i < all_places; i++) {
    unsigned char doing = get(all->place[i].doing);
    if (doing == ASKED || (doing == WAITS && now - get(all->place[i].since) >= CROWD_GRACE))
      n = insert(places, n, i);
  }
  for (unsigned int i = 0; i < n; i++) {
    unsigned char waits = WAITS;
    (void)atomic_compare_exchange_strong(&all->place[places[i]].doing, &waits, ASKED);
  }
  return n;
}
