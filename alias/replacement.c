/* replacement - the steps that put a new aliases.cdb in place; every sync of the file is here. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include <skalibs/iopause.h>
#include <skalibs/tai.h>
#include "alias/database.h"
#include "alias/replacement.h"

#define PAUSE_MS 20

/* Locks fd and makes sure that the name still belongs to it: somebody may have taken it for a dead one's. */
static int lock(int fd)
{
  struct stat mine, named;
  if (flock(fd, LOCK_EX | LOCK_NB) == -1 || fstat(fd, &mine) == -1)
    return 0;
  if (stat(REPLACEMENT_FILE, &named) == 0 && named.st_ino == mine.st_ino && named.st_dev == mine.st_dev)
    return 1;
  errno = EWOULDBLOCK;
  return 0;
}

/* A file that nobody locks was left by one that died. */
static void clear(void)
{
  int fd = open(REPLACEMENT_FILE, O_RDWR | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
  if (fd == -1)
    return;
  if (lock(fd))
    unlink(REPLACEMENT_FILE);
  fd_close(fd);
}

int replacement_begin(tain const *deadline)
{
  for (;;) {
    int fd = open(REPLACEMENT_FILE, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    tain pause;
    if (fd >= 0 && lock(fd))
      return fd;
    if (fd >= 0)
      fd_close(fd);
    else if (errno != EEXIST)
      return -1;
    else
      clear();
    tain_now_g();
    if (!tain_future(deadline)) {
      errno = EWOULDBLOCK;
      return -1;
    }
    tain_from_millisecs(&pause, PAUSE_MS);
    tain_add_g(&pause, &pause);
    deepsleepuntil_g(&pause);
  }
}

void replacement_abort(int fd)
{
  int e = errno;
  unlink(REPLACEMENT_FILE);
  fd_close(fd);
  errno = e;
}

static int sync_folder(void)
{
  int fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int ok = fd >= 0 && fsync(fd) == 0;
  if (fd >= 0)
    fd_close(fd);
  return ok;
}

int replacement_commit(int fd, uid_t uid, gid_t gid, mode_t mode)
{
  if (fchown(fd, uid, gid) == -1 || fchmod(fd, mode) == -1 || fsync(fd) == -1 ||
      rename(REPLACEMENT_FILE, DATABASE_FILE) == -1) {
    replacement_abort(fd);
    return 0;
  }
  fd_close(fd);
  return sync_folder();
}
