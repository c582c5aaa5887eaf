/* sendmail - hands a message to the mail system, as every Unix program expects it. It runs as whoever calls
   it, is never set-id, and has no right that its caller lacks: what it may do is what door `queue` lets a
   user do. See sendmail(8). */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include <skalibs/strerr.h>
#include <skalibs/tai.h>
#include "tools/queue_control.h"
#include "tools/queue_list.h"
#include "tools/home.h"
#include "tools/sendmail.h"
#include "tools/sibling.h"

static int help(void)
{
  puts("usage: sendmail [-i] [-t] [-f sender] [-F name] [-v] [-N dsn] [-R full|hdrs] [-V envid] [--] "
       "recipient ...\n"
       "       sendmail -bs | -bp | -bi | -bv address ... | -q\n"
       "See sendmail(8).");
  return fflush(stdout) ? EX_IOERR : EX_OK;
}

static int run_newaliases(void)
{
  static char const *const argv[] = {"newaliases", 0};
  stralloc path = STRALLOC_ZERO;
  signal(SIGPIPE, SIG_DFL);
  signal(SIGXFSZ, SIG_DFL);
  if (sibling_find(&path, "newaliases"))
    execv(path.s, (char *const *)argv);
  return sendmail_say(EX_OSFILE, "newaliases", strerror(errno));
}

/* -q: for who may not, the runner's own schedule is as good. */
static int retry(void)
{
  queue_control_all("retry");
  return EX_OK;
}

static int with_settings(sendmail *s, int (*run)(sendmail *))
{
  int code = sendmail_begin(s);
  return code ? code : (*run)(s);
}

int main(int argc, char const *const *argv)
{
  static sendmail s = {.o = OPTIONS_ZERO, .l = LETTER_ZERO};
  char problem[OPTIONS_PROBLEM];
  PROG = "sendmail";
  (void)argc;
  if (!fd_sanitize())
    return EX_OSERR;
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN); /* a full file is an error that can be told */
  if (!options_read(&s.o, argv, problem))
    return sendmail_say(EX_USAGE, 0, problem);
  tain_now_set_stopwatch_g();
  switch (s.o.mode) {
  case OPTIONS_MESSAGE: return with_settings(&s, message_run);
  case OPTIONS_SMTP: return with_settings(&s, dialogue_run);
  case OPTIONS_VERIFY: return with_settings(&s, verify_run);
  case OPTIONS_LIST: return queue_list_run(s.o.recipients);
  case OPTIONS_ALIASES: return run_newaliases();
  case OPTIONS_RETRY: return retry();
  case OPTIONS_HELP: break;
  }
  return help();
}
