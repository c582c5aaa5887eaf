/* self - the home, the mailbox, and the two descriptors that say whether anybody still wants our work. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <skalibs/djbunix.h>
#include "local/self.h"

static char const spool_default[] = "/var/mail/%u";

/* %u is the user's name; nothing else is replaced. 0: it does not fit. */
static int expand(char path[SELF_PATH_MAX], char const *form, char const *name)
{
  size_t n = 0;
  size_t len = strlen(name);
  while (*form) {
    int is_name = form[0] == '%' && form[1] == 'u';
    size_t add = is_name ? len : 1;
    if (n + add >= SELF_PATH_MAX)
      return 0;
    memcpy(path + n, is_name ? name : form, add);
    n += add;
    form += is_name ? 2 : 1;
  }
  path[n] = 0;
  return 1;
}

enum self_place self_place_of(self const *me, char path[SELF_PATH_MAX])
{
  char const *form = control_line(me->c, CONTROL_MAILBOX);
  int is_spool = me->kind == PROCESS_MAILBOX || me->is_root || *form == '/';
  if (is_spool && *form != '/')
    form = spool_default;
  if (!*form || !expand(path, form, me->u.name))
    return SELF_NOWHERE;
  return is_spool ? SELF_SPOOL : SELF_MAILDIR;
}

enum self_home self_enter(self *me)
{
  struct stat st;
  me->unsafe = 0;
  me->no_forward = me->no_qmail = me->is_edited = 0;
  me->home = open(me->u.home, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (me->home < 0) {
    me->home_error = errno;
    return errno == ENOENT || errno == ENOTDIR ? SELF_HOMELESS : SELF_HOME_ERROR;
  }
  if (fstat(me->home, &st) < 0) {
    me->home_error = errno;
    self_leave(me);
    return SELF_HOME_ERROR;
  }
  me->is_edited = !!(st.st_mode & S_ISVTX);
  if (st.st_uid && st.st_uid != me->u.uid)
    me->unsafe = "the home belongs to someone else";
  else if (st.st_mode & 022)
    me->unsafe = "others may write in the home";
  return SELF_HOME;
}

void self_leave(self *me)
{
  int e = errno;
  if (me->home >= 0)
    fd_close(me->home);
  me->home = -1;
  errno = e;
}

static int has_hung_up(int fd)
{
  struct pollfd x = {.fd = fd};
  return poll(&x, 1, 0) > 0 && x.revents & (POLLHUP | POLLERR);
}

int self_is_alone(void)
{
  return has_hung_up(SELF_CHANNEL);
}

int self_is_leaving(void)
{
  return has_hung_up(SELF_GONE);
}
