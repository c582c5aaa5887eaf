/* log_read - see log_read.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <skalibs/allreadwrite.h>
#include <skalibs/direntry.h>
#include <skalibs/djbunix.h>
#include <skalibs/genalloc.h>
#include "tools/log_read.h"

#define BUFFER 65536u
#define ROUNDS 8u /* looks at a folder, if it changes all the time */

typedef struct reading_s reading;
struct reading_s {
  int (*f)(void *data, char const *service, char const *s, size_t len);
  void *data;
};

static int give_lines(reading *r, char const *service, char *s, size_t len, size_t *used)
{
  *used = 0;
  for (;;) {
    char const *lf = memchr(s + *used, '\n', len - *used);
    if (!lf)
      return 1;
    size_t n = (size_t)(lf - s) - *used;
    if (!(*r->f)(r->data, service, s + *used, n < LOG_READ_LINE ? n : LOG_READ_LINE))
      return 0;
    *used += n + 1;
  }
}

/* ---- a folder, while s6-log may be rotating it: "current" becomes "previous" and then "@time.s", and a new "current" is
   begun. Files are known by their inodes, so that each is read once, wherever it has moved. */

typedef struct done_s done;
struct done_s {
  dev_t dev;
  ino_t ino;
};

static int is_known(genalloc const *read, struct stat const *st)
{
  for (size_t k = 0; k < genalloc_len(done, read); k++)
    if (genalloc_s(done, read)[k].ino == st->st_ino && genalloc_s(done, read)[k].dev == st->st_dev)
      return 1;
  return 0;
}

static int read_lines(reading *r, char const *service, int fd)
{
  static char s[BUFFER];
  size_t have = 0, used;
  int ok = 1;
  for (ssize_t n; ok && (n = fd_read(fd, s + have, sizeof s - have)) > 0;) {
    have += (size_t)n;
    ok = give_lines(r, service, s, have, &used);
    if (ok && !used && have == sizeof s)
      used = have; /* no line is that long */
    have -= used;
    memmove(s, s + used, have);
  }
  return ok;
}

/* 1: read, or nothing to read; 0: errno. */
static int read_file(reading *r, char const *service, char const *name, genalloc *read)
{
  char path[600];
  struct stat st;
  snprintf(path, sizeof path, "log/%.200s/%.255s", service, name);
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0)
    return errno == ENOENT; /* it moved away, or was thrown away meanwhile */
  int ok = fstat(fd, &st) >= 0;
  if (ok && S_ISREG(st.st_mode) && !is_known(read, &st)) {
    done one = {.dev = st.st_dev, .ino = st.st_ino};
    ok = genalloc_append(done, read, &one) && read_lines(r, service, fd);
  }
  int e = errno;
  fd_close(fd);
  return ok || (errno = e, 0);
}

/* The old files, then those that are still moving: the newest last. */
static int read_once(reading *r, char const *service, genalloc *read)
{
  char path[300];
  snprintf(path, sizeof path, "log/%.200s", service);
  DIR *dir = opendir(path);
  if (!dir)
    return errno == ENOTDIR; /* a file that somebody put beside the folders */
  int ok = 1;
  for (direntry *d; ok && (d = readdir(dir));)
    if (*d->d_name == '@')
      ok = read_file(r, service, d->d_name, read);
  dir_close(dir);
  return ok && read_file(r, service, "previous", read) && read_file(r, service, "current", read);
}

static int read_folder(reading *r, char const *service)
{
  genalloc read = GENALLOC_ZERO;
  size_t before;
  unsigned int rounds = ROUNDS;
  int ok;
  do {
    before = genalloc_len(done, &read);
    ok = read_once(r, service, &read);
  } while (ok && --rounds && genalloc_len(done, &read) > before);
  genalloc_free(done, &read);
  return ok;
}

int log_read(int (*f)(void *data, char const *service, char const *s, size_t len), void *data)
{
  reading r = {.f = f, .data = data};
  DIR *dir = opendir("log");
  int ok = 1;
  if (!dir)
    return 0;
  for (direntry *d; ok && (d = readdir(dir));)
    if (*d->d_name != '.')
      ok = read_folder(&r, d->d_name);
  int e = errno;
  dir_close(dir);
  return ok || (errno = e, 0);
}
