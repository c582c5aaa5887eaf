/* setup_folders - HOME and what is in it: the map of who owns which folder, as code. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>
#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include "queue/spread.h"
#include "queue/store.h"
#include "tools/setup.h"

#define LOCK_TRIES 300u    /* for another one to end ... */
#define LOCK_PAUSE 100000u /* ... with so many microseconds between them */

void setup_home(char const *home)
{
  struct stat st;
  if (mkdir(home, 0755) == -1 && errno != EEXIST)
    setup_fail(EX_CANTCREAT, "make", home);
  if (chdir(home) == -1 || stat(".", &st) == -1)
    setup_fail(EX_CANTCREAT, "enter", home);
  if (st.st_uid != geteuid())
    setup_refuse(EX_NOPERM, "this instance is somebody else's: only its owner may set it up");
  if (st.st_mode & 022)
    setup_refuse(EX_NOPERM, "HOME may be written by others; type: chmod go-w on it");
  if ((st.st_mode & 0755) != 0755 && chmod(".", 0755) == -1)
    setup_fail(EX_CANTCREAT, "set the mode of", home);
}

/* By descriptor: who writes in the queue must not be able to put a link where root changes an owner. */
static int folder(char const *path, uid_t uid, gid_t gid, mode_t mode)
{
  struct stat st;
  int fd;
  if (mkdir(path, 0700) == -1 && errno != EEXIST)
    setup_fail(EX_CANTCREAT, "make", path);
  fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd == -1 || fstat(fd, &st) == -1)
    setup_fail(EX_CANTCREAT, "use as a folder", path);
  if ((st.st_uid != uid || st.st_gid != gid) && fchown(fd, uid, gid) == -1)
    setup_fail(EX_CANTCREAT, "give away", path);
  if ((st.st_mode & 07777) != mode && fchmod(fd, mode) == -1)
    setup_fail(EX_CANTCREAT, "set the mode of", path);
  return fd;
}

void setup_folder(char const *path, uid_t uid, gid_t gid, mode_t mode)
{
  close(folder(path, uid, gid, mode));
}

static int same(char const *path, char const *s, size_t len, mode_t mode)
{
  stralloc old = STRALLOC_ZERO;
  struct stat st;
  int is = lstat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 07777) == mode &&
           st.st_uid == geteuid() && openslurpclose(&old, path) && old.len == len && !memcmp(old.s, s, len);
  stralloc_free(&old);
  return is;
}

void setup_file(char const *path, char const *s, size_t len, mode_t mode)
{
  char beside[512];
  int fd;
  if (same(path, s, len, mode))
    return;
  if ((size_t)snprintf(beside, sizeof beside, "%s.new", path) >= sizeof beside)
    setup_refuse(EX_SOFTWARE, "a path is too long");
  unlink(beside);
  fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd == -1 || allwrite(fd, s, len) < len || fchmod(fd, mode) == -1 || fsync(fd) == -1 ||
      close(fd) == -1 || rename(beside, path) == -1)
    setup_fail(EX_CANTCREAT, "write", path);
}

static void queue_folders(identities const *ids)
{
  char path[] = "queue/?";
  int fd = folder("queue", ids->uid[TERNQ], ids->gid[TERNQ], 0770);
  spread_folders(fd); /* before there are any */
  close(fd);
  for (char const *c = STORE_FOLDERS; *c; c++) {
    path[sizeof path - 2] = *c;
    setup_folder(path, ids->uid[TERNQ], ids->gid[TERNQ], 0770);
  }
  setup_folder("queue/bad", ids->uid[TERNQ], ids->gid[TERNQ], 0770);
}

/* One at a time. The lock is on a folder that no other user can open, so nobody can keep it. */
static void lock(void)
{
  int fd = open("run/holder", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd == -1)
    setup_fail(EX_CANTCREAT, "open", "run/holder");
  for (unsigned int i = 0; flock(fd, LOCK_EX | LOCK_NB) == -1; i++) {
    if (errno != EWOULDBLOCK || i == LOCK_TRIES)
      setup_fail(EX_TEMPFAIL, "wait for another tern-setup, which has locked", "run/holder");
    usleep(LOCK_PAUSE);
  }
}

void setup_folders(setup const *s)
{
  identities const *ids = &s->ids;
  uid_t uid = ids->owner;
  gid_t gid = ids->root ? 0 : ids->owner_gid;
  setup_folder("run", uid, gid, 0755);
  setup_folder("run/holder", uid, gid, 0700);
  lock();
  setup_folder("control", uid, gid, 0755);
  setup_folder("service", uid, gid, 0755);
  setup_folder("log", uid, gid, 0755);
  queue_folders(ids);
}
