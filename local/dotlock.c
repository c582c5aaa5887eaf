/* dotlock - made by O_EXCL, which every file system has had for long; a link to a file of another name would
   leave that one behind after a kill. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include "local/dotlock.h"
#include "local/self.h"

static char const word[] = "tern\n";
#define LOCK_PATH (SELF_PATH_MAX + 8)

static int lock_path(char s[LOCK_PATH], char const *path)
{
  int n = snprintf(s, LOCK_PATH, "%s.lock", path);
  return n > 0 && n < (int)LOCK_PATH;
}

static enum dotlock_made make(char const *lock)
{
  int fd = open(lock, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0)
    switch (errno) {
    case EEXIST: return DOTLOCK_HELD;
    case EACCES:
    case EPERM:
    case EROFS:
    case ENAMETOOLONG: return DOTLOCK_FORBIDDEN;
    default: return DOTLOCK_ERROR;
    }
  /* no room for the word is no reason to fail: the lock is then like anybody's */
  (void)!write(fd, word, sizeof word - 1);
  fd_close(fd);
  return DOTLOCK_MADE;
}

/* 1: its maker is dead. Age is judged by the file system's clock and ours, so a clock that jumps can make it
 * older at most. */
static int is_dead(char const *lock)
{
  char s[sizeof word];
  struct stat st;
  int dead = 0;
  int fd = open(lock, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd >= 0) {
    dead = read(fd, s, sizeof s) == sizeof word - 1 && !memcmp(s, word, sizeof word - 1);
    fd_close(fd);
  }
  return dead || (!lstat(lock, &st) && S_ISREG(st.st_mode) && st.st_mtime + DOTLOCK_STALE < time(0));
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
