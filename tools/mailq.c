/* mailq - tells what waits in the queue, to every user what he may see. See mailq(1). */
#include <signal.h>
#include <sysexits.h>
#include <skalibs/djbunix.h>
#include <skalibs/strerr.h>
#include "tools/queue_list.h"

int main(int argc, char const *const *argv)
{
  PROG = "mailq";
  if (!fd_sanitize())
    return EX_OSERR;
  signal(SIGPIPE, SIG_DFL);
  return queue_list_run(argc ? argv + 1 : argv);
}
