/* spread - folders of their own block groups.

   A file lies in the block group of its folder. Creating one searches the group's inodes from the first; on an
   ext4 without a journal each that was deleted within the last minutes is looked at and passed over, so that
   creating gets slower the more mail goes through; and processes that create in one group wait for each other.
   In 32 groups there is a 32nd of it. */
#include "queue/spread.h"
#ifdef __linux__
#include <linux/fs.h>
#include <sys/ioctl.h>

void spread_folders(int fd)
{
  int flags;
  if (ioctl(fd, FS_IOC_GETFLAGS, &flags) < 0 || flags & FS_TOPDIR_FL)
    return;
  flags |= FS_TOPDIR_FL;
  (void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
}
#else
void spread_folders(int fd)
{
  (void)fd;
}
#endif
