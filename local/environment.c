/* environment - what a program is told, and nothing else. */
#include <string.h>
#include "lib/address.h"
#include "local/program.h"

static char const safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!@%-_=+:,./";

static int add(stralloc *sa, unsigned int *n, char const *name, char const *value, size_t len)
{
  ++*n;
  return stralloc_cats(sa, name) && stralloc_append(sa, '=') && stralloc_catb(sa, value, len) &&
         stralloc_0(sa);
}

/* The same for what a client sent. */
static int add_foreign(stralloc *sa, unsigned int *n, char const *name, char const *value, size_t len)
{
  size_t from = sa->len + strlen(name) + 1;
  if (!add(sa, n, name, value, len))
    return 0;
  for (size_t i = from; i < from + len; i++)
    if (!(sa->s[i] & 0x80) && !memchr(safe, sa->s[i], sizeof safe - 1))
      sa->s[i] = '_';
  return 1;
}

static int add_addresses(copy const *m, stralloc *sa, unsigned int *n)
{
  size_t len = strlen(m->recipient);
  size_t at = address_domain(m->recipient, len);
  char const *ext = envelope_string(&m->j->e, m->j->ext);
  return add_foreign(sa, n, "SENDER", m->sender, strlen(m->sender)) &&
         add_foreign(sa, n, "RECIPIENT", m->recipient, len) &&
         add_foreign(sa, n, "ORIGINAL_RECIPIENT", m->original, strlen(m->original)) &&
         add_foreign(sa, n, "LOCAL", m->recipient, at == len ? len : at - 1) &&
         add_foreign(sa, n, "DOMAIN", m->recipient + at, len - at) &&
         add_foreign(sa, n, "EXTENSION", ext, strlen(ext));
}

int program_environment(self const *me, copy const *m, stralloc *sa, unsigned int *n)
{
  char const *shell = *me->u.shell ? me->u.shell : "/bin/sh";
  char const *home = me->home >= 0 ? me->u.home : "/";
  size_t len = strlen(me->u.name);
  *n = 0;
  return add(sa, n, "HOME", home, strlen(home)) && add(sa, n, "USER", me->u.name, len) &&
         add(sa, n, "LOGNAME", me->u.name, len) && add(sa, n, "SHELL", shell, strlen(shell)) &&
         add(sa, n, "PATH", "/usr/local/bin:/usr/bin:/bin", 28) && add_addresses(m, sa, n);
}
