/* mbox - locks: fcntl first, then the dotlock, as Debian's policy has it; if the second fails the first is
   given up before waiting, so that two programs never wait for each other. Where we may make no dotlock (a
   mailbox in a folder of someone else's) the fcntl lock has to do, as it does for Postfix: to refuse mail for
   good because of a folder's mode helps nobody. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include <skalibs/tai.h>
#include "lib/log.h"
#include "local/dotlock.h"
#include "local/failure.h"
#include "local/mbox.h"

enum got { GOT, BUSY, FAILED };

static int refuse(result *r, char const *path, char const *why)
{
  result_set(r, RESULT_TEMPORARY, STATUS_MISCONFIGURED, "%s %s", path, why);
  return 0;
}

static int is_fit(struct stat const *st, char const *path, enum mbox_kind kind, result *r)
{
  if (!S_ISREG(st->st_mode))
    return refuse(r, path, "is not a regular file");
  if (kind == MBOX_FILE)
    return 1;
  if (st->st_uid != geteuid())
    return refuse(r, path, "belongs to someone else");
  if (st->st_nlink != 1)
    return refuse(r, path, "has more than one link, or none");
  return 1;
}

/* O_NONBLOCK: a FIFO or a device must not hold us. */
static int open_file(mbox *b, enum mbox_kind kind)
{
  int flags = O_APPEND | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (kind == MBOX_SPOOL ? O_NOFOLLOW : 0);
  b->created = 0;
  b->fd = open(b->path, O_RDWR | flags);
  if (b->fd < 0 && errno == EACCES && kind == MBOX_FILE)
    b->fd = open(b->path, O_WRONLY | flags);
  if (b->fd < 0 && errno == ENOENT) {
    b->fd = open(b->path, O_RDWR | O_CREAT | O_EXCL | flags, 0600);
    b->created = b->fd >= 0;
  }
  return b->fd >= 0;
}

/* Is the open file still what the path names? A mail reader may have put another in its place while we
 * waited. */
static enum got look(mbox *b, enum mbox_kind kind, result *r)
{
  struct stat st, named;
  if (fstat(b->fd, &st) < 0 || (kind == MBOX_SPOOL ? lstat(b->path, &named) : stat(b->path, &named)) < 0) {
    if (errno == ENOENT)
      return BUSY;
    failure_set(r, errno, "look at", b->path);
    return FAILED;
  }
  if (st.st_dev != named.st_dev || st.st_ino != named.st_ino)
    return BUSY;
  b->before = b->end = st.st_size;
  return is_fit(&st, b->path, kind, r) ? GOT : FAILED;
}

static enum got lock_file(mbox *b, result *r)
{
  struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
  if (!fcntl(b->fd, F_SETLK, &l))
    return GOT;
  if (errno == EAGAIN || errno == EACCES || errno == EINTR)
    return BUSY;
  failure_set(r, errno, "lock", b->path);
  return FAILED;
}

static enum got lock_dot(mbox *b, result *r)
{
  static int told;
  switch (dotlock_make(b->path)) {
  case DOTLOCK_MADE: b->dotlocked = 1; return GOT;
  case DOTLOCK_HELD: return BUSY;
  case DOTLOCK_FORBIDDEN:
    if (!told++)
      log_warn("make a dotlock (the fcntl lock has to do) for", b->path);
    return GOT;
  default: failure_set(r, errno, "make a dotlock for", b->path); return FAILED;
  }
}

static void give_up(mbox *b)
{
  if (b->dotlocked)
    dotlock_remove(b->path);
  b->dotlocked = 0;
  fd_close(b->fd);
  b->fd = -1;
}

static enum got try(mbox *b, enum mbox_kind kind, result *r)
{
  enum got got;
  struct stat st;
  if (!open_file(b, kind)) {
    if (errno == EEXIST) /* made meanwhile, or a dangling link: the next try tells */
      return BUSY;
    failure_set(r, errno, "open", b->path);
    return FAILED;
  }
  if (fstat(b->fd, &st) < 0 || !is_fit(&st, b->path, kind, r))
    got = FAILED;
  else if ((got = lock_file(b, r)) == GOT && (got = look(b, kind, r)) == GOT)
    got = lock_dot(b, r);
  if (got != GOT)
    give_up(b);
  return got;
}

static void rest(void)
{
  struct timespec t = {.tv_nsec = 100000000};
  (void)nanosleep(&t, 0);
}

int mbox_open(mbox *b, char const *path, enum mbox_kind kind, unsigned int wait, result *r)
{
  tain deadline;
  b->fd = -1;
  b->dotlocked = 0;
  if (strlen(path) >= sizeof b->path) {
    failure_set(r, ENAMETOOLONG, "open", path);
    return 0;
  }
  memcpy(b->path, path, strlen(path) + 1);
  tain_now_g();
  tain_addsec_g(&deadline, (int)wait);
  for (;;) {
    switch (try(b, kind, r)) {
    case GOT: return 1;
    case FAILED: return 0;
    case BUSY: break;
    }
    tain_now_g();
    if (!tain_future(&deadline) || self_is_leaving())
      break;
    rest();
  }
  result_set(r, RESULT_TEMPORARY, STATUS_MAILBOX, "%s is locked by another program", path);
  return 0;
}

/* ---- writing */

#define SPANS 64u

typedef struct out_s out;
struct out_s {
  int fd;
  unsigned int n;
  struct iovec v[SPANS];
  uint64_t written;
  int at_start;         /* of a line */
  unsigned int matched; /* octets of "From " seen at the start of a line and held back */
};

static int flush(out *o)
{
  uint64_t len = 0;
  for (unsigned int i = 0; i < o->n; i++)
    len += o->v[i].iov_len;
  if (!copy_writev(o->fd, o->v, o->n))
    return 0;
  o->written += len;
  o->n = 0;
  return 1;
}

static int put(out *o, char const *s, size_t len)
{
  if (!len)
    return 1;
  if (o->n && (char *)o->v[o->n - 1].iov_base + o->v[o->n - 1].iov_len == s) {
    o->v[o->n - 1].iov_len += len;
    return 1;
  }
  if (o->n == SPANS && !flush(o))
    return 0;
  o->v[o->n++] = (struct iovec){.iov_base = (char *)s, .iov_len = len};
  return 1;
}

static char const quoted[] = ">From ";
#define FROM (quoted + 1)
#define FROM_LEN 5u

/* A line that begins with "From " gets a ">": its first octets are held back until that is decided, since a
   span may end in the middle of them. */
static int put_quoted(out *o, char const *s, size_t len)
{
  while (len) {
    char const *nl;
    size_t n;
    if (o->at_start && *s == FROM[o->matched]) {
      s++, len--;
      if (++o->matched < FROM_LEN)
        continue;
      o->at_start = 0;
      o->matched = 0;
      if (!put(o, quoted, FROM_LEN + 1))
        return 0;
      continue;
    }
    if (!put(o, FROM, o->matched))
      return 0;
    o->matched = 0;
    nl = memchr(s, '\n', len);
    n = nl ? (size_t)(nl - s) + 1 : len;
    o->at_start = !!nl;
    if (!put(o, s, n))
      return 0;
    s += n;
    len -= n;
  }
  return 1;
}

static int put_body(out *o, copy *m)
{
  uint64_t at = 0;
  char const *s;
  ssize_t r;
  while ((r = copy_next(m, &at, &s)) > 0) {
    if (!put_quoted(o, s, (size_t)r) || (at < m->length && !flush(o)))
      return 0;
  }
  if (r < 0)
    return 0;
  if (o->matched || !o->at_start) /* the message does not end with its last line's end */
    return put(o, FROM, o->matched) && put(o, "\n\n", 2) && flush(o);
  return put(o, "\n", 1) && flush(o);
}

/* What a writer that was killed left, or a program that ends no line, must not swallow our From_ line. */
static char const *missing_end(mbox const *b)
{
  char s[2] = "\n\n";
  if (!b->end || pread(b->fd, s, 2, b->end - 2 < 0 ? 0 : b->end - 2) < 1)
    return "";
  return b->end == 1 ? (*s == '\n' ? "" : "\n\n") : s[1] != '\n' ? "\n\n" : s[0] != '\n' ? "\n" : "";
}

int mbox_append(mbox *b, copy *m, result *r)
{
  char from[HEADERS_FROM_];
  char top[HEADERS_TOP];
  out o = {.fd = b->fd, .at_start = 1};
  char const *end = missing_end(b);
  if (put(&o, end, strlen(end)) && put(&o, from, headers_from_(from, m->sender)) &&
      put(&o, top, copy_top(m, top)) && put_body(&o, m)) {
    b->end += (off_t)o.written;
    return 1;
  }
  failure_set(r, errno, "write to", b->path);
  if (ftruncate(b->fd, b->end) < 0)
    log_warn("cut half a message off", b->path);
  return 0;
}

/* A new file's name: by fsync of the file alone on most file systems, by POSIX only with that of its folder.
 */
static void sync_name(char const *path)
{
  char folder[SELF_PATH_MAX];
  char const *slash = strrchr(path, '/');
  size_t len = slash ? (size_t)(slash - path) : 0;
  int fd;
  memcpy(folder, path, len);
  folder[len] = 0;
  fd = open(len ? folder : slash ? "/" : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return;
  (void)fsync(fd);
  fd_close(fd);
}

int mbox_close(mbox *b, result *r)
{
  int ok = b->end == b->before || !fsync(b->fd);
  if (!ok) {
    failure_set(r, errno, "sync", b->path);
    if (ftruncate(b->fd, b->before) < 0)
      log_warn("cut messages off", b->path);
  } else if (b->created)
    sync_name(b->path);
  give_up(b);
  return ok;
}
