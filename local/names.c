/* names - reads the two lines of nsswitch.conf(5) that matter, and opens what they name. */
#include <dlfcn.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <skalibs/djbunix.h>
#include "local/names.h"

#define CONFIG_MAX 16384u
#define MODULE_MAX 40u /* octets of a service's name */

static int is_name(char const *s, size_t len)
{
  return len && len <= MODULE_MAX && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") >= len;
}

/* "files" and "dns" are part of the C library. The module stays open for ever. */
static void load(char const *s, size_t len)
{
  char module[MODULE_MAX + 20];
  if (!is_name(s, len) || (len == 5 && !memcmp(s, "files", 5)) || (len == 3 && !memcmp(s, "dns", 3)))
    return;
  (void)snprintf(module, sizeof module, "libnss_%.*s.so.2", (int)len, s);
  (void)!dlopen(module, RTLD_LAZY);
}

/* Services, and between them [STATUS=action]. */
static void load_services(char const *s)
{
  while (*s && *s != '\n' && *s != '#') {
    size_t n;
    if (*s == '[') {
      s += strcspn(s, "]\n");
      s += *s == ']';
      continue;
    }
    n = strcspn(s, " \t\n#[");
    load(s, n);
    s += n ? n : 1;
  }
}

/* Do files come first, and does what they say count at once ("[" could change that)? */
static int is_files_first(char const *s)
{
  s += strspn(s, " \t");
  if (strncmp(s, "files", 5))
    return 0;
  s += 5;
  return strchr(" \t\n#", *s) && s[strspn(s, " \t")] != '[';
}

/* The C library reads nsswitch.conf, and finds no nscd, at its first question: once here, not in each child. root stands in
   files, so that nothing else is asked. */
static void ask_once(void)
{
  (void)getpwnam("root");
  (void)getgrnam("root");
}

void names_load(void)
{
  static char const *const lines[] = {"passwd:", "group:", "initgroups:"};
  char s[CONFIG_MAX];
  int by_files[sizeof lines / sizeof *lines] = {0};
  ssize_t n = openreadnclose("/etc/nsswitch.conf", s, sizeof s - 1);
  if (n <= 0)
    return;
  s[n] = 0;
  for (char const *p = s; p; p = strchr(p, '\n')) {
    p += *p == '\n';
    p += strspn(p, " \t");
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
      if (!strncmp(p, lines[i], strlen(lines[i]))) {
        load_services(p + strlen(lines[i]));
        by_files[i] = is_files_first(p + strlen(lines[i]));
      }
  }
  if (by_files[0] && by_files[1])
    ask_once();
}
