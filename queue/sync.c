/* sync - the only place that decides whether one fsync is enough. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "queue/sync.h"

#define TYPE_EXT 0xef53ul
#define TYPE_XFS 0x58465342ul
#define TYPE_BTRFS 0x9123683eul

enum sync_folder sync_judge(unsigned long type, char const *driver)
{
  switch (type & 0xfffffffful) {
  case TYPE_XFS:
  case TYPE_BTRFS: return SYNC_FILE_CARRIES_NAME;
  case TYPE_EXT:
    return !strcmp(driver, "ext4") || !strcmp(driver, "ext3") ? SYNC_FILE_CARRIES_NAME : SYNC_FOLDER_TOO;
  default: return SYNC_FOLDER_TOO;
  }
}

/* "36 35 98:0 / /mnt rw,noatime shared:1 - ext4 /dev/sda1 rw" (proc(5)): the word after " - ", if the third
 * is dev. */
static int line_driver(char const *line, dev_t dev, char driver[32])
{
  unsigned int major_number, minor_number;
  char const *dash = strstr(line, " - ");
  return dash && sscanf(line, "%*u %*u %u:%u", &major_number, &minor_number) == 2 &&
         makedev(major_number, minor_number) == dev && sscanf(dash, " - %31s", driver) == 1;
}

static void find_driver(dev_t dev, char driver[32])
{
  char line[4096];
  FILE *f = fopen("/proc/self/mountinfo", "re");
  *driver = 0;
  if (!f)
    return;
  while (fgets(line, sizeof line, f))
    if (line_driver(line, dev, driver))
      break;
  fclose(f);
}

enum sync_folder sync_judge_path(char const *path)
{
  struct statfs fs;
  struct stat st;
  char driver[32] = "";
  if (statfs(path, &fs) < 0 || stat(path, &st) < 0)
    return SYNC_FOLDER_TOO;
  if (((unsigned long)fs.f_type & 0xfffffffful) == TYPE_EXT)
    find_driver(st.st_dev, driver);
  return sync_judge((unsigned long)fs.f_type, driver);
}

static int sync_name(char const *folder)
{
  int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return 0;
  int ok = fsync(fd) >= 0, e = errno;
  close(fd);
  return ok || (errno = e, 0);
}

enum need { NOT_JUDGED, FILE_ONLY, BOTH };
static enum need need;

void sync_prepare(void)
{
  need = sync_judge_path("queue") == SYNC_FILE_CARRIES_NAME ? FILE_ONLY : BOTH;
}

int sync_new(int fd, char const *folder)
{
  if (need == NOT_JUDGED)
    sync_prepare();
  return fsync(fd) >= 0 && (need == FILE_ONLY || sync_name(folder));
}
