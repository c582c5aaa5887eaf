/* verify - sendmail -bv: what would happen to mail for these addresses, by the same question that tern-smtpd
   asks at RCPT; then, step by step, why: tern-explain says that. Exits 0 if all can get mail, 67 if one can't, 75 if
   that is not known now. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>
#include "lib/question.h"
#include "tools/sendmail.h"
#include "tools/sibling.h"

static char const *words(enum meaning m)
{
  switch (m) {
  case MEANING_USER: return "a user of this machine gets it";
  case MEANING_ALIAS: return "an alias of this machine gets it, for a program, a file or a list";
  case MEANING_EXPAND: return "an alias of this machine sends it on";
  case MEANING_ELSEWHERE: return "it is sent to another machine";
  case MEANING_UNKNOWN: return "nobody here has this name";
  case MEANING_LATER: break;
  }
  return "nobody can say now";
}

/* The addresses of s, after the options. 0: no memory. */
static char const **arguments(sendmail const *s)
{
  size_t n = envelope_count(&s->l.e), used = 0;
  char const **argv = calloc(n + 5, sizeof *argv);
  if (!argv)
    return 0;
  argv[used++] = "tern-explain";
  if (s->o.sender) {
    argv[used++] = "-f";
    argv[used++] = s->o.sender;
  }
  argv[used++] = "--";
  for (size_t i = 0; i < n; i++)
    argv[used++] = envelope_string(&s->l.e, envelope_rcpts(&s->l.e)[i].address);
  return argv;
}

/* What is not said does not change the verdict: its exit code is the one that counts. */
static void explain(sendmail const *s)
{
  stralloc path = STRALLOC_ZERO;
  char const **argv = arguments(s);
  pid_t pid = argv && sibling_find(&path, "tern-explain") ? fork() : -1;
  if (!pid) {
    execv(path.s, (char *const *)argv);
    _exit(EX_OSERR);
  }
  if (pid < 0)
    sendmail_say(EX_OK, "the steps can't be told, tern-explain does not start", strerror(errno));
  while (pid > 0 && waitpid(pid, 0, 0) < 0 && errno == EINTR)
    ;
  free(argv);
  stralloc_free(&path);
}

int verify_run(sendmail *s)
{
  int code = sendmail_recipients(s), unknown = 0, later = 0;
  if (code)
    return code;
  if (!envelope_count(&s->l.e))
    return sendmail_say(EX_USAGE, 0, "-bv wants addresses");
  for (size_t i = 0; i < envelope_count(&s->l.e); i++) {
    char const *address = envelope_string(&s->l.e, envelope_rcpts(&s->l.e)[i].address);
    result r = RESULT_ZERO;
    enum meaning m = (enum meaning)letter_exists(&s->l, address, strlen(address), &r);
    int failed = m == MEANING_UNKNOWN || m == MEANING_LATER;
    unknown |= m == MEANING_UNKNOWN;
    later |= m == MEANING_LATER;
    printf("%s: %s%s%s\n", address, words(m), failed && r.text[0] ? ": " : "", failed ? r.text : "");
  }
  if (fflush(stdout))
    return EX_IOERR;
  if (!later)
    explain(s);
  return unknown ? EX_NOUSER : later ? EX_TEMPFAIL : EX_OK;
}
