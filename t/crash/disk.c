/* disk - from a recording to a file. Each sector of 512 octets that was not synced is as it was, as it became, at any time since,
   half of each, or (in blocks that the file did not have before) what another file had there. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "queue/file.h"
#include "t/crash/disk.h"

#define SECTOR 512u
#define BLOCK 4096u
#define CHOICES 65536u

static struct {
  int by_chance, mostly_new; /* one sector alone that is wrong is what checksums are for */
  unsigned int at, used, seed;
  unsigned int digit[CHOICES], radix[CHOICES];
} way;

void choice_all(void)
{
  way.by_chance = 0;
  way.at = way.used = 0;
}

void choice_chance(unsigned int seed)
{
  way.by_chance = 1;
  way.mostly_new = seed % 3 > 0;
  way.seed = seed;
}

static unsigned int draw(void)
{
  way.seed = way.seed * 1664525u + 1013904223u;
  return way.seed >> 8;
}

unsigned int choice(unsigned int n)
{
  if (way.by_chance)
    return way.mostly_new && draw() % 4 ? 0 : draw() % n;
  if (way.at == CHOICES)
    return 0;
  if (way.at == way.used) {
    way.digit[way.used] = 0;
    way.radix[way.used++] = n;
  }
  return way.digit[way.at++];
}

int choice_next(void)
{
  way.at = 0;
  while (way.used) {
    if (++way.digit[way.used - 1] < way.radix[way.used - 1])
      return 1;
    way.used--;
  }
  return 0;
}

/* What is known of the file and its name after n ops. */
static void look(enum disk_model model, unsigned int k, unsigned int n, fate *f)
{
  int created = 0, named = 0;
  *f = (fate){.acked = 0};
  for (unsigned int j = 0; j < n; j++) {
    if (ops[j].file != k)
      continue;
    switch (ops[j].kind) {
    case OP_CREATE: created = 1; break;
    case OP_CHANGE: f->newest = ops[j].image - 1; break;
    case OP_SYNC:
      f->known = f->newest;
      named |= model != DISK_POSIX;
      break;
    case OP_SYNC_FOLDER:
      named |= created;
      if (f->over)
        created = 0;
      break;
    case OP_RENAME: f->moved = 1; /* fall through */
    case OP_UNLINK: f->over = 1; break;
    case OP_ACK: f->acked = 1; break;
    }
  }
  f->spoilt = files[k].spoilt && f->newest >= files[k].spoilt;
  if (!created)
    f->name = f->moved ? NAME_BAD : NAME_NONE;
  else if (f->moved)
    f->name = model == DISK_JOURNAL ? (choice(2) ? NAME_BAD : NAME_QUEUE) : (enum disk_name)choice(4);
  else if (!named || f->over)
    f->name = choice(2) ? NAME_NONE : NAME_QUEUE;
  else
    f->name = NAME_QUEUE;
}

/* A sector of an image; beyond its end there are zeros. */
static void sector_of(char out[SECTOR], image const *i, size_t at)
{
  memset(out, 0, SECTOR);
  if (at < i->len)
    memcpy(out, i->s + at, i->len - at < SECTOR ? i->len - at : SECTOR);
}

/* Did the file have this block on the disk before? Zeros alone are a hole, as the state is. */
static int had_block(image const *i, size_t at)
{
  for (size_t k = at - at % BLOCK; k < at - at % BLOCK + BLOCK && k < i->len; k++)
    if (i->s[k])
      return 1;
  return 0;
}

/* Another file's octets at the same place: what misleads best. 0: there is none. */
static int strange_sector(char out[SECTOR], unsigned int k, size_t at)
{
  unsigned int other = choice(n_files > 1 ? n_files - 1 : 1);
  other += other >= k;
  if (other >= n_files || files[other].n < 2)
    return 0;
  sector_of(out, files[other].images + files[other].n - 1, at);
  return 1;
}

/* An own older version, a half of it, or what another file had there. */
static void choose_sector(char out[SECTOR], enum disk_model model, unsigned int k, fate *f, size_t at)
{
  recorded const *r = files + k;
  char old[SECTOR], later[SECTOR];
  int fresh =
      model != DISK_JOURNAL && !had_block(r->images + f->known, at) && had_block(r->images + f->newest, at);
  unsigned int between = f->newest - f->known;
  int differs = 0;
  sector_of(old, r->images + f->known, at);
  for (unsigned int j = f->known + 1; j <= f->newest; j++) {
    sector_of(later, r->images + j, at);
    differs |= !!memcmp(old, later, SECTOR);
  }
  sector_of(out, r->images + f->newest, at);
  if (!differs && !fresh)
    return;
  unsigned int c = choice(3 + (unsigned int)fresh);
  if (c == 1)
    memcpy(out, old, SECTOR);
  else if (c == 3)
    f->strange |= strange_sector(out, k, at);
  else if (c == 2) {
    sector_of(later, r->images + f->known + choice(between ? between : 1), at);
    memcpy(out + SECTOR / 2, later + SECTOR / 2, SECTOR / 2);
  }
}

static void spill(char const *path, char const *s, size_t len)
{
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0660);
  if (fd < 0 || ftruncate(fd, (off_t)len) < 0)
    abort();
  for (size_t at = 0; at < len; at += SECTOR) {
    size_t n = len - at < SECTOR ? len - at : SECTOR;
    if ((s[at] || memcmp(s + at, s + at + 1, n - 1)) && pwrite(fd, s + at, n, (off_t)at) != (ssize_t)n)
      abort();
  }
  close(fd);
}

static void put(unsigned int k, fate const *f, char const *s)
{
  char path[FILE_PATH], bad[sizeof "queue/bad/" + ID_LEN] = "queue/bad/";
  file_path(path, &files[k].i);
  id_fmt(bad + 10, &files[k].i);
  if (f->name != NAME_NONE)
    spill(f->name == NAME_BAD ? bad : path, s, f->len);
  if (f->name == NAME_BOTH && link(path, bad) < 0)
    abort();
}

void disk_build(enum disk_model model, unsigned int k, unsigned int n, fate *f)
{
  recorded const *r = files + k;
  size_t most = 0;
  look(model, k, n, f);
  if (f->name == NAME_NONE)
    return;
  for (unsigned int j = f->known; j <= f->newest; j++)
    most = r->images[j].len > most ? r->images[j].len : most;
  char *s = malloc(most + SECTOR);
  if (!s)
    abort();
  f->len = f->newest > f->known ? r->images[f->newest - choice(f->newest - f->known + 1)].len : most;
  for (size_t at = 0; at < f->len; at += SECTOR)
    if (f->newest > f->known)
      choose_sector(s + at, model, k, f, at);
    else
      sector_of(s + at, r->images + f->known, at);
  /* its blocks were free, and another file may have them by now */
  if (model != DISK_JOURNAL && f->over && !f->moved && choice(2))
    for (size_t at = FILE_STATE; at < f->len; at += SECTOR)
      if (!choice(4))
        f->strange |= strange_sector(s + at, k, at);
  put(k, f, s);
  free(s);
}
