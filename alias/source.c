/* source - reads the aliases file and the file of `virtual` as logical lines. It is read by newaliases as
   root, so a file that anybody could have written is refused, and nothing is taken but a plain file. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <skalibs/allreadwrite.h>
#include <skalibs/bytestr.h>
#include <skalibs/djbunix.h>
#include "alias/source.h"

#define PATH_BYTES 4096u

/* Who can write the folder can replace the file. A sticky folder keeps files with their owners. */
static int folder_is_safe(char const *path)
{
  char folder[PATH_BYTES];
  struct stat st;
  char *slash;
  if (strlen(path) >= sizeof folder)
    return 0;
  strcpy(folder, path);
  slash = strrchr(folder, '/');
  if (!slash)
    strcpy(folder, ".");
  else
    slash[slash == folder] = 0;
  return stat(folder, &st) == 0 && (!(st.st_mode & S_IWOTH) || st.st_mode & S_ISVTX);
}

static int is_safe(char const *path, struct stat const *st, char const **why)
{
  *why = 0;
  if (!S_ISREG(st->st_mode))
    *why = "is not a plain file; write the path of one into the setting";
  else if (st->st_mode & S_IWOTH)
    *why = "may be written by everybody; type: chmod o-w on it";
  else if (!folder_is_safe(path))
    *why = "lies in a folder that everybody may write; move it, or type: chmod o-w on the folder";
  else if (st->st_size > (off_t)SOURCE_FILE_MAX)
    *why = "is longer than 64 MiB; take it apart";
  return !*why;
}

enum source_opened source_open(source *s, char const *path, char const **why)
{
  struct stat st;
  enum source_opened opened = SOURCE_UNREADABLE;
  int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd == -1)
    return errno == ENOENT ? SOURCE_MISSING : SOURCE_UNREADABLE;
  if (fstat(fd, &st) == 0 && !is_safe(path, &st, why))
    opened = SOURCE_UNSAFE;
  else if (stralloc_ready(&s->text, (size_t)st.st_size + 1)) {
    errno = 0;
    s->text.len = allread(fd, s->text.s, (size_t)st.st_size);
    if (s->text.len == (size_t)st.st_size || !errno || errno == EPIPE)
      opened = SOURCE_OPEN;
  }
  fd_close(fd);
  return opened;
}

void source_free(source *s)
{
  stralloc_free(&s->text);
  stralloc_free(&s->line);
}

static int is_blank(char c)
{
  return c == ' ' || c == '\t';
}

/* The physical line at s->at, without its end; *blank: nothing in it counts. */
static char const *look(source const *s, size_t *len, size_t *used, int *blank)
{
  char const *p = s->text.s + s->at;
  size_t left = s->text.len - s->at, i = 0;
  *len = byte_chr(p, left, '\n');
  *used = *len + (*len < left);
  if (*len && p[*len - 1] == '\r')
    --*len;
  while (i < *len && is_blank(p[i]))
    i++;
  *blank = i == *len || p[i] == '#';
  return p;
}

static void pass(source *s, size_t used)
{
  s->at += used;
  s->next++;
}

/* Takes what continues the line that was begun. 0: it is too long, or no memory (errno). */
static int take_continuations(source *s)
{
  int ok = 1;
  while (s->at < s->text.len) {
    size_t len, used;
    int blank;
    char const *p = look(s, &len, &used, &blank);
    if (!blank && !is_blank(*p))
      break;
    pass(s, used);
    if (blank || !ok)
      continue;
    if (s->line.len + len > SOURCE_LINE_MAX)
      errno = EMSGSIZE, ok = 0;
    else
      ok = stralloc_catb(&s->line, p, len);
  }
  return ok;
}

static enum source_got judge(source *s, int ok, int continues, char const **why)
{
  if (!ok && errno != EMSGSIZE)
    return SOURCE_NOMEM;
  *why = !ok                                 ? "is longer than 1 MiB; use :include:"
         : continues                         ? "begins with white space, but there is no line before it; "
                                               "begin it in the first column"
         : memchr(s->line.s, 0, s->line.len) ? "holds a NUL character; write plain text"
                                             : 0;
  if (*why)
    return SOURCE_BAD;
  if (!stralloc_0(&s->line))
    return SOURCE_NOMEM;
  s->line.len--;
  return SOURCE_LINE;
}

enum source_got source_next(source *s, char const **why)
{
  size_t len, used;
  int blank = 1;
  char const *p = "";
  while (blank) {
    if (s->at >= s->text.len)
      return SOURCE_END;
    p = look(s, &len, &used, &blank);
    s->first = s->next;
    pass(s, used);
  }
  s->line.len = 0;
  if (len > SOURCE_LINE_MAX) {
    errno = EMSGSIZE;
    return judge(s, 0, 0, why);
  }
  if (!stralloc_catb(&s->line, p, len))
    return SOURCE_NOMEM;
  return judge(s, take_continuations(s), is_blank(*p), why);
}
