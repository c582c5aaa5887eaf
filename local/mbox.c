/* mbox - locks: fcntl first, then the dotlock, as Debian's policy has it; if the second fails the first is
   given up before waiting, so that two programs never wait for each other. Where we may make no dotlock (a
   mailbox in a folder of someone else's) the fcntl lock has to do, as it does for Postfix: to refuse mail for
   good because of a folder's mode helps nobody. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include <skalibs/tai.h>
#include "lib/log.h"
#include "local/dotlock.h"
#include "local/failure.h"
#include "local/mbox.h"

enum got { GOT, BUSY, FAILED };

static int refuse(result *r, char const *path, char const *why)
{
  result_set(r, RESULT_TEMPORARY, STATUS_MISCONFIGURED, "%s %s", path, why);
  return 0;
}

static int is_fit(struct stat const *st, char const *path, enum mbox_kind kind, result *r)
{
  if (!S_ISREG(st->st_mode))
    return refuse(r, path, "is not a regular file");
  if (kind == MBOX_FILE)
    return 1;
  if (st->st_uid != geteuid())
    return refuse(r, path, "belongs to someone else");
  if (st->st_nlink != 1)
    return refuse(r, path, "has more than one link, or none");
  return 1;
}

/* O_NONBLOCK: a FIFO or a device must not hold us. */
static int open_file(mbox *b, enum mbox_kind kind)
{
  int flags = O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (kind == MBOX_SPOOL ? O_NOFOLLOW : 0);
  b->created = 0;
  b->fd = open(b->path, O_RDWR | flags);
  if (b->fd < 0 && errno == EACCES && kind == MBOX_FILE)
    b->fd = open(b->path, O_WRONLY | flags);
  if (b->fd < 0 && errno == ENOENT) {
    b->fd = open(b->path, O_RDWR | O_CREAT | O_EXCL | flags, 0600);
    b->created = b->fd >= 0;
  }
  return b->fd >= 0;
}

/* Is the open file still what the path names? A mail reader may have put another in its place while we
 * waited. */
static enum got look(mbox *b, enum mbox_kind kind, result *r)
{
  struct stat st, named;
  if (fstat(b->fd, &st) < 0 || (kind == MBOX_SPOOL ? lstat(b->path, &named) : stat(b->path, &named)) < 0) {
    if (errno == ENOENT)
      return BUSY;
    failure_set(r, errno, "look at", b->path);
    return FAILED;
  }
  if (st.st_dev != named.st_dev || st.st_ino != named.st_ino)
    return BUSY;
  b->before = b->end = st.st_size;
  return is_fit(&st, b->path, kind, r) ? GOT : FAILED;
}

static enum got lock_file(mbox *b, result *r)
{
  struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  if (!fcntl(b->fd, F_SETLK, &l))
    return GOT;
  if (errno == EAGAIN || errno == EACCES || errno == EINTR)
    return BUSY;
  failure_set(r, errno, "lock", b->path);
  return FAILED;
}

static enum got lock_dot(mbox *b, result *r)
{
  static int told;
  switch (dotlock_make(b->path)) {
  case DOTLOCK_MADE: b->dotlocked = 1; return GOT;
  case DOTLOCK_HELD: return BUSY;
  case DOTLOCK_FORBIDDEN:
    if (!told++)
      log_warn("make a dotlock (the fcntl lock has to do) for", b->path);
    return GOT;
  default: failure_set(r, errno, "make a dotlock for", b->path); return FAILED;
  }
}

static void give_up(mbox *b)
{
  if (b->dotlocked)
    dotlock_remove(b->path);
  b->dotlocked = 0;
  fd_close(b->fd);
  b->fd = -1;
}

static enum got try(mbox *b, enum mbox_kind kind, result *r)
{
  enum got got;
  struct stat st;
  if (!open_file(b, kind)) {
    if (errno == EEXIST) /* made meanwhile, or a dangling link: the next try tells */
      return BUSY;
    failure_set(r, errno, "open", b->path);
    return FAILED;
  }
  if (fstat(b->fd, &st) < 0 || !is_fit(&st, b->path, kind, r))
    got = FAILED;
  else if ((got = lock_file(b, r)) == GOT && (got = look(b, kind, r)) == GOT)
    got = lock_dot(b, r);
  if (got != GOT)
    give_up(b);
  return got;
}

static void rest(void)
{
  struct timespec t = {.tv_nsec = 100000000};
  (void)nanosleep(&t, 0);
}

int mbox_open(mbox *b, char const *path, enum mbox_kind kind, unsigned int wait, result *r)
{
  tain deadline;
  b->fd = -1;
  b->dotlocked = 0;
  if (strlen(path) >= sizeof b->path) {
    failure_set(r, ENAMETOOLONG, "open", path);
    return 0;
  }
  memcpy(b->path, path, strlen(path) + 1);
  tain_now_g();
  tain_addsec_g(&deadline, (int)wait);
  for (;;) {
    switch (try(b, kind, r)) {
    case GOT: return 1;
    case FAILED: return 0;
    case BUSY: break;
    }
    tain_now_g();
    if (!tain_future(&deadline) || self_is_leaving())
      break;
    rest();
  }
  result_set(r, RESULT_TEMPORARY, STATUS_MAILBOX, "%s is locked by another program", path);
  return 0;
}

/* ---- the end */

/* A new file's name: by fsync of the file alone on most file systems, by POSIX only with that of its folder.
 */
static void sync_name(char const *path)
{
  char folder[SELF_PATH_MAX];
  char const *slash = strrchr(path, '/');
  size_t len = slash ? (size_t)(slash - path) : 0;
  int fd;
  memcpy(folder, path, len);
  folder[len] = 0;
  fd = open(len ? folder : slash ? "/" : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return;
  (void)fsync(fd);
  fd_close(fd);
}

int mbox_close(mbox *b, result *r)
{
  int ok = b->end == b->before || !fsync(b->fd);
  if (!ok) {
    failure_set(r, errno, "sync", b->path);
    if (ftruncate(b->fd, b->before) < 0)
      log_warn("cut messages off", b->path);
  } else if (b->created)
    sync_name(b->path);
  give_up(b);
  return ok;
}
