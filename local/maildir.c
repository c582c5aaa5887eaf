/* maildir - the ordered steps and what a crash leaves at each:

     open tmp/NAME.PID, write     rubbish in tmp/, which mail readers remove after 36 hours
     fsync                        the same
     rename to new/NAME           the message, or after a power cut the same as before
     fsync new/                   the message

   The third state is why new/ is synced on every file system: the runner's mark, or its unlink in the queue,
   may reach the disk before the rename does, even where both lie in one journal (a mark is data, a rename is
   not). */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include "lib/checksum.h"
#include "local/failure.h"
#include "local/maildir.h"

#define HOST_MAX 170u

void maildir_close(maildir *d)
{
  if (d->tmp >= 0)
    fd_close(d->tmp);
  if (d->new >= 0)
    fd_close(d->new);
  d->tmp = d->new = -1;
}

static int is_open(maildir const *d, int top)
{
  struct stat tmp, new;
  return d->new >= 0 && !fstatat(top, "new", &new, 0) && !fstatat(top, "tmp", &tmp, 0) &&
         new.st_dev == d->dev &&new.st_ino == d->new_ino &&tmp.st_ino == d->tmp_ino;
}

static int open_part(int top, char const *name, int flags, dev_t *dev, ino_t *ino)
{
  struct stat st;
  int fd = openat(top, name, flags | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT && (!mkdirat(top, name, 0700) || errno == EEXIST))
    fd = openat(top, name, flags | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0 && fstat(fd, &st) < 0) {
    fd_close(fd);
    return -1;
  }
  if (fd >= 0) {
    *dev = st.st_dev;
    *ino = st.st_ino;
  }
  return fd;
}

/* The folder itself; *made: it is new, so the folder above has to be synced. */
static int open_top(int at, char const *path, int *made)
{
  int fd = openat(at, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0 || errno != ENOENT)
    return fd;
  if (mkdirat(at, path, 0700) < 0 && errno != EEXIST)
    return -1;
  *made = 1;
  return openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int open_parts(maildir *d, int top)
{
  dev_t dev;
  maildir_close(d);
  if (faccessat(top, "cur", F_OK, 0) < 0 && mkdirat(top, "cur", 0700) < 0 && errno != EEXIST)
    return 0;
  d->tmp = open_part(top, "tmp", O_PATH, &dev, &d->tmp_ino);
  if (d->tmp >= 0)
    d->new = open_part(top, "new", O_RDONLY, &d->dev, &d->new_ino);
  return d->new >= 0;
}

/* A new Maildir: its own folders, and its name in the folder above. */
static void sync_made(int at, char const *path, int top)
{
  char above[SELF_PATH_MAX] = ".";
  size_t len = strlen(path);
  int fd;
  (void)fsync(top);
  while (len && path[len - 1] == '/')
    len--;
  while (len && path[len - 1] != '/')
    len--;
  if (len && len < sizeof above) {
    memcpy(above, path, len);
    above[len] = 0;
  }
  fd = openat(at, above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return;
  (void)fsync(fd);
  fd_close(fd);
}

int maildir_open(maildir *d, int at, char const *path, result *r)
{
  size_t len = strlen(path);
  int made = 0;
  int top = -1;
  int ok = 0;
  if (len >= sizeof d->path)
    errno = ENAMETOOLONG;
  else
    top = open_top(at, path, &made);
  if (top >= 0) {
    ok = (!strcmp(d->path, path) && is_open(d, top)) || open_parts(d, top);
    if (ok) {
      memcpy(d->path, path, len + 1);
      d->pid = getpid();
    }
    if (ok && made)
      sync_made(at, path, top);
    int e = errno;
    fd_close(top);
    errno = e;
  }
  if (!ok)
    failure_set(r, errno, "open", path);
  return ok;
}

/* "SECONDS.QID-CHECKSUM.HOST,S=OCTETS"; the characters that mean something in a Maildir are written as numbers. The size, by
   which Dovecot and Courier count quotas without asking for it, is a function of the same things. */
static void make_name(char name[MAILDIR_NAME], copy const *m, char const *me)
{
  char host[HOST_MAX + 5];
  size_t n = 0;
  id i = ID_ZERO;
  for (; *me && n < HOST_MAX; me++) {
    int is_odd = *me == '/' || *me == ':' || *me == ',' || (unsigned char)*me <= ' ';
    n += (size_t)snprintf(host + n, 5, is_odd ? "\\%03o" : "%c", (unsigned char)*me);
  }
  host[n] = 0;
  (void)id_scan(&i, m->j->id, strlen(m->j->id));
  (void)snprintf(name, MAILDIR_NAME, "%llu.Q%.20s-%08x.%s,S=%llu", (unsigned long long)id_seconds(&i),
                 m->j->id, checksum(0, m->recipient, strlen(m->recipient)), host,
                 (unsigned long long)copy_size(m));
}

/* Our pid keeps a process that is being killed, and still writes, apart from the one that does its work
 * again. */
static void tmp_name(char s[MAILDIR_NAME + 12], maildir const *d, char const *name)
{
  (void)snprintf(s, MAILDIR_NAME + 12, "%s.%d", name, (int)d->pid);
}

static int create(maildir *d, char const *name)
{
  int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  int fd = openat(d->tmp, name, flags, 0600);
  if (fd >= 0 || errno != EEXIST || unlinkat(d->tmp, name, 0) < 0)
    return fd;
  return openat(d->tmp, name, flags, 0600);
}

static void drop(maildir *d, maildir_file *f, char const *verb)
{
  char name[MAILDIR_NAME + 12];
  failure_set(f->r, errno, verb, d->path);
  tmp_name(name, d, f->name);
  (void)unlinkat(d->tmp, name, 0);
  fd_close(f->fd);
  f->fd = -1;
}

int maildir_write(maildir *d, copy *m, char const *me, maildir_file *f, result *r)
{
  char name[MAILDIR_NAME + 12];
  make_name(f->name, m, me);
  tmp_name(name, d, f->name);
  f->r = r;
  f->fd = create(d, name);
  if (f->fd < 0) {
    failure_set(r, errno, "make a file in", d->path);
    return 0;
  }
  if (!copy_write(m, f->fd)) {
    drop(d, f, "write to");
    return 0;
  }
  return 1;
}

/* All at once: then the first sync carries what the others wait for. */
static void start_writeback(maildir_file const *f, size_t n)
{
  if (n > 1)
    for (size_t i = 0; i < n; i++)
      if (f[i].fd >= 0)
        (void)sync_file_range(f[i].fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

static int rename_to_new(maildir *d, maildir_file const *f)
{
  char name[MAILDIR_NAME + 12];
  tmp_name(name, d, f->name);
  return !renameat(d->tmp, name, d->new, f->name);
}

/* Does a rename reach the disk only if the folder is synced? So it is everywhere, see above; a file system
   that can't sync a folder (EINVAL) has no such notion. */
static int sync_names(maildir const *d)
{
  return !fsync(d->new) || errno == EINVAL;
}

void maildir_settle(maildir *d, maildir_file *f, size_t n)
{
  size_t renamed = 0;
  int synced, e;
  start_writeback(f, n);
  for (size_t i = 0; i < n; i++)
    if (f[i].fd >= 0 && fsync(f[i].fd) < 0)
      drop(d, f + i, "sync a file in");
  if (self_is_alone()) {
    errno = ECONNRESET; /* somebody else does this again: let it go */
    for (size_t i = 0; i < n; i++)
      if (f[i].fd >= 0)
        drop(d, f + i, "answer for");
    return;
  }
  for (size_t i = 0; i < n; i++)
    if (f[i].fd >= 0) {
      if (rename_to_new(d, f + i))
        renamed++;
      else
        drop(d, f + i, "rename a file to new in");
    }
  synced = !renamed || sync_names(d);
  e = errno;
  for (size_t i = 0; i < n; i++) {
    if (f[i].fd < 0)
      continue;
    if (synced)
      result_set(f[i].r, RESULT_OK, STATUS_NONE, "delivered to %s", d->path);
    else
      failure_set(f[i].r, e, "sync", d->path);
    fd_close(f[i].fd);
    f[i].fd = -1;
  }
}
