/* store_state - the marks of the runner: in memory first, then in place, a sector of 512 bytes each, without
   waiting for the disk. A mark that a power cut destroys means a second delivery, never a lost one. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "queue/file.h"
#include "queue/store.h"

void store_mark(store_message *m, size_t rcpt, enum store_rcpt what)
{
  if (rcpt >= m->state.n || m->state.rcpt[rcpt] == what)
    return;
  m->state.rcpt[rcpt] = (unsigned char)what;
  m->state.dirty |= 1u << (rcpt / FILE_SECTOR_RCPTS);
}

void store_set(store_message *m, uint32_t attempts, uint64_t next, int hold)
{
  store_state *st = &m->state;
  if (st->attempts == attempts && st->next == next && !st->hold == !hold)
    return;
  st->attempts = attempts;
  st->next = next;
  st->hold = !!hold;
  st->dirty |= 1;
}

void store_told(store_message *m)
{
  if (!m->state.told)
    m->state.dirty |= 1;
  m->state.told = 1;
}

void store_groups(store_message *m, uint32_t n, uint64_t sum)
{
  store_state *st = &m->state;
  if (st->groups == n && st->groups_sum == sum)
    return;
  st->groups = n;
  st->groups_sum = sum;
  st->dirty |= 1;
}

static void pack(char s[FILE_SECTOR], store_message const *m, unsigned int number)
{
  store_state const *st = &m->state;
  file_sector sector = {.attempts = st->attempts,
                        .next = st->next,
                        .hold = st->hold,
                        .told = st->told,
                        .groups = st->groups,
                        .groups_sum = st->groups_sum};
  size_t first = number * FILE_SECTOR_RCPTS;
  if (first < st->n)
    memcpy(sector.rcpt, st->rcpt + first,
           st->n - first < FILE_SECTOR_RCPTS ? st->n - first : FILE_SECTOR_RCPTS);
  file_sector_pack(s, &m->i, number, &sector);
}

/* Writes the run of dirty sectors that begins at `first`; gives the number of the sector after it. 0: errno.
 */
static unsigned int save_run(store_message *m, unsigned int first)
{
  char s[FILE_STATE];
  size_t len = 0;
  unsigned int k = first;
  for (; k < FILE_SECTORS && m->state.dirty & 1u << k; k++, len += FILE_SECTOR)
    pack(s + len, m, k);
  for (size_t done = 0; done < len;) {
    ssize_t r = pwrite(m->fd, s + done, len - done, (off_t)(first * FILE_SECTOR + done));
    if (r < 0 && errno == EINTR)
      continue;
    if (r < 0)
      return 0;
    done += (size_t)r;
  }
  return k;
}

int store_save(store_message *m, int sync)
{
  uint32_t dirty = m->state.dirty;
  for (unsigned int k = 0; k < FILE_SECTORS;)
    if (!(dirty & 1u << k))
      k++;
    else if (!(k = save_run(m, k)))
      return 0;
  if (sync && fdatasync(m->fd) < 0)
    return 0;
  m->state.dirty = 0;
  return 1;
}
