/* recording - the wrapped calls. What they do to a file is read back from it, so that nothing is believed but the file. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "queue/file.h"
#include "t/crash/recording.h"

int recording_on;
op ops[OPS];
unsigned int n_ops;
recorded files[FILES];
unsigned int n_files;

int __real_open(char const *path, int flags, ...);
int __wrap_open(char const *path, int flags, ...);
int __real_unlink(char const *path);
int __wrap_unlink(char const *path);
int __real_rename(char const *from, char const *to);
int __wrap_rename(char const *from, char const *to);
int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __real_ftruncate(int fd, off_t len);
int __wrap_ftruncate(int fd, off_t len);
ssize_t __real_pwrite(int fd, void const *s, size_t len, off_t at);
ssize_t __wrap_pwrite(int fd, void const *s, size_t len, off_t at);
ssize_t __real_pwritev(int fd, struct iovec const *v, int n, off_t at);
ssize_t __wrap_pwritev(int fd, struct iovec const *v, int n, off_t at);

static void add(enum op_kind kind, unsigned int file)
{
  if (n_ops == OPS)
    abort();
  ops[n_ops++] = (op){.kind = kind, .file = file, .image = file < FILES ? files[file].n : 0};
}

/* The number of the file with this name; FILES: it is none. */
static unsigned int find(char const *path)
{
  char s[FILE_PATH];
  for (unsigned int k = 0; k < n_files; k++) {
    file_path(s, &files[k].i);
    if (!strcmp(s, path))
      return k;
  }
  return FILES;
}

static unsigned int find_fd(int fd)
{
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t len = readlink(link, path, sizeof path - 1);
  if (len < (ssize_t)FILE_PATH)
    return FILES;
  path[len] = 0;
  char *at = strstr(path, "/queue/");
  return at ? find(at + 1) : FILES;
}

static void changed(int fd)
{
  unsigned int k = find_fd(fd);
  struct stat st;
  if (!recording_on || k == FILES || fstat(fd, &st) < 0)
    return;
  recorded *f = files + k;
  image *i = f->images + f->n;
  if (f->n + 1 >= IMAGES || !(i->s = malloc((size_t)st.st_size + 1)))
    abort();
  i->len = (size_t)st.st_size;
  if (pread(fd, i->s, i->len, 0) != st.st_size)
    abort();
  f->n++;
  add(OP_CHANGE, k);
}

int __wrap_open(char const *path, int flags, ...)
{
  va_list list;
  va_start(list, flags);
  int fd = __real_open(path, flags, flags & O_CREAT ? va_arg(list, int) : 0);
  va_end(list);
  if (recording_on && fd >= 0 && flags & O_EXCL) {
    recorded *f = files + n_files++;
    if (n_files > FILES || !id_scan(&f->i, path + 8, ID_LEN))
      abort();
    f->folder = path[6];
    f->n = 1;
    add(OP_CREATE, n_files - 1);
  }
  return fd;
}

int __wrap_unlink(char const *path)
{
  unsigned int k = find(path);
  if (recording_on && k < FILES)
    add(OP_UNLINK, k);
  return __real_unlink(path);
}

int __wrap_rename(char const *from, char const *to)
{
  unsigned int k = find(from);
  if (recording_on && k < FILES)
    add(OP_RENAME, k);
  return __real_rename(from, to);
}

static void synced(int fd)
{
  struct stat st;
  char link[64], path[4096];
  unsigned int k = find_fd(fd);
  if (!recording_on || fstat(fd, &st) < 0)
    return;
  if (k < FILES)
    add(OP_SYNC, k);
  if (!S_ISDIR(st.st_mode))
    return;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t len = readlink(link, path, sizeof path - 1);
  for (k = 0; len > 0 && k < n_files; k++)
    if (files[k].folder == path[len - 1])
      add(OP_SYNC_FOLDER, k);
}

int __wrap_fsync(int fd)
{
  int r = __real_fsync(fd);
  synced(fd);
  return r;
}

int __wrap_fdatasync(int fd)
{
  int r = __real_fdatasync(fd);
  synced(fd);
  return r;
}

int __wrap_ftruncate(int fd, off_t len)
{
  int r = __real_ftruncate(fd, len);
  changed(fd);
  return r;
}

ssize_t __wrap_pwrite(int fd, void const *s, size_t len, off_t at)
{
  ssize_t r = __real_pwrite(fd, s, len, at);
  changed(fd);
  return r;
}

ssize_t __wrap_pwritev(int fd, struct iovec const *v, int n, off_t at)
{
  ssize_t r = __real_pwritev(fd, v, n, at);
  changed(fd);
  return r;
}

void recording_clear(void)
{
  for (unsigned int k = 0; k < n_files; k++)
    for (unsigned int j = 1; j < files[k].n; j++)
      free(files[k].images[j].s);
  memset(files, 0, sizeof files);
  n_files = n_ops = 0;
}

void recording_ack(size_t rcpts)
{
  recorded *f = files + n_files - 1;
  f->end = f->images[f->n - 1].len;
  f->rcpts = rcpts;
  add(OP_ACK, n_files - 1);
}
