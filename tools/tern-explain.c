/* tern-explain - why an address goes where it goes: what tern-alias says, what the home of who gets it says, and for another
   host's domain the route. Root and the owner see targets, files and lines; everybody else what he could learn by sending mail,
   and his own home. Nothing is sent and nothing is written.

   Exit: 0 it exists or goes to another host, 67 unknown, 75 can't be said now, 64 wrong use, 74 standard output failed, 78 a wrong setting. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sysexits.h>
#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/sgetopt.h>
#include <skalibs/sig.h>
#include <skalibs/strerr.h>
#include <skalibs/tai.h>
#include "tools/explain.h"
#include "tools/home.h"

/* gives the index of the first address */
static int options(int argc, char const *const *argv, char const **sender, int *json)
{
  subgetopt l = SUBGETOPT_ZERO;
  int c;
  while ((c = subgetopt_r(argc, argv, "jf:", &l)) != -1)
    switch (c) {
    case 'j': *json = 1; break;
    case 'f': *sender = l.arg; break;
    default: strerr_dief(EX_USAGE, "usage: tern-explain [-j] [-f SENDER] ADDRESS...");
    }
  if (l.ind >= argc)
    strerr_dief(EX_USAGE, "usage: tern-explain [-j] [-f SENDER] ADDRESS...");
  if (*sender && !strcmp(*sender, "<>"))
    *sender = "";
  return l.ind;
}

int main(int argc, char const *const *argv)
{
  static explain e = EXPLAIN_ZERO;
  explanation x = EXPLANATION_ZERO;
  stralloc problem = STRALLOC_ZERO;
  char const *sender = 0;
  int code = EX_OK, json = 0, i;
  PROG = "tern-explain";
  if (!fd_sanitize())
    return EX_OSERR;
  i = options(argc, argv, &sender, &json);
  sig_ignore(SIGPIPE);
  tain_now_set_stopwatch_g();
  if (!home_enter(0))
    strerr_dief(EX_CONFIG, "unable to enter ", home_name(), ": ", strerror(errno), "; set TERN_HOME");
  if (!explain_init(&e, &problem))
    strerr_dief(EX_CONFIG, problem.len ? problem.s : "no memory");
  for (; i < argc; i++) {
    int one = explain_address(&e, &x, argv[i], sender);
    stralloc const *out = json ? &x.json : &x.text;
    if (x.failed)
      strerr_dief(EX_TEMPFAIL, "out of memory");
    if (allwrite(1, out->s, out->len) < out->len)
      strerr_dief(EX_IOERR, "standard output: ", strerror(errno));
    if (one == EX_NOUSER || code == EX_OK)
      code = one == EX_OK ? code : one;
  }
  door_close(&e.d);
  return code;
}
