/* dotlock - made by O_EXCL, which every file system has had for long; a link to a file of another name would
   leave that one behind after a kill. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include "local/dotlock.h"
#include "local/self.h"

/* No other program gives a lock the sticky bit, which means nothing for a file. It is there from the first instant, as a word in
   the file would not be. */
#define MARK S_ISVTX
#define LOCK_PATH (SELF_PATH_MAX + 8)

static int lock_path(char s[LOCK_PATH], char const *path)
{
  int n = snprintf(s, LOCK_PATH, "%s.lock", path);
  return n > 0 && n < (int)LOCK_PATH;
}

static enum dotlock_made make(char const *lock)
{
  int fd = open(lock, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600 | MARK);
  if (fd >= 0) {
    fd_close(fd);
    return DOTLOCK_MADE;
  }
  switch (errno) {
  case EEXIST: return DOTLOCK_HELD;
  case EACCES:
  case EPERM:
  case EROFS:
  case ENAMETOOLONG: return DOTLOCK_FORBIDDEN;
  default: return DOTLOCK_ERROR;
  }
}

/* 1: its maker is dead. A clock that jumps can only make it seem older. */
static int is_dead(char const *lock)
{
  struct stat st;
  if (lstat(lock, &st) < 0 || !S_ISREG(st.st_mode))
    return 0;
  return (st.st_mode & MARK && st.st_uid == geteuid()) || st.st_mtime + DOTLOCK_STALE < time(0);
}

enum dotlock_made dotlock_make(char const *path)
{
  char lock[LOCK_PATH];
  enum dotlock_made made;
  if (!lock_path(lock, path))
    return DOTLOCK_FORBIDDEN;
  made = make(lock);
  if (made != DOTLOCK_HELD || !is_dead(lock) || unlink(lock) < 0)
    return made;
  return make(lock);
}

void dotlock_remove(char const *path)
{
  char lock[LOCK_PATH];
  int e = errno;
  if (lock_path(lock, path))
    (void)unlink(lock);
  errno = e;
}
