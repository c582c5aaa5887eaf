/* tern-setup HOME [SETTING=VALUE ...] - makes or updates an instance. As root it makes the system users that
   are missing; as anybody else everything in the instance runs as the caller. Exits 0, 64 (wrong use), 77
   (not yours), 78, 71, 73, 75. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>
#include <skalibs/djbunix.h>
#include <skalibs/strerr.h>
#include "tools/setup.h"

void setup_fail(int code, char const *what, char const *object)
{
  fprintf(stderr, "tern-setup: unable to %s %s: %s\n", what, object, strerror(errno));
  exit(code);
}

void setup_refuse(int code, char const *sentence)
{
  fprintf(stderr, "tern-setup: %s\n", sentence);
  exit(code);
}

static void usage(void)
{
  setup_refuse(EX_USAGE, "usage: tern-setup HOME [SETTING=VALUE ...]   (see tern-setup(8))");
}

/* The folder of this program: what the run scripts call lies there too. */
static void find_bin(setup *s)
{
  ssize_t len = readlink("/proc/self/exe", s->bin, sizeof s->bin - 1);
  char *slash;
  if (len == -1)
    setup_fail(EX_OSERR, "read", "/proc/self/exe");
  s->bin[len] = 0;
  slash = strrchr(s->bin, '/');
  *slash = 0;
}

/* Users knock at the doors in HOME: say so where a folder above keeps them out. */
static void check_reach(setup const *s)
{
  char path[PATH_MAX];
  struct stat st;
  strcpy(path, s->home);
  for (char *p = path + 1; s->ids.root && (p = strchr(p, '/')); *p++ = '/') {
    *p = 0;
    if (stat(path, &st) == 0 && !(st.st_mode & S_IXOTH)) {
      fprintf(stderr, "tern-setup: warning: %s can't be entered by other users: they will not reach %s\n",
              path, s->home);
      return;
    }
  }
}

static void compile_aliases(setup const *s)
{
  char path[4200];
  char const *const argv[] = {path, 0};
  snprintf(path, sizeof path, "%s/newaliases", s->bin);
  if (setenv("TERN_HOME", s->home, 1) == -1 || !setup_command(argv))
    setup_refuse(EX_CONFIG, "the aliases could not be compiled (see above); mend them and type: newaliases");
}

int main(int argc, char **argv)
{
  static setup s;
  char home[PATH_MAX];
  stralloc problem = STRALLOC_ZERO;
  PROG = "tern-setup";
  if (!fd_sanitize())
    return EX_OSERR;
  if (argc < 2 || !*argv[1] || *argv[1] == '-')
    usage();
  for (int i = 2; i < argc; i++)
    setup_judge(argv[i]);
  umask(022);
  find_bin(&s);
  setup_home(argv[1]);
  if (!getcwd(home, sizeof home))
    setup_fail(EX_OSERR, "find the path of", argv[1]);
  s.home = home;
  if (!geteuid())
    setup_users();
  if (!identities_load(&s.ids, &problem))
    setup_refuse(EX_CONFIG, problem.s);
  check_reach(&s);
  setup_folders(&s);
  for (int i = 2; i < argc; i++)
    setup_set(argv[i]);
  setup_me();
  setup_control();
  setup_services(&s);
  setup_mailbox(&s);
  compile_aliases(&s);
  return 0;
}
