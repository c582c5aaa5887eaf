/* holder - speaks for s6-fdholder: what getdump left in the environment, and its clients s6-fdholder-store
   and s6-fdholder-delete for sockets that are new or no longer wanted: in an ordinary restart none is run. */
#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include <skalibs/types.h>
#include "lib/holder.h"
#include "lib/log.h"

#define HOLDER "run/holder/s"
#define INHERITED_MAX 256u /* sockets that the holder may hand over */

static struct {
  char const *id;
  int fd; /* -1: taken */
} inherited[INHERITED_MAX];
static unsigned int inherited_n;
static int have_holder;

/* The variable NAME and a number, which is forgotten by the environment. */
static char const *take_env(char const *name, unsigned int i)
{
  char s[32];
  size_t len = strlen(name);
  char const *value;
  memcpy(s, name, len);
  len += uint_fmt(s + len, i);
  s[len] = 0;
  value = getenv(s);
  (void)unsetenv(s);
  return value;
}

void holder_inherit(void)
{
  char const *count = getenv("S6_FD#");
  unsigned int n = 0;
  unsigned int i = 0;
  have_holder = count && uint0_scan(count, &n);
  for (; i < n; i++) {
    char const *fdtext = take_env("S6_FD_", i);
    char const *id = take_env("S6_FDID_", i);
    unsigned int fd;
    (void)take_env("S6_FDLIMIT_", i);
    if (!fdtext || !id || !uint0_scan(fdtext, &fd) || coe((int)fd) < 0)
      continue;
    if (inherited_n == INHERITED_MAX) {
      fd_close((int)fd);
      continue;
    }
    inherited[inherited_n].id = id;
    inherited[inherited_n++].fd = (int)fd;
  }
  (void)unsetenv("S6_FD#");
}

/* Runs one of the holder's clients, with fd as its standard input if that is not -1. 1: it exited 0. */
static int tell_holder(char const *program, char const *id, int fd)
{
  char const *const argv[] = {program, "-t", "5000", HOLDER, id, 0};
  posix_spawn_file_actions_t actions;
  pid_t pid;
  int wstat;
  int e;
  if (!have_holder)
    return 1;
  e = posix_spawn_file_actions_init(&actions);
  if (e)
    return (errno = e, 0);
  if (fd >= 0)
    e = posix_spawn_file_actions_adddup2(&actions, fd, 0);
  if (!e)
    e = posix_spawnp(&pid, program, &actions, 0, (char *const *)argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  if (e)
    return (errno = e, 0);
  if (wait_pid(pid, &wstat) < 0)
    return 0;
  return (WIFEXITED(wstat) && !WEXITSTATUS(wstat)) || (errno = EPROTO, 0);
}

void holder_store(char const *id, int fd)
{
  if (!tell_holder("s6-fdholder-store", id, fd))
    log_warn("store in " HOLDER " the socket", id);
}

void holder_forget(char const *id)
{
  if (!tell_holder("s6-fdholder-delete", id, -1))
    log_warn("delete from " HOLDER " the socket", id);
}

int holder_take(char const *id)
{
  unsigned int i = 0;
  for (; i < inherited_n; i++)
    if (inherited[i].fd >= 0 && !strcmp(inherited[i].id, id)) {
      int fd = inherited[i].fd;
      int listening = 0;
      socklen_t len = sizeof listening;
      inherited[i].fd = -1;
      if (!getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) && listening && ndelay_on(fd) >= 0)
        return fd;
      fd_close(fd);
      holder_forget(id);
    }
  return -1;
}

void holder_drop(int (*wanted)(char const *id, void *data), void *data, enum holder_drop what)
{
  unsigned int i = 0;
  for (; i < inherited_n; i++) {
    if (inherited[i].fd < 0 || !(*wanted)(inherited[i].id, data))
      continue;
    fd_close(inherited[i].fd);
    inherited[i].fd = -1;
    if (what == HOLDER_FORGET)
      holder_forget(inherited[i].id);
  }
}
