/* verdict - what a program's exit code means: sysexits(3), and 100 and 111 of qmail; in a .qmail what qmail-command(8) says. */
#include <string.h>
#include <sys/wait.h>
#include "local/program.h"

static unsigned int status_of(int code)
{
  switch (code) {
  case 64: return STATUS_BAD_ARGUMENTS;   /* EX_USAGE */
  case 65: return STATUS_CONTENT;         /* EX_DATAERR */
  case 67: return STATUS_UNKNOWN_MAILBOX; /* EX_NOUSER */
  case 68: return STATUS_UNKNOWN_SYSTEM;  /* EX_NOHOST */
  case 69: return STATUS_SYSTEM;          /* EX_UNAVAILABLE */
  case 76: return STATUS_PROTOCOL;        /* EX_PROTOCOL */
  case 77: return STATUS_NOT_AUTHORIZED;  /* EX_NOPERM */
  case 78: return STATUS_MISCONFIGURED;   /* EX_CONFIG */
  default: return STATUS_SYSTEM;
  }
}

static void judge(int wstat, char const *line, int is_permanent, result *r)
{
  char const *colon = *line ? ": " : "";
  int code = WEXITSTATUS(wstat);
  if (!WIFEXITED(wstat))
    result_set(r, RESULT_TEMPORARY, STATUS_SYSTEM, "the program was ended by signal %d%s%s", WTERMSIG(wstat),
               colon, line);
  else if (!code)
    result_set(r, RESULT_OK, STATUS_NONE, "delivered to a program");
  else if (is_permanent && *line)
    result_set(r, RESULT_PERMANENT, status_of(code), "%s", line);
  else
    result_set(r, is_permanent ? RESULT_PERMANENT : RESULT_TEMPORARY,
               is_permanent ? status_of(code) : STATUS_SYSTEM, "the program exited with code %d%s%s", code,
               colon, line);
}

void program_judge(int wstat, char const *line, result *r)
{
  int code = WEXITSTATUS(wstat);
  judge(wstat, line, (code >= 64 && code <= 78 && code != 75) || code == 100, r);
}

int program_judge_qmail(int wstat, char const *line, result *r)
{
  static unsigned char const permanent[] = {64, 65, 70, 76, 77, 78, 100, 112};
  if (WIFEXITED(wstat) && WEXITSTATUS(wstat) == 99) {
    result_set(r, RESULT_OK, STATUS_NONE, "delivered to a program");
    return 0;
  }
  judge(wstat, line, !!memchr(permanent, WEXITSTATUS(wstat), sizeof permanent), r);
  return 1;
}
