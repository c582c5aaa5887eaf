/* lock - the two calls behind lock.h, and their substitute. */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>
#include "queue/lock.h"

#ifdef F_OFD_SETLK

enum lock lock_take(int fd)
{
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  int r;
  do
    r = fcntl(fd, F_OFD_SETLK, &whole);
  while (r < 0 && errno == EINTR);
  if (r >= 0)
    return LOCK_TAKEN;
  return errno == EAGAIN || errno == EACCES ? LOCK_BUSY : LOCK_ERROR;
}

int lock_ask(int fd, int *held)
{
  struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  if (fcntl(fd, F_OFD_GETLK, &whole) < 0)
    return 0;
  *held = whole.l_type != F_UNLCK;
  return 1;
}

#else

enum lock lock_take(int fd)
{
  if (flock(fd, LOCK_EX | LOCK_NB) >= 0)
    return LOCK_TAKEN;
  return errno == EWOULDBLOCK ? LOCK_BUSY : LOCK_ERROR;
}

int lock_ask(int fd, int *held)
{
  *held = 0;
  if (flock(fd, LOCK_SH | LOCK_NB) >= 0)
    return flock(fd, LOCK_UN) >= 0;
  *held = errno == EWOULDBLOCK;
  return *held;
}

#endif
