/* privileges_become - what the root door keeps of root: the power to become a user, and to end what it forked. Everything else
   that root can do by capability (read any file, mount, trace, load modules, ...) is given away. The bounding set stays: a
   user's program may be set-id. */
#include <errno.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "lib/privileges.h"

#define KEPT ((1u << CAP_SETUID) | (1u << CAP_SETGID) | (1u << CAP_KILL)) /* all in the first 32 */

int privileges_only_become(void)
{
  struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{.effective = KEPT, .permitted = KEPT}};
  if (geteuid())
    return 1;
  if (syscall(SYS_capset, &head, data) < 0)
    return 0;
  return !syscall(SYS_capget, &head, data) && data[0].effective == KEPT && data[0].permitted == KEPT &&
         !data[1].permitted;
}
