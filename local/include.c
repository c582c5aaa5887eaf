/* include - one open, one fstat, one read. Symbolic links are followed: in a folder where only the user may
   write he alone can have made them, and what they lead to is judged. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include "local/failure.h"
#include "local/include.h"

static char const *judge(struct stat const *st, uid_t owner)
{
  if (st->st_uid && st->st_uid != owner)
    return "it belongs to someone else";
  return st->st_mode & 022 ? "others may write it" : 0;
}

static int slurp_all(int fd, size_t max, stralloc *text)
{
  text->len = 0;
  for (;;) {
    ssize_t r;
    if (!stralloc_readyplus(text, 4096))
      return (errno = ENOMEM, 0);
    r = read(fd, text->s + text->len, 4096);
    if (r < 0 && errno == EINTR)
      continue;
    if (r <= 0)
      return !r;
    text->len += (size_t)r;
    if (text->len > max)
      return (errno = EFBIG, 0);
  }
}

static enum include_read no_open(int at, char const *path, uid_t owner, char const **why, result *r)
{
  struct stat st;
  int e = errno;
  if (e == ENOENT || e == ENOTDIR)
    return INCLUDE_ABSENT;
  /* unreadable because it is someone else's: that is known, and no reason to wait */
  if (e == EACCES && !fstatat(at, path, &st, 0) && (*why = judge(&st, owner)))
    return INCLUDE_UNSAFE;
  failure_set(r, e, "open", path);
  return INCLUDE_ERROR;
}

enum include_read include_read(int at, char const *path, size_t max, uid_t owner, stralloc *text,
                               char const **why, result *r)
{
  struct stat st;
  int ok;
  int fd = openat(at, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  text->len = 0;
  *why = 0;
  if (fd < 0)
    return no_open(at, path, owner, why, r);
  ok = !fstat(fd, &st);
  if (ok && !S_ISREG(st.st_mode)) {
    fd_close(fd);
    result_set(r, RESULT_TEMPORARY, STATUS_MISCONFIGURED, "%s is not a regular file", path);
    return INCLUDE_ERROR;
  }
  ok = ok && slurp_all(fd, max, text);
  int e = errno;
  fd_close(fd);
  if (!ok) {
    failure_set(r, e, "read", path);
    return INCLUDE_ERROR;
  }
  *why = judge(&st, owner);
  return *why ? INCLUDE_UNSAFE : INCLUDE_READ;
}

static int refuse(result *r, char const *path, char const *why)
{
  result_set(r, RESULT_TEMPORARY, STATUS_MISCONFIGURED, ":include:%s: %s", path, why);
  return 0;
}

static int parse(forward_reader *f, char const *path, stralloc *text, enum include_read got, result *r)
{
  int before = f->addresses_only;
  int ok;
  f->depth++;
  f->addresses_only = before || got == INCLUDE_UNSAFE;
  ok = forward_parse(f, path, text->s, text->len, r);
  f->addresses_only = before;
  f->depth--;
  return ok;
}

/* A circle has no end that waiting could bring: the sender is told at once. */
static int enter(forward_reader *f, char const *path, result *r)
{
  struct stat st;
  if (stat(path, &st) < 0) {
    failure_set(r, errno, "look at", path);
    return 0;
  }
  for (unsigned int i = 0; i < f->depth; i++)
    if (f->chain[i].dev == st.st_dev && f->chain[i].ino == st.st_ino) {
      result_set(r, RESULT_PERMANENT, STATUS_LOOP, ":include:%s: the file includes itself", path);
      return 0;
    }
  f->chain[f->depth].dev = st.st_dev;
  f->chain[f->depth].ino = st.st_ino;
  return 1;
}

int include_file(forward_reader *f, char const *path, result *r)
{
  stralloc text = STRALLOC_ZERO;
  char const *why;
  enum include_read got;
  int ok = 0;
  if (*path != '/')
    return refuse(r, path, "write the whole path, from / on");
  if (f->depth >= FORWARD_DEPTH || f->includes >= FORWARD_INCLUDES)
    return refuse(r, path, "too many files include one another");
  f->includes++;
  got = include_read(AT_FDCWD, path, FORWARD_INCLUDE_MAX, f->me->u.uid, &text, &why, r);
  if (got == INCLUDE_ABSENT)
    (void)refuse(r, path, "there is no such file");
  else if (got == INCLUDE_UNSAFE && !text.len && why && access(path, R_OK) < 0)
    (void)refuse(r, path, why);
  else if (got != INCLUDE_ERROR)
    ok = enter(f, path, r) && parse(f, path, &text, got, r);
  stralloc_free(&text);
  return ok;
}
