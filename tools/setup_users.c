/* setup_users - the system users that the suite runs as, made by useradd(8) where they are missing. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include <skalibs/stralloc.h>
#include "tools/setup.h"

int setup_command(char const *const *argv)
{
  int wstat;
  pid_t pid = child_spawn0(argv[0], argv, (char const *const *)environ);
  if (!pid)
    return 0;
  return wait_pid(pid, &wstat) == pid && WIFEXITED(wstat) && !WEXITSTATUS(wstat);
}

static void make_group(char const *name)
{
  char const *const argv[] = {"groupadd", "-r", name, 0};
  if (!getgrnam(name) && !setup_command(argv) && !getgrnam(name))
    setup_fail(EX_OSERR, "make the group (with groupadd)", name);
}

static void make_user(char const *name, char const *group)
{
  char const *const argv[] = {"useradd", "-r",
                              "-M",      "-N",
                              "-g",      group,
                              "-d",      "/nonexistent",
                              "-s",      "/usr/sbin/nologin",
                              "-c",      "tern mail system",
                              name,      0};
  if (getpwnam(name))
    return;
  if (!setup_command(argv) && !getpwnam(name))
    setup_fail(EX_OSERR, "make the user (with useradd)", name);
}

/* su(1) without - leaves an administrator with a user's PATH. */
static void find_system_programs(void)
{
  stralloc path = STRALLOC_ZERO;
  char const *old = getenv("PATH");
  if (!stralloc_cats(&path, old ? old : "/usr/bin:/bin") || !stralloc_cats(&path, ":/usr/sbin:/sbin") ||
      !stralloc_0(&path) || setenv("PATH", path.s, 1) == -1)
    setup_fail(EX_OSERR, "set", "PATH");
  stralloc_free(&path);
}

void setup_users(void)
{
  find_system_programs();
  for (unsigned int i = 0; i < IDENTITY_N; i++) {
    char const *name = identity_names[i];
    /* the runner's only group is the queue's: so it marks and unlinks, and nothing else there is its own */
    char const *group = i == TERNS ? identity_names[TERNQ] : name;
    make_group(group);
    make_user(name, group);
  }
}
