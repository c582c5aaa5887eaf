/* log_read - see log_read.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <skalibs/allreadwrite.h>
#include <skalibs/direntry.h>
#include <skalibs/djbunix.h>
#include "tools/log_read.h"

#define BUFFER 65536u

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

static int read_file(reading *r, char const *service, char const *path)
{
  static char s[BUFFER];
  size_t have = 0, used;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  int ok = 1;
  if (fd < 0)
    return errno == ENOENT; /* s6-log moved it away meanwhile */
  for (ssize_t n; ok && (n = fd_read(fd, s + have, sizeof s - have)) > 0;) {
    have += (size_t)n;
    ok = give_lines(r, service, s, have, &used);
    if (ok && !used && have == sizeof s)
      used = have; /* no line is that long */
    have -= used;
    memmove(s, s + used, have);
  }
  fd_close(fd);
  return ok;
}

static int read_folder(reading *r, char const *service)
{
  char path[600];
  snprintf(path, sizeof path, "log/%.200s", service);
  DIR *dir = opendir(path);
  if (!dir)
    return errno == ENOTDIR; /* a file that somebody put beside the folders */
  int ok = 1;
  for (direntry *d; ok && (d = readdir(dir));) {
    if (*d->d_name != '@' && strcmp(d->d_name, "current"))
      continue;
    snprintf(path, sizeof path, "log/%.200s/%.255s", service, d->d_name);
    ok = read_file(r, service, path);
  }
  dir_close(dir);
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
  dir_close(dir);
  return ok;
}
