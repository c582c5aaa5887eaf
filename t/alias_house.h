/* alias_house - a HOME with settings, aliases and users in a folder of its own, for the tests of alias/. The
   identities are made up, so that an instance of root's can be asked by anybody. */
#ifndef TERN_T_ALIAS_HOUSE_H
#define TERN_T_ALIAS_HOUSE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include <skalibs/tai.h>
#include "lib/identity.h"
#include "alias/compile.h"

static char house_folder[64];

static void house_put(char const *path, char const *text)
{
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
}

static int house_enter(void **state)
{
  (void)state;
  strcpy(house_folder, "/tmp/tern-alias.XXXXXX");
  tain_now_set_stopwatch_g();
  if (!mkdtemp(house_folder) || chdir(house_folder) || mkdir("control", 0755) || mkdir("run", 0755))
    return 1;
  house_put("control/me", "m.example\n");
  house_put("control/locals", "m.example\nlocalhost\n.sub.example\n");
  house_put("control/aliases", "aliases\n");
  house_put("control/users", "mike:x:20101:20101:Mike:/home/mike:/bin/sh\n"
                             "joe:x:20102:20102:Joe:/home/joe:/bin/sh\n"
                             "Upper:x:20103:20103::/home/upper:/bin/sh\n"
                             "joe+list:x:20104:20104::/home/jl:/bin/sh\n"
                             "toor:x:0:0::/root:/bin/sh\n"
                             "wheel:x:20105:0::/home/w:/bin/sh\n"
                             "suite:x:30005:30005::/nowhere:/bin/sh\n");
  return 0;
}

static int house_leave(void **state)
{
  char command[96];
  (void)state;
  snprintf(command, sizeof command, "rm -rf %s", house_folder);
  return chdir("/") || system(command);
}

/* root: the suite's users are 30001 to 30008. */
static void house_identities(identities *ids, int root)
{
  memset(ids, 0, sizeof *ids);
  ids->root = root;
  ids->owner = root ? 0 : getuid();
  ids->owner_gid = root ? 0 : getgid();
  for (unsigned int i = 0; i < IDENTITY_N; i++) {
    ids->uid[i] = root ? 30001 + i : ids->owner;
    ids->gid[i] = root ? 30001 + i : ids->owner_gid;
  }
}

/* Compiles as the owner (nobody is given the file). Gives the exit code; what was said is in *r. */
__attribute__((unused)) static int house_compile(compile_report *r)
{
  identities ids;
  house_identities(&ids, 0);
  r->done.len = r->problems.len = 0;
  int code = compile(&ids, r);
  stralloc_0(&r->done);
  stralloc_0(&r->problems);
  return code;
}

#endif
