/* store_new - the commit. The only code that makes a queue file, and the steps in their order:

   1 create   open queue/C/ID with O_EXCL                     an empty file, no lock
   2 lock     F_OFD_SETLK, then its link count must be 1      empty, locked: nobody unlinks it
   3 body     a large one, from its offset; no head yet       no head: not a message
   4 head     with the envelope (and a small body) at once    whole in memory; the disk may hold any part of it
   5 sync     fsync, of the folder too where that is needed   durable
   6 close    gives up the lock                               the same; whoever has the id may open it

   The answer is given after 6. Until 5 is done nothing was acknowledged: a failure, at any step, unlinks the file, and
   after a crash a scan finds no head, or a checksum that is wrong, or the whole message, which then is delivered: its
   sender was not told that it failed. A sync that failed is not tried again: the kernel may have dropped the data. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include "lib/checksum.h"
#include "queue/file.h"
#include "queue/lock.h"
#include "queue/store.h"
#include "queue/sync.h"

#define MODE 0660
#define NAMES 100u /* ids that are tried: a name that is taken, or a lock, is somebody's accident */

/* The umask may have spoiled the mode, and a scan may have taken the file between its creation and its lock.
 */
static enum lock secure(int fd)
{
  struct stat st;
  enum lock got = lock_take(fd);
  if (got != LOCK_TAKEN)
    return got;
  if (fstat(fd, &st) < 0)
    return LOCK_ERROR;
  if (st.st_nlink != 1)
    return LOCK_BUSY;
  if ((st.st_mode & 07777) != MODE && fchmod(fd, MODE) < 0)
    return LOCK_ERROR;
  return LOCK_TAKEN;
}

/* 1: created; 0: this name can't be had; -1: errno. */
static int create(store_new *m, unsigned int worker)
{
  char path[FILE_PATH];
  id_make(&m->i, worker);
  file_path(path, &m->i);
  m->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
  if (m->fd < 0)
    return errno == EEXIST ? 0 : -1;
  switch (secure(m->fd)) {
  case LOCK_TAKEN: return 1;
  case LOCK_BUSY: /* a scan has it and unlinks it */
    fd_close(m->fd);
    m->fd = -1;
    return 0;
  case LOCK_ERROR: break;
  }
  store_abandon(m);
  return -1;
}

int store_begin(store_new *m, unsigned int worker, stralloc const *records, size_t rcpts, uid_t uid)
{
  *m = (store_new){.fd = -1, .records = records, .rcpts = rcpts, .uid = uid};
  if (rcpts > ENVELOPE_RCPT_MAX || records->len > FILE_ENVELOPE_MAX)
    return (errno = E2BIG, 0);
  for (unsigned int i = 0; i < NAMES; i++) {
    int r = create(m, worker);
    if (r)
      return r > 0;
  }
  return (errno = EEXIST, 0);
}

/* Writes all of v, which is used up, at `at`. */
static int write_all(int fd, struct iovec *v, unsigned int n, uint64_t at)
{
  while (n) {
    ssize_t r = pwritev(fd, v, (int)n, (off_t)at);
    if (r < 0 && errno == EINTR)
      continue;
    if (r < 0)
      return 0;
    at += (uint64_t)r;
    for (; n && (size_t)r >= v->iov_len; v++, n--)
      r -= (ssize_t)v->iov_len;
    if (n) {
      v->iov_base = (char *)v->iov_base + r;
      v->iov_len -= (size_t)r;
    }
  }
  return 1;
}

static uint64_t body_begin(store_new const *m)
{
  return FILE_STATE + FILE_HEAD + m->records->len;
}

/* Counts v's octets into the body and copies v; gives their number. */
static size_t add(store_new *m, struct iovec *copy, struct iovec const *v, unsigned int n)
{
  size_t len = 0;
  for (unsigned int k = 0; k < n; k++) {
    copy[k] = v[k];
    m->sum = checksum(m->sum, v[k].iov_base, v[k].iov_len);
    len += v[k].iov_len;
  }
  m->length += len;
  return len;
}

int store_write(store_new *m, struct iovec const *v, unsigned int n)
{
  struct iovec copy[STORE_PIECES];
  uint64_t at = body_begin(m) + m->length;
  if (n > STORE_PIECES)
    return (errno = EINVAL, 0);
  add(m, copy, v, n);
  return write_all(m->fd, copy, n, at);
}

static int write_head(store_new *m, struct iovec *v, unsigned int n)
{
  char head[FILE_HEAD];
  file_head const h = {.i = m->i,
                       .uid = m->uid,
                       .body_length = m->length,
                       .envelope_length = (uint32_t)m->records->len,
                       .rcpts = (uint32_t)m->rcpts,
                       .body_sum = m->sum};
  file_head_pack(head, &h, m->records->s);
  v[0] = (struct iovec){.iov_base = head, .iov_len = FILE_HEAD};
  v[1] = (struct iovec){.iov_base = m->records->s, .iov_len = m->records->len};
  return write_all(m->fd, v, n + 2, FILE_STATE);
}

/* The body's rest first, unless it is all there is. */
static int write_rest(store_new *m, struct iovec const *v, unsigned int n)
{
  struct iovec all[STORE_PIECES + 2];
  if (!m->length) {
    add(m, all + 2, v, n);
    return write_head(m, all, n);
  }
  return store_write(m, v, n) && write_head(m, all, 0);
}

int store_commit(store_new *m, struct iovec const *v, unsigned int n)
{
  char folder[FILE_PATH];
  if (n > STORE_PIECES || !write_rest(m, v, n))
    goto failed;
  file_path(folder, &m->i);
  folder[7] = 0;
  if (!sync_new(m->fd, folder))
    goto failed;
  fd_close(m->fd);
  m->fd = -1;
  return 1;

failed:
  store_abandon(m);
  return 0;
}

void store_abandon(store_new *m)
{
  char path[FILE_PATH];
  int e = errno;
  if (m->fd < 0)
    return;
  file_path(path, &m->i);
  unlink(path); /* before the lock is given up */
  fd_close(m->fd);
  m->fd = -1;
  errno = e;
}
