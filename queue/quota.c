/* quota - counts by reading the slots of all: there is no counter that a killed worker could leave wrong. */
#include <errno.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include "queue/quota.h"

#define USERS_MIN                                                                                            \
  32u /* places of those who are not exempt, and one more for each USERS_SHARE of the others */
#define USERS_SHARE 16u
#define RESERVE                                                                                              \
  16777216u             /* bytes of disk that users leave to the suite, besides two of the largest messages */
#define RESERVE_PART 8u /* but never more than this part of the disk */
#define RESERVE_INODES 1024u
#define LAST_PART                                                                                            \
  8u /* of the reserve, which nobody may use: marks of what is delivered are written there   \
                      */

static unsigned int users(unsigned int incoming)
{
  return USERS_MIN + incoming / USERS_SHARE;
}

unsigned int quota_pool(unsigned int incoming)
{
  unsigned int n = incoming + users(incoming);
  return n < QUOTA_SLOTS ? n : QUOTA_SLOTS - 1;
}

void quota_set(quota *q, uint64_t databytes, unsigned int incoming)
{
  q->databytes = databytes;
  q->places = users(incoming);
  q->per_uid = q->places / 2;
}

int quota_init(quota *q, uint64_t databytes, unsigned int incoming)
{
  void *p =
      mmap(0, QUOTA_SLOTS * sizeof(quota_slot), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED)
    return 0;
  q->slots = p;
  quota_set(q, databytes, incoming);
  return 1;
}

int quota_is_exempt(identities const *ids, uid_t uid)
{
  return !uid || (ids->root ? identity_is_suite(ids, uid) : uid == ids->owner);
}

static int full(result *r, char const *what, uid_t uid)
{
  result_set(r, RESULT_TEMPORARY, STATUS_NOT_ACCEPTING, "%s of uid %lu; try again later", what,
             (unsigned long)uid);
  return 0;
}

int quota_enter(quota *q, unsigned int slot, uid_t uid, int exempt, result *r)
{
  unsigned int all = 0, same = 0;
  quota_slot *mine = q->slots + slot;
  atomic_store_explicit(&mine->bytes, 0, memory_order_relaxed);
  atomic_store_explicit(&mine->uid, (unsigned int)uid, memory_order_relaxed);
  if (exempt)
    return 1;
  atomic_store(&mine->here,
               1); /* before the others are counted: of two that enter at once, one sees the other */
  for (unsigned int k = 0; k < QUOTA_SLOTS; k++)
    if (atomic_load(&q->slots[k].here)) {
      all++;
      same += atomic_load(&q->slots[k].uid) == (unsigned int)uid;
    }
  if (same > q->per_uid)
    return full(r, "too many messages at once", uid);
  return all <= q->places || full(r, "too many users send mail at once, one", uid);
}

int quota_add(quota *q, unsigned int slot, uint64_t bytes, result *r)
{
  quota_slot *mine = q->slots + slot;
  uint64_t sum = 0;
  unsigned int uid = atomic_load_explicit(&mine->uid, memory_order_relaxed);
  atomic_fetch_add(&mine->bytes, bytes);
  if (!atomic_load_explicit(&mine->here, memory_order_relaxed))
    return 1;
  for (unsigned int k = 0; k < QUOTA_SLOTS; k++)
    if (atomic_load(&q->slots[k].here) && atomic_load(&q->slots[k].uid) == uid)
      sum += atomic_load(&q->slots[k].bytes);
  /* one message of the largest size always passes */
  return sum <= 2 * q->databytes || full(r, "too much mail at once", (uid_t)uid);
}

void quota_leave(quota *q, unsigned int slot)
{
  quota_slot *mine = q->slots + slot;
  atomic_store(&mine->here, 0);
  atomic_store(&mine->filling, 0);
}

int quota_bury(quota *q, unsigned int slot)
{
  int filling = atomic_load(&q->slots[slot].filling);
  quota_leave(q, slot);
  return filling;
}

static uint64_t least(uint64_t a, uint64_t b)
{
  return a < b ? a : b;
}

int quota_has_room(uint64_t databytes, int exempt, uint64_t free_bytes, uint64_t bytes, uint64_t free_inodes,
                   uint64_t inodes)
{
  uint64_t reserve = least(RESERVE + 2 * databytes, bytes / RESERVE_PART);
  uint64_t names = least(RESERVE_INODES, inodes / RESERVE_PART); /* 0: the file system does not count them */
  if (exempt) {
    reserve = least(reserve, RESERVE) / LAST_PART;
    names /= LAST_PART;
  }
  return free_bytes >= reserve && (!inodes || free_inodes >= names);
}

int quota_disk(quota const *q, int exempt, result *r)
{
  static struct statvfs fs;
  static tain again = TAIN_EPOCH;
  if (!exempt || !tain_future(&again)) {
    if (statvfs("queue", &fs) < 0) {
      result_set(r, RESULT_TEMPORARY, STATUS_SYSTEM, "the queue can't be looked at");
      return 0;
    }
    tain_addsec_g(&again, 1);
  }
  if (quota_has_room(q->databytes, exempt, (uint64_t)fs.f_bavail * fs.f_frsize,
                     (uint64_t)fs.f_blocks * fs.f_frsize, fs.f_favail, fs.f_files))
    return 1;
  result_set(r, RESULT_TEMPORARY, STATUS_SYSTEM_FULL, "the queue's disk is full; try again later");
  return 0;
}
