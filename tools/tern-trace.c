/* tern-trace - what became of a message, in words, from the logs of all services. See tern-trace(1). */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/strerr.h>
#include "tools/home.h"
#include "tools/trace.h"

static int say(int code, char const *what, char const *why)
{
  fprintf(stderr, "tern-trace: %.80s: %s\n", what, why);
  return code;
}

int main(int argc, char const *const *argv)
{
  static trace t = TRACE_ZERO;
  stralloc out = STRALLOC_ZERO;
  id i;
  PROG = "tern-trace";
  if (!fd_sanitize())
    return EX_OSERR;
  signal(SIGPIPE, SIG_DFL);
  if (argc != 2)
    return say(EX_USAGE, "usage: tern-trace ID",
               "the id is in mailq, in Received, and in the answer that the sender got");
  if (!id_scan(&i, argv[1], strlen(argv[1])))
    return say(EX_USAGE, argv[1], "this is not a queue id (20 letters and digits)");
  if (!home_enter(0))
    return say(EX_UNAVAILABLE, home_name(), strerror(errno));
  tzset();
  if (!trace_run(&t, &i)) {
    if (errno == EACCES)
      return say(EX_NOPERM, "the logs",
                 "only root, the owner of the instance and the group ternl may read them");
    return say(EX_UNAVAILABLE, "the logs can't be read", strerror(errno));
  }
  if (!trace_text(&t, &out))
    return say(EX_NOINPUT, argv[1],
               "no line of the logs is about this message; it may be too long ago, or another machine's");
  if (allwrite(1, out.s, out.len) < out.len)
    return say(EX_IOERR, "standard output", strerror(errno));
  if (t.forgotten)
    fprintf(stderr, "tern-trace: %zu more lines are not shown\n", t.forgotten);
  return EX_OK;
}
