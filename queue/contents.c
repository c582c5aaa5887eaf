/* contents - reads a queue file from the head on. Two system calls for a small message that has no state: one
   finds out that the state is a hole, one reads head, envelope and perhaps all the rest. Who only looks has
   both read ahead as they are: two calls, whatever stands in them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <skalibs/alloc.h>
#include <skalibs/stralloc.h>
#include <skalibs/uint32.h>
#include "lib/checksum.h"
#include "queue/contents.h"

#define FIRST CONTENTS_FIRST
#define KEEP 65536u      /* bytes of memory that are kept for the next file */
#define PIECE 65536u     /* bytes of the body */
#define BLOCK_SECTORS 8u /* sectors of a disk block of 4096 bytes */
_Static_assert(CONTENTS_STATE_BLOCK == BLOCK_SECTORS * FILE_SECTOR, "the block is not a block");

static enum contents wrong(char *why, char const *what)
{
  snprintf(why, STORE_WHY, "%s", what);
  return CONTENTS_WRONG;
}

static ssize_t pread_disk(int fd, char *s, size_t len, uint64_t at)
{
  ssize_t r;
  do
    r = pread(fd, s, len, (off_t)at);
  while (r < 0 && errno == EINTR);
  return r;
}

/* The blocks between the two are a hole, which the page cache would have to be filled for. */
int contents_read_ahead(contents_ahead *a, int fd)
{
  ssize_t r = pread_disk(fd, a->s, sizeof a->s, FILE_STATE);
  ssize_t state = r < 0 ? r : pread_disk(fd, a->state, sizeof a->state, 0);
  if (state < 0)
    return 0;
  a->len = (size_t)r;
  a->state_len = (size_t)state;
  return 1;
}

/* What was read ahead, if that is all that is asked for, or all up to the end of the file. -1: it is not. */
static ssize_t pread_ahead(contents_ahead const *a, char *s, size_t len, uint64_t at)
{
  char const *from = a->state;
  size_t have = a->state_len;
  if (at >= FILE_STATE) {
    from = a->s;
    have = a->len;
    at -= FILE_STATE;
    if (at > FIRST || (have == FIRST && len > FIRST - at))
      return -1;
  } else if (at > CONTENTS_STATE_BLOCK || len > CONTENTS_STATE_BLOCK - at)
    return -1;
  size_t n = at < have ? have - (size_t)at : 0;
  if (n > len)
    n = len;
  memcpy(s, from + at, n);
  return (ssize_t)n;
}

static ssize_t pread_once(store_message const *m, char *s, size_t len, uint64_t at)
{
  ssize_t r = m->ahead ? pread_ahead(m->ahead, s, len, at) : -1;
  return r < 0 ? pread_disk(m->fd, s, len, at) : r;
}

/* As much as is there, up to len. -1: errno. */
static ssize_t pread_some(store_message const *m, char *s, size_t len, uint64_t at)
{
  size_t got = 0;
  while (got < len) {
    ssize_t r = pread_once(m, s + got, len - got, at + got);
    if (r < 0)
      return -1;
    if (!r)
      break;
    got += (size_t)r;
  }
  return (ssize_t)got;
}

int contents_pread(store_message const *m, char *s, size_t len, uint64_t at)
{
  ssize_t r = pread_some(m, s, len, at);
  if (r >= 0)
    errno = 0;
  return r == (ssize_t)len;
}

/* The file's size: a first read that came back short ended at its end. */
static int find_size(int fd, size_t got, uint64_t *size)
{
  struct stat st;
  if (*size != CONTENTS_SIZE_UNKNOWN)
    return 1;
  *size = FILE_STATE + got;
  if (got < FIRST)
    return 1;
  if (fstat(fd, &st) < 0)
    return 0;
  *size = (uint64_t)st.st_size;
  return 1;
}

/* Head and envelope, into s. They must be right for anything else to be looked at. */
static enum contents read_head(store_message const *m, uint64_t *size, stralloc *s, file_head *h, char *why)
{
  if (!stralloc_ready(s, FIRST))
    return CONTENTS_ERROR;
  ssize_t got = pread_once(m, s->s, FIRST, FILE_STATE);
  if (got < 0 || !find_size(m->fd, (size_t)got, size))
    return CONTENTS_ERROR;
  if (got < (ssize_t)FILE_HEAD)
    return wrong(why, "it ends before its head does");
  if (!file_head_unpack(h, s->s))
    return wrong(why, "it has no head");
  s->len = FILE_HEAD + h->envelope_length;
  if (*size < FILE_STATE + s->len || *size - FILE_STATE - s->len < h->body_length)
    return wrong(why, "it is shorter than its head says");
  if (!stralloc_ready(s, s->len))
    return CONTENTS_ERROR;
  if (s->len > (size_t)got &&
      !contents_pread(m, s->s + got, s->len - (size_t)got, FILE_STATE + (uint64_t)got))
    return errno ? CONTENTS_ERROR : wrong(why, "it is shorter than its head says");
  switch (file_head_judge(s->s, s->s + FILE_HEAD, h->envelope_length)) {
  case FILE_RIGHT: return CONTENTS_RIGHT;
  case FILE_FOREIGN: snprintf(why, STORE_WHY, "a newer tern wrote it"); return CONTENTS_FOREIGN;
  default: return wrong(why, "the checksum of its head is wrong");
  }
}

static enum contents read_envelope(envelope *e, char const *s, size_t len, size_t rcpts, char *why)
{
  size_t before = envelope_count(e);
  switch (envelope_unpack(e, s, len)) {
  case ENVELOPE_OK:
    return envelope_count(e) - before == rcpts ? CONTENTS_RIGHT : wrong(why, "its recipients are miscounted");
  case ENVELOPE_FOREIGN:
    snprintf(why, STORE_WHY, "its envelope holds what only a newer tern understands");
    return CONTENTS_FOREIGN;
  case ENVELOPE_NOMEM: errno = ENOMEM; return CONTENTS_ERROR;
  default: return wrong(why, "its envelope makes no sense");
  }
}

/* Where the first data of the file are. A file system that does not know says 0, and then zeros are read. */
static int is_hole(store_message const *m)
{
  if (m->ahead)
    return 0; /* its zeros are here */
#ifdef SEEK_DATA
  off_t data = lseek(m->fd, 0, SEEK_DATA);
  return data >= (off_t)FILE_STATE || (data < 0 && errno == ENXIO);
#else
  (void)m;
  return 0;
#endif
}

/* The sectors that n recipients need, and those that lie in the same disk block: a power cut may leave
   strange bytes there, too, on a file system without a journal. */
static unsigned int sectors_read(size_t n)
{
  return (file_sectors(n) + BLOCK_SECTORS - 1) / BLOCK_SECTORS * BLOCK_SECTORS;
}

static void take_sector(store_state *st, unsigned int number, file_sector const *sector)
{
  size_t first = number * FILE_SECTOR_RCPTS;
  if (number && first >= st->n)
    return;
  size_t n = st->n - first < FILE_SECTOR_RCPTS ? st->n - first : FILE_SECTOR_RCPTS;
  if (!number) {
    st->attempts = sector->attempts;
    st->next = sector->next;
    st->hold = sector->hold;
    st->told = sector->told;
    st->groups = sector->groups;
    st->groups_sum = sector->groups_sum;
  }
  memcpy(st->rcpt + first, sector->rcpt, n);
}

static int read_state(store_message *m, contents_found *found)
{
  char s[FILE_STATE];
  unsigned int n = sectors_read(m->state.n);
  if (is_hole(m))
    return 1;
  if (!contents_pread(m, s, n * FILE_SECTOR, 0))
    return errno = errno ? errno : EIO, 0;
  for (unsigned int k = 0; k < n; k++) {
    file_sector sector;
    switch (file_sector_unpack(&sector, s + k * FILE_SECTOR, &m->i, k)) {
    case FILE_SECTOR_EMPTY: continue;
    case FILE_SECTOR_TORN: found->torn |= 1u << k; break;
    case FILE_SECTOR_RIGHT: take_sector(&m->state, k, &sector); break;
    }
    found->has_state = 1;
  }
  return 1;
}

int contents_has_state(store_message const *m)
{
  char s[FILE_STATE];
  if (is_hole(m))
    return 0;
  ssize_t r = pread_some(m, s, sizeof s, 0);
  if (r < 0)
    return -1;
  for (ssize_t k = 0; k < r; k++)
    if (s[k])
      return 1;
  return 0;
}

static enum contents take_head(store_message *m, id const *i, uint64_t size, file_head const *h, char *why)
{
  if (id_cmp(&h->i, i))
    return wrong(why, "its head is another message's");
  if (h->rcpts > ENVELOPE_RCPT_MAX)
    return wrong(why, "it has too many recipients");
  m->i = *i;
  m->uid = h->uid;
  m->envelope = FILE_STATE + FILE_HEAD;
  m->envelope_length = h->envelope_length;
  m->body = m->envelope + h->envelope_length;
  m->length = h->body_length;
  m->sum = h->body_sum;
  m->end = size;
  m->state = (store_state){.n = h->rcpts};
  m->state.rcpt = alloc(h->rcpts ? h->rcpts : 1);
  if (!m->state.rcpt)
    return CONTENTS_ERROR;
  memset(m->state.rcpt, STORE_NEW, h->rcpts);
  return CONTENTS_RIGHT;
}

enum contents contents_read(store_message *m, id const *i, uint64_t size, envelope *e, contents_found *found,
                            char *why)
{
  static stralloc s = STRALLOC_ZERO;
  file_head h;
  *found = (contents_found){.torn = 0};
  m->state.rcpt = 0;
  enum contents c = read_head(m, &size, &s, &h, why);
  if (c == CONTENTS_RIGHT)
    c = take_head(m, i, size, &h, why);
  if (c == CONTENTS_RIGHT && e)
    c = read_envelope(e, s.s + FILE_HEAD, h.envelope_length, h.rcpts, why);
  if (c == CONTENTS_RIGHT && !read_state(m, found))
    c = CONTENTS_ERROR;
  int error = errno;
  if (s.a > KEEP)
    stralloc_free(&s);
  if (c != CONTENTS_RIGHT && m->state.rcpt) {
    alloc_free(m->state.rcpt);
    m->state.rcpt = 0;
  }
  errno = error;
  return c;
}

enum contents contents_check_body(store_message const *m, char *why)
{
  static char s[PIECE];
  uint32_t sum = 0;
  for (uint64_t at = 0; at < m->length;) {
    size_t n = m->length - at < PIECE ? (size_t)(m->length - at) : PIECE;
    if (!contents_pread(m, s, n, m->body + at))
      return errno ? CONTENTS_ERROR : wrong(why, "its body is cut short");
    sum = checksum(sum, s, n);
    at += n;
  }
  return sum == m->sum ? CONTENTS_RIGHT : wrong(why, "the checksum of its body is wrong");
}
