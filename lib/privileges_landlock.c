/* privileges_landlock - the file system of a process cut down to some folders, to be read only. By system
   calls: libc has no functions for it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include "lib/privileges.h"

/* Rights by the version of the kernel's interface: 1 has the first 13, 2 adds REFER, 3 TRUNCATE, 5 IOCTL_DEV.
 */
static __u64 rights(long version)
{
  __u64 all = (1u << 13) - 1;
  if (version >= 2)
    all |= 1u << 13;
  if (version >= 3)
    all |= 1u << 14;
  if (version >= 5)
    all |= 1u << 15;
  return all;
}

static int allow(int ruleset, char const *folder)
{
  struct landlock_path_beneath_attr rule = {.allowed_access =
                                                LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR};
  long r;
  rule.parent_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (rule.parent_fd < 0)
    return 0;
  r = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
  fd_close(rule.parent_fd);
  return r >= 0;
}

static int restrict_self(long version, char const *const *folders, size_t n)
{
  struct landlock_ruleset_attr attr = {.handled_access_fs = rights(version)};
  int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr.handled_access_fs, 0);
  int ok = 1;
  size_t i = 0;
  if (ruleset < 0)
    return 0;
  for (; ok && i < n; i++)
    ok = allow(ruleset, folders[i]);
  ok = ok && syscall(SYS_landlock_restrict_self, ruleset, 0) >= 0;
  fd_close(ruleset);
  return ok;
}

int privileges_readonly(char const *const *folders, size_t n, int *jailed)
{
  long version = syscall(SYS_landlock_create_ruleset, 0, 0, LANDLOCK_CREATE_RULESET_VERSION);
  if (jailed)
    *jailed = 0;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
    return 0;
  if (version < 0) /* not built in, or not switched on at boot */
    return errno == ENOSYS || errno == EOPNOTSUPP;
  if (!restrict_self(version, folders, n))
    return 0;
  if (jailed)
    *jailed = 1;
  return 1;
}
