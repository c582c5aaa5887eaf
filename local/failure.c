/* failure - errno as a temporary result. */
#include <errno.h>
#include <string.h>
#include "local/failure.h"

static unsigned int status_of(int err)
{
  switch (err) {
  case EDQUOT:
  case EFBIG: return STATUS_MAILBOX_FULL;
  case ENOSPC: return STATUS_SYSTEM_FULL;
  case EACCES:
  case EPERM:
  case ELOOP: return STATUS_MISCONFIGURED;
  default: return STATUS_SYSTEM;
  }
}

void failure_set(result *r, int err, char const *verb, char const *object)
{
  result_set(r, RESULT_TEMPORARY, status_of(err), "unable to %s %s: %s", verb, object, strerror(err));
}

void failure_home(result *r, int err, char const *name, char const *home)
{
  int is_missing = err == ENOENT || err == ENOTDIR;
  result_set(r, RESULT_TEMPORARY, status_of(err), "unable to enter the home %s: %s; %s %s", home,
             strerror(err), name,
             is_missing ? "needs one, or an alias that sends this mail elsewhere"
                        : "must be able to enter it: see to its owner and mode");
}
