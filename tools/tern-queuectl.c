/* tern-queuectl - tells the runner what to do with messages that wait. See tern-queuectl(8). */
#include <signal.h>
#include <sysexits.h>
#include <skalibs/djbunix.h>
#include <skalibs/strerr.h>
#include "tools/queue_control.h"

int main(int argc, char const *const *argv)
{
  PROG = "tern-queuectl";
  if (!fd_sanitize())
    return EX_OSERR;
  signal(SIGPIPE, SIG_IGN);
  return queue_control_run(argc ? argv + 1 : argv);
}
