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
  fprintf(stderr, "tern-trace: %.260s: %s\n", what, why);
  return code;
}

static int usage(int code)
{
  fputs("usage: tern-trace [-j] ID|MESSAGE-ID\n"
        "The id is in mailq, in Received, and in the answer that the sender got.\n",
        code ? stderr : stdout);
  return code;
}

/* The word that is left behind the options; 0: they make no sense. */
static char const *read_arguments(char const *const *args, int *json)
{
  for (; *args && **args == '-'; args++) {
    if (!strcmp(*args, "--")) {
      args++;
      break;
    }
    if (strcmp(*args, "-j"))
      return 0;
    *json = 1;
  }
  return *args && !args[1] ? *args : 0;
}

static int cannot_read(void)
{
  if (errno == EACCES)
    return say(EX_NOPERM, "the logs",
               "only root, the owner of the instance and the group ternl may read them; mailq tells what "
               "waits of yours");
  return say(EX_UNAVAILABLE, "the logs can't be read", strerror(errno));
}

static int tell(trace *t, char const *word, int json)
{
  stralloc out = STRALLOC_ZERO;
  if (!(json ? trace_json(t, &out) : trace_text(t, &out)))
    return t->lines.len ? say(EX_OSERR, word, strerror(errno))
                        : say(EX_NOINPUT, word,
                              "no line of the logs is about this message; it may be too long ago, or another "
                              "machine's");
  if (allwrite(1, out.s, out.len) < out.len)
    return say(EX_IOERR, "standard output", strerror(errno));
  if (t->forgotten)
    fprintf(stderr, "tern-trace: this is not all: %zu lines or messages were too many\n", t->forgotten);
  return EX_OK;
}

int main(int argc, char const *const *argv)
{
  static trace t = TRACE_ZERO;
  int json = 0;
  PROG = "tern-trace";
  if (!fd_sanitize())
    return EX_OSERR;
  signal(SIGPIPE, SIG_DFL);
  if (argc == 2 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help")))
    return usage(EX_OK);
  char const *word = argc ? read_arguments(argv + 1, &json) : 0;
  if (!word)
    return usage(EX_USAGE);
  if (!trace_seek(&t, word))
    return say(EX_USAGE, word,
               "this is neither a queue id (20 letters and digits) nor a Message-ID (<...@...>)");
  if (!home_enter(0))
    return say(EX_UNAVAILABLE, home_name(), strerror(errno));
  tzset();
  return trace_run(&t) ? tell(&t, word, json) : cannot_read();
}
