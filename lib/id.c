/* id - the queue id: made, written, read. Two ids of one machine differ even if the clock jumps back, a
   process forks or a worker's number is used again: time and worker nearly always differ, the random bits are
   for when they do not.

   The random bits need not be secret (an id opens nothing: rights are checked by uid), only unlikely to meet
   again. So they come from a small generator that the kernel seeds once a process, which saves a system call
   a message. */
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <time.h>
#include <sys/mman.h>
#include <skalibs/random.h>
#include <skalibs/uint16.h>
#include <skalibs/uint32.h>
#include <skalibs/uint64.h>
#include "lib/id.h"

#define ID_USEC_BITS 55u
#define ID_USEC_MAX ((UINT64_C(1) << ID_USEC_BITS) - 1)

static char const alphabet[] =
    "0123456789ABCDEFGHIJKLMNOPQRSTUV"; /* RFC 4648 section 7: sorts as its values do */

typedef struct seed_s seed;
struct seed_s {
  uint64_t state; /* 0: to be drawn */
  pid_t pid;      /* who drew it; 0: the page itself is emptied by fork */
};

/* A page that the kernel hands to children empty, so that they draw a seed of their own. Where there is no
   such page the pid is compared, at the price of the system call. */
static seed *seed_place(void)
{
  static seed plain;
  static seed *place = 0;
  if (place)
    return place;
  void *page = mmap(0, sizeof(seed), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page != MAP_FAILED && !madvise(page, (size_t)sysconf(_SC_PAGESIZE), MADV_WIPEONFORK))
    return place = page;
  plain.pid = getpid();
  return place = &plain;
}

/* splitmix64: passes through all 2^64 states, each a different output */
static uint32_t draw(void)
{
  seed *s = seed_place();
  if (s->pid && s->pid != getpid()) {
    s->pid = getpid();
    s->state = 0;
  }
  while (!s->state)
    random_buf((char *)&s->state, sizeof s->state);
  uint64_t z = s->state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return (uint32_t)((z ^ (z >> 31)) >> 32);
}

void id_make(id *i, unsigned int worker)
{
  static uint64_t last = 0;
  struct timespec now = {.tv_sec = 0};
  clock_gettime(CLOCK_REALTIME, &now);
  uint64_t usec = now.tv_sec > 0 ? (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u : 0;
  if (usec <= last) /* the clock jumped back, or is coarser than we are fast */
    usec = last + 1;
  last = usec;
  i->usec = usec & ID_USEC_MAX;
  i->worker = (uint16_t)(worker & ID_WORKER_MAX);
  i->random = draw();
}

/* 100 bits make 20 letters: 3 of 0, 55 of the time and 7 of the worker are the first 13 letters, 3 more of
   the worker and the 32 random ones are the last 7. */
void id_fmt(char s[ID_LEN + 1], id const *i)
{
  uint64_t high = i->usec << 7 | (uint64_t)i->worker >> 3;              /* 3 + 55 + 7 bits: 13 letters */
  uint64_t low = (uint64_t)(i->worker & 7) << 32 | (uint64_t)i->random; /* 3 + 32 bits: 7 letters */
  for (unsigned int k = 13; k--; high >>= 5)
    s[k] = alphabet[high & 31];
  for (unsigned int k = 20; k-- > 13; low >>= 5)
    s[k] = alphabet[low & 31];
  s[ID_LEN] = 0;
}

static int letter(char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'A' && c <= 'V')
    return c - 'A' + 10;
  if (c >= 'a' && c <= 'v')
    return c - 'a' + 10;
  return -1;
}

int id_scan(id *i, char const *s, size_t len)
{
  uint64_t half[2] = {0, 0};
  if (len != ID_LEN)
    return 0;
  for (unsigned int k = 0; k < ID_LEN; k++) {
    int v = letter(s[k]);
    if (v < 0 || (!k && v > 3)) /* the first three bits are 0: each id has one text */
      return 0;
    half[k >= 13] = half[k >= 13] << 5 | (uint64_t)v;
  }
  i->usec = half[0] >> 7;
  i->worker = (uint16_t)((half[0] & 127) << 3 | half[1] >> 32);
  i->random = (uint32_t)half[1];
  return 1;
}

/* 8 bytes of time, 2 of the worker, 2 of 0, 4 random ones: compares as the text does, and is never all ones.
 */
void id_pack(char s[ID_PACK], id const *i)
{
  uint64_pack_big(s, i->usec);
  uint16_pack_big(s + 8, i->worker);
  memset(s + 10, 0, 2);
  uint32_pack_big(s + 12, i->random);
}

void id_unpack(id *i, char const s[ID_PACK])
{
  uint64_unpack_big(s, &i->usec);
  uint16_unpack_big(s + 8, &i->worker);
  uint32_unpack_big(s + 12, &i->random);
  i->usec &= ID_USEC_MAX;
  i->worker &= ID_WORKER_MAX;
}

int id_cmp(id const *a, id const *b)
{
  if (a->usec != b->usec)
    return a->usec < b->usec ? -1 : 1;
  if (a->worker != b->worker)
    return a->worker < b->worker ? -1 : 1;
  return a->random < b->random ? -1 : a->random > b->random;
}
