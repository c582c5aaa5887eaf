/* recipients - each file is kept as it is, its lines cut by NULs and sorted for a search by halves. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <skalibs/djbunix.h>
#include "smtpd/recipients.h"

typedef struct recipients_file_s recipients_file;
struct recipients_file_s {
  char const *domain; /* in the settings, up to the colon; .domain: all below it */
  size_t domain_len;
  stralloc text;
  genalloc names; /* char const *, sorted */
};

static int compare(void const *a, void const *b)
{
  return strcasecmp(*(char const *const *)a, *(char const *const *)b);
}

static int is_blank(char c)
{
  return c == ' ' || c == '\t' || c == '\r';
}

/* Cuts the text into names. 0: no memory. */
static int cut(recipients_file *f)
{
  char *s = f->text.s;
  while (*s) {
    char *end = s + strcspn(s, "\n");
    char *next = end + (*end == '\n');
    while (is_blank(*s))
      s++;
    char *last = s + strcspn(s, "#\n");
    while (last > s && is_blank(last[-1]))
      last--;
    *last = 0;
    char const *name = s;
    if (*name && !genalloc_append(char const *, &f->names, &name))
      return 0;
    s = next;
  }
  qsort(genalloc_s(char const *, &f->names), genalloc_len(char const *, &f->names), sizeof(char *), &compare);
  return 1;
}

static int read_file(recipients_file *f, char const *path)
{
  struct stat st;
  if (stat(path, &st) < 0)
    return 0;
  if (st.st_size > (off_t)RECIPIENTS_FILE_MAX)
    return (errno = EFBIG, 0);
  if (!openslurpclose(&f->text, path))
    return 0;
  if (memchr(f->text.s, 0, f->text.len))
    return (errno = EINVAL, 0);
  return (stralloc_0(&f->text) && cut(f)) || (errno = ENOMEM, 0);
}

int recipients_read(recipients *r, control const *c, stralloc *problem)
{
  r->delimiter = *control_line(c, CONTROL_RECIPIENTDELIMITER);
  for (char const *line = control_line(c, CONTROL_RECIPIENTSFILE); *line; line = control_next(line)) {
    recipients_file f = {.domain = line, .domain_len = strcspn(line, ":")};
    char const *path = line + f.domain_len + 1;
    int ok = genalloc_append(recipients_file, &r->files, &f);
    if (ok && read_file(genalloc_s(recipients_file, &r->files) + genalloc_len(recipients_file, &r->files) - 1,
                        path))
      continue;
    int e = ok ? errno : ENOMEM;
    problem->len = 0;
    (void)(stralloc_cats(problem, "control/recipientsfile: ") && stralloc_cats(problem, path) &&
           stralloc_cats(problem, ": ") && stralloc_cats(problem, strerror(e)) && stralloc_0(problem));
    return 0;
  }
  return 1;
}

void recipients_free(recipients *r)
{
  recipients_file *f = genalloc_s(recipients_file, &r->files);
  for (size_t i = 0; i < genalloc_len(recipients_file, &r->files); i++) {
    stralloc_free(&f[i].text);
    genalloc_free(char const *, &f[i].names);
  }
  genalloc_free(recipients_file, &r->files);
}

size_t recipients_octets(recipients const *r)
{
  recipients_file const *f = genalloc_s(recipients_file, &r->files);
  size_t octets = 0;
  for (size_t i = 0; i < genalloc_len(recipients_file, &r->files); i++)
    octets += f[i].text.a + f[i].names.a;
  return octets;
}

static int speaks_for(recipients_file const *f, char const *domain, size_t len)
{
  if (*f->domain == '.')
    return len > f->domain_len && !strncasecmp(domain + len - f->domain_len, f->domain, f->domain_len);
  return len == f->domain_len && !strncasecmp(domain, f->domain, len);
}

static int names(recipients_file const *f, char const *s, size_t len)
{
  char key[512];
  char const *p = key;
  if (len >= sizeof key)
    return 0;
  memcpy(key, s, len);
  key[len] = 0;
  return genalloc_len(char const *, &f->names) &&
         bsearch(&p, genalloc_s(char const *, &f->names), genalloc_len(char const *, &f->names), sizeof p,
                 &compare);
}

/* The address as it is, its local part alone, or that without its extension. */
static int has(recipients_file const *f, char delimiter, char const *address, size_t len, size_t at)
{
  size_t local = at ? at - 1 : 0;
  char const *cut_at = delimiter ? memchr(address, delimiter, local) : 0;
  return names(f, address, len) || names(f, address, local) ||
         (cut_at && cut_at > address && names(f, address, (size_t)(cut_at - address)));
}

int recipients_has(recipients const *r, char const *address, size_t len, size_t at)
{
  recipients_file const *f = genalloc_s(recipients_file, &r->files);
  int spoken = 0;
  for (size_t i = 0; i < genalloc_len(recipients_file, &r->files); i++)
    if (speaks_for(f + i, address + at, len - at)) {
      if (has(f + i, r->delimiter, address, len, at))
        return 1;
      spoken = 1;
    }
  return !spoken;
}
