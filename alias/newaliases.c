/* newaliases - compiles the aliases. Started by people, by sendmail -bi and by tern-setup. Run by root in
   somebody else's instance it becomes that owner before it reads anything. Exits with a code of sysexits(3).
 */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>
#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include <skalibs/sig.h>
#include <skalibs/strerr.h>
#include <skalibs/tai.h>
#include "conf.h"
#include "lib/identity.h"
#include "lib/privileges.h"
#include "alias/compile.h"

/* What other systems' newaliases take is taken, and means nothing here. */
static void options(int argc, char const *const *argv)
{
  for (int i = 1; i < argc; i++)
    if (strcmp(argv[i], "-v") && strcmp(argv[i], "-bi"))
      strerr_dief(EX_USAGE,
                  "usage: newaliases [-v]   (control/aliases names the file, TERN_HOME the instance)");
}

static void go_home(void)
{
  char const *home = getenv("TERN_HOME");
  if (!home || !*home)
    home = CONF_HOME;
  if (chdir(home) == -1)
    strerr_dief(errno == EACCES ? EX_NOPERM : EX_CONFIG, "unable to enter ", home, ": ", strerror(errno),
                "; set TERN_HOME, or make an instance with tern-setup");
}

/* The group that passwd gives the owner, else that of the folder. */
static gid_t group_of(struct stat const *st)
{
  struct passwd const *pw = getpwuid(st->st_uid);
  return pw ? pw->pw_gid : st->st_gid;
}

static void become_owner(void)
{
  struct stat st;
  if (stat(".", &st) == -1)
    strerr_diefusys(EX_OSERR, "stat the instance's folder");
  if (!geteuid() && st.st_uid &&
      !privileges_drop(st.st_uid, group_of(&st), 0, 0, PRIVILEGES_KEEP_ROOT_FOLDER))
    strerr_diefusys(EX_OSERR, "become the owner of the instance");
  if (faccessat(AT_FDCWD, ".", W_OK, AT_EACCESS) == -1)
    strerr_dief(EX_NOPERM,
                st.st_uid
                    ? "this instance belongs to somebody else: only its owner, or root, compiles its aliases"
                    : "this instance belongs to root: only root compiles its aliases");
}

static void load(identities *ids)
{
  stralloc problem = STRALLOC_ZERO;
  if (!identities_load(ids, &problem))
    strerr_dief(EX_CONFIG, problem.s ? problem.s : "no memory");
  stralloc_free(&problem);
}

int main(int argc, char const *const *argv)
{
  identities ids;
  compile_report report = COMPILE_REPORT_ZERO;
  int code;
  PROG = "newaliases";
  if (!fd_sanitize())
    return EX_OSERR;
  options(argc, argv);
  umask(077);
  sig_ignore(SIGXFSZ); /* a limit on files is an error of write, not a death with a half-made file */
  sig_ignore(SIGPIPE);
  go_home();
  become_owner();
  load(&ids);
  tain_now_set_stopwatch_g();
  code = compile(&ids, &report);
  if (report.problems.len)
    allwrite(2, report.problems.s, report.problems.len);
  if (report.done.len)
    allwrite(1, report.done.s, report.done.len);
  return code;
}
