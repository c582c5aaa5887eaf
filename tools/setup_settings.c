/* setup_settings - SETTING=VALUE becomes control/SETTING; and the host's own name, found once, so that no
 * program guesses. */
#include <dirent.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>
#include <skalibs/stralloc.h>
#include "lib/control.h"
#include "tools/setup.h"

static enum control_name which(char const *argument, char const **value)
{
  char name[64];
  size_t len = strcspn(argument, "=");
  enum control_name n = CONTROL_N;
  if (argument[len] && len < sizeof name) {
    memcpy(name, argument, len);
    name[len] = 0;
    n = control_find(name);
  }
  if (n == CONTROL_N) {
    fprintf(stderr, "tern-setup: there is no such setting: %s; the settings are in tern-control(5)\n",
            argument);
    _exit(EX_USAGE);
  }
  *value = argument + len + 1;
  return n;
}

void setup_judge(char const *argument)
{
  char const *value;
  stralloc problem = STRALLOC_ZERO;
  enum control_name n = which(argument, &value);
  if (!control_judge(n, value, &problem))
    setup_refuse(EX_USAGE, problem.s);
  stralloc_free(&problem);
}

static void write_setting(enum control_name n, char const *value)
{
  char path[80];
  stralloc text = STRALLOC_ZERO;
  size_t len = strlen(value);
  snprintf(path, sizeof path, "control/%s", control_table[n].name);
  if (!stralloc_catb(&text, value, len) || (len && value[len - 1] != '\n' && !stralloc_append(&text, '\n')))
    setup_fail(EX_OSERR, "write", path);
  setup_file(path, text.s ? text.s : "", text.len, 0644);
  stralloc_free(&text);
}

void setup_set(char const *argument)
{
  char const *value;
  enum control_name n = which(argument, &value);
  write_setting(n, value);
}

/* The folder is the owner's alone, so names are safe here. */
static void mend(char const *name)
{
  char path[300];
  struct stat st;
  snprintf(path, sizeof path, "control/%s", name);
  if (lstat(path, &st) == -1 || !S_ISREG(st.st_mode))
    return;
  if (st.st_uid != geteuid() && chown(path, geteuid(), (gid_t)-1) == -1)
    setup_fail(EX_CANTCREAT, "take over", path);
  if ((st.st_mode & 07777) != 0644 && chmod(path, 0644) == -1)
    setup_fail(EX_CANTCREAT, "set the mode of", path);
}

static int is_leftover(char const *name)
{
  size_t len = strlen(name);
  return *name == '.' || name[len - 1] == '~' || (len > 4 && !strcmp(name + len - 4, ".new"));
}

void setup_control(void)
{
  DIR *d = opendir("control");
  struct dirent *e;
  if (!d)
    setup_fail(EX_CANTCREAT, "read", "control");
  while ((e = readdir(d)))
    if (control_find(e->d_name) != CONTROL_N)
      mend(e->d_name);
    else if (!is_leftover(e->d_name))
      fprintf(stderr, "tern-setup: warning: control/%s is no setting: nobody reads it\n", e->d_name);
  closedir(d);
}

/* The host's name; if it has no dot, the full one that the system's resolver knows. */
static void host_name(char name[256])
{
  struct addrinfo const hints = {.ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM};
  struct addrinfo *found = 0;
  if (gethostname(name, 255) == -1)
    setup_fail(EX_OSERR, "find the name of", "this host");
  name[255] = 0;
  if (strchr(name, '.') || getaddrinfo(name, 0, &hints, &found))
    return;
  if (found->ai_canonname && strchr(found->ai_canonname, '.') && strlen(found->ai_canonname) < 256)
    strcpy(name, found->ai_canonname);
  freeaddrinfo(found);
}

void setup_me(void)
{
  char name[256];
  struct stat st;
  stralloc problem = STRALLOC_ZERO;
  if (stat("control/me", &st) == 0)
    return;
  host_name(name);
  if (!control_judge(CONTROL_ME, name, &problem))
    setup_refuse(EX_CONFIG, "this host has no usable name; name it: tern-setup HOME me=mail.example.org");
  write_setting(CONTROL_ME, name);
  stralloc_free(&problem);
}
