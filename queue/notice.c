/* notice - both ends of run/notice. The writer never waits and never fails: what is not told is found by a
 * scan. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include "queue/notice.h"

#define PATH "run/notice"
#define MODE 0620

_Static_assert(sizeof((notice_reader *)0)->s >= 65536, "one read takes all that a FIFO holds");

/* A FIFO of the right owner stays: writers that have it open go on. */
static int make(uid_t reader, gid_t writers)
{
  struct stat st;
  if (lstat(PATH, &st) >= 0) {
    if (S_ISFIFO(st.st_mode) && st.st_uid == reader && st.st_gid == writers && (st.st_mode & 07777) == MODE)
      return 1;
    if (unlink(PATH) < 0)
      return 0;
  } else if (errno != ENOENT)
    return 0;
  if (mkfifo(PATH, 0600) < 0)
    return 0;
  return (geteuid() ? 1 : lchown(PATH, reader, writers) >= 0) && chmod(PATH, MODE) >= 0;
}

int notice_open(uid_t reader, gid_t writers)
{
  if (!make(reader, writers))
    return -1;
  /* For writing, too: with a writer of its own it never sees the end. */
  return open(PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
}

/* Was the FIFO full when n bytes were read from it? Some pipes of unprivileged users are small. */
static int was_full(int fd, size_t n)
{
#ifdef F_GETPIPE_SZ
  if (n >= 4096 && n < sizeof((notice_reader *)0)->s) {
    int size = fcntl(fd, F_GETPIPE_SZ);
    return size > 0 && n >= (size_t)size;
  }
#else
  (void)fd;
#endif
  return n >= sizeof((notice_reader *)0)->s;
}

/* Records are written whole. A part of one is nonsense, and what follows would be read askew: it is left out. */
static enum notice_got fill(notice_reader *r)
{
  ssize_t n;
  do
    n = read(r->fd, r->s, sizeof r->s);
  while (n < 0 && errno == EINTR);
  if (n < 0 && errno != EAGAIN)
    return NOTICE_ERROR;
  if (n <= 0)
    return NOTICE_NONE;
  r->at = 0;
  r->have = (size_t)n - (size_t)n % NOTICE;
  r->scan = r->have < (size_t)n || was_full(r->fd, (size_t)n);
  return NOTICE_ID;
}

enum notice_got notice_get(notice_reader *r, id *i)
{
  static char const scan[NOTICE] = "\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377";
  if (r->at == r->have && !r->scan) {
    enum notice_got got = fill(r);
    if (got != NOTICE_ID)
      return got;
  }
  if (r->at == r->have) {
    r->scan = 0;
    return NOTICE_SCAN;
  }
  char const *s = r->s + r->at;
  r->at += NOTICE;
  if (!memcmp(s, scan, NOTICE))
    return NOTICE_SCAN;
  id_unpack(i, s);
  return NOTICE_ID;
}

enum told { TOLD, TOLD_NOBODY, TOLD_NOT, TOLD_BROKEN };

static enum told try(int *fd, char const s[NOTICE])
{
  ssize_t r;
  if (*fd < 0)
    *fd = open(PATH, O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
  if (*fd < 0)
    return errno == ENXIO || errno == ENOENT ? TOLD_NOBODY : TOLD_NOT;
  do
    r = write(*fd, s, NOTICE); /* less than PIPE_BUF: all or nothing */
  while (r < 0 && errno == EINTR);
  if (r == NOTICE)
    return TOLD;
  if (r < 0 && errno == EAGAIN)
    return TOLD_NOT;
  int e = errno;
  fd_close(*fd);
  *fd = -1;
  errno = e;
  return TOLD_BROKEN;
}

/* Nobody reads any more, or the FIFO is another now: once more with the one that has the name. */
static int tell(int *fd, char const s[NOTICE])
{
  enum told told = try(fd, s);
  if (told == TOLD_BROKEN)
    told = try(fd, s);
  return told == TOLD || told == TOLD_NOBODY;
}

int notice_tell(int *fd, id const *i)
{
  char s[NOTICE];
  id_pack(s, i);
  return tell(fd, s);
}

int notice_scan(int *fd)
{
  char s[NOTICE];
  memset(s, 0xff, NOTICE);
  return tell(fd, s);
}
