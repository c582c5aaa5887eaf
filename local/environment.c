/* environment - what a program is told, and nothing else. */
#include <string.h>
#include "lib/address.h"
#include "local/environment.h"
#include "local/program.h"

static char const safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!@%-_=+:,./";

int environment_add(stralloc *sa, unsigned int *n, char const *name, char const *value, size_t len)
{
  ++*n;
  return stralloc_cats(sa, name) && stralloc_append(sa, '=') && stralloc_catb(sa, value, len) &&
         stralloc_0(sa);
}

static char clean(char c)
{
  return c & 0x80 || memchr(safe, c, sizeof safe - 1) ? c : '_';
}

int environment_foreign(stralloc *sa, unsigned int *n, char const *name, char const *value, size_t len)
{
  size_t from = sa->len + strlen(name) + 1;
  if (!environment_add(sa, n, name, value, len))
    return 0;
  for (size_t i = from; i < from + len; i++)
    sa->s[i] = clean(sa->s[i]);
  return 1;
}

void environment_clean(char *out, size_t size, char const *value)
{
  size_t n = 0;
  for (; value[n] && n < size - 1; n++)
    out[n] = clean(value[n]);
  out[n] = 0;
}

static int add_addresses(copy const *m, stralloc *sa, unsigned int *n)
{
  size_t len = strlen(m->recipient);
  size_t at = address_domain(m->recipient, len);
  char const *ext = envelope_string(&m->j->e, m->j->ext);
  return environment_foreign(sa, n, "SENDER", m->sender, strlen(m->sender)) &&
         environment_foreign(sa, n, "RECIPIENT", m->recipient, len) &&
         environment_foreign(sa, n, "ORIGINAL_RECIPIENT", m->original, strlen(m->original)) &&
         environment_foreign(sa, n, "LOCAL", m->recipient, at == len ? len : at - 1) &&
         environment_foreign(sa, n, "DOMAIN", m->recipient + at, len - at) &&
         environment_foreign(sa, n, "EXTENSION", ext, strlen(ext));
}

int program_environment(self const *me, copy const *m, qmail const *q, stralloc *sa, unsigned int *n)
{
  char const *shell = *me->u.shell ? me->u.shell : "/bin/sh";
  char const *home = me->home >= 0 ? me->u.home : "/";
  size_t len = strlen(me->u.name);
  *n = 0;
  return environment_add(sa, n, "HOME", home, strlen(home)) &&
         environment_add(sa, n, "USER", me->u.name, len) &&
         environment_add(sa, n, "LOGNAME", me->u.name, len) &&
         environment_add(sa, n, "SHELL", shell, strlen(shell)) &&
         environment_add(sa, n, "PATH", "/usr/local/bin:/usr/bin:/bin", 28) && add_addresses(m, sa, n) &&
         (!q || qmail_environment(q, m, sa, n));
}
