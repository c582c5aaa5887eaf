/* qmail - the grammar of dot-qmail files, and the variables that their programs find. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "lib/address.h"
#include "local/environment.h"
#include "local/failure.h"
#include "local/qmail.h"

typedef struct reader_s reader;
struct reader_s {
  self const *me;
  targets *t;
  int is_main;
  int forward_only;
};

static int wrong(result *r, char const *why)
{
  result_set(r, RESULT_TEMPORARY, STATUS_MISCONFIGURED, "%s", why);
  return 0;
}

static int add(reader *f, enum target_kind kind, char const *s, size_t len, result *r)
{
  if (f->forward_only && kind != TARGET_ADDRESS && kind != TARGET_SELF)
    return wrong(r, "the file is executable, so it may hold forward lines only; type: chmod -x on it");
  if (targets_add(f->t, kind, s, len))
    return 1;
  failure_set(r, errno, "keep", "a line");
  return 0;
}

/* "./Maildir/", "./Mailbox", "/absolute/path" */
static int file(reader *f, char const *s, size_t len, result *r)
{
  char path[SELF_PATH_MAX];
  int n = *s == '/' ? snprintf(path, sizeof path, "%.*s", (int)len, s)
                    : snprintf(path, sizeof path, "%s/%.*s", f->me->u.home, (int)len, s);
  if (n < 0 || n >= (int)sizeof path)
    return wrong(r, "a path is too long");
  return add(f, path[n - 1] == '/' ? TARGET_MAILDIR : TARGET_FILE, path, (size_t)n, r);
}

/* In .qmail itself the user's own name can only mean his mailbox: sent to himself it would come back. In any other file
   it is another address of his. */
static int is_himself(reader const *f, char const *s, size_t len)
{
  size_t at = address_domain(s, len);
  size_t local = at == len ? len : at - 1;
  return f->is_main && local == strlen(f->me->u.name) && !strncasecmp(s, f->me->u.name, local) &&
         (at == len || control_has_domain(f->me->c, CONTROL_LOCALS, s + at, len - at));
}

static int forward(reader *f, char const *s, size_t len, result *r)
{
  stralloc whole = STRALLOC_ZERO;
  enum address_parsed judged = address_judge(s, len);
  int ok;
  if ((judged != ADDRESS_OK && judged != ADDRESS_UTF8) || len > ENVELOPE_ADDRESS_MAX - 260)
    return wrong(r, "a forward line without an address; write &user@domain");
  if (is_himself(f, s, len))
    return add(f, TARGET_SELF, "", 0, r);
  if (address_domain(s, len) < len)
    return add(f, TARGET_ADDRESS, s, len, r);
  ok = stralloc_catb(&whole, s, len) && stralloc_append(&whole, '@') &&
       stralloc_cats(&whole, control_line(f->me->c, CONTROL_ME));
  if (ok)
    ok = add(f, TARGET_ADDRESS, whole.s, whole.len, r);
  else
    failure_set(r, ENOMEM, "keep", "a line");
  stralloc_free(&whole);
  return ok;
}

static int line(reader *f, char const *s, size_t len, result *r)
{
  while (len && (s[len - 1] == ' ' || s[len - 1] == '\t' || s[len - 1] == '\r'))
    len--;
  if (memchr(s, 0, len))
    return wrong(r, "a NUL character");
  if (!len)
    return f->t->line > 1 || wrong(r, "the first line is blank; take it out, or begin it with #");
  switch (*s) {
  case '#': return 1;
  case '|':
    while (len > 1 && (s[1] == ' ' || s[1] == '\t'))
      s++, len--;
    return len > 1 ? add(f, TARGET_PROGRAM, s + 1, len - 1, r) : wrong(r, "a program is missing after |");
  case '.':
  case '/': return file(f, s, len, r);
  case '+':
    if (len == 5 && !memcmp(s, "+list", 5))
      f->forward_only = 1;
    return 1;
  case '&': return forward(f, s + 1, len - 1, r);
  default: return forward(f, s, len, r);
  }
}

int qmail_parse(self const *me, targets *t, char const *path, char const *s, size_t len, int is_main,
                int forward_only, result *r)
{
  reader f = {.me = me, .t = t, .is_main = is_main, .forward_only = forward_only};
  for (t->line = 1; len; t->line++) {
    char const *nl = memchr(s, '\n', len);
    size_t n = nl ? (size_t)(nl - s) : len;
    if (!line(&f, s, n, r)) {
      result why = *r;
      result_set(r, why.class, why.status, "%s:%u: %s", path, t->line, why.text);
      return 0;
    }
    n += nl ? 1 : 0;
    s += n;
    len -= n;
  }
  return 1;
}

/* ---- qmail-command(8) */

/* What follows the n-th - of the extension; "" if there are fewer. */
static char const *part_of(char const *ext, unsigned int n)
{
  while (n--) {
    ext = strchr(ext, '-');
    if (!ext)
      return "";
    ext++;
  }
  return ext;
}

/* HOST2, HOST3, HOST4: what stands before the last, the second last, the third last dot. */
static size_t host_part(char const *host, size_t len, unsigned int n)
{
  while (n-- && len) {
    char const *dot = memrchr(host, '.', len);
    if (!dot)
      return len;
    len = (size_t)(dot - host);
  }
  return len;
}

static int add_parts(qmail const *q, char const *ext, char const *host, size_t hostlen, stralloc *sa,
                     unsigned int *n)
{
  static char const *const exts[] = {"EXT", "EXT2", "EXT3", "EXT4"};
  static char const *const hosts[] = {"HOST", "HOST2", "HOST3", "HOST4"};
  int ok = 1;
  for (unsigned int i = 0; ok && i < 4; i++) {
    char const *part = part_of(ext, i);
    ok = environment_foreign(sa, n, exts[i], part, strlen(part)) &&
         environment_foreign(sa, n, hosts[i], host, host_part(host, hostlen, i));
  }
  return ok && (!q->rest || environment_foreign(sa, n, "DEFAULT", q->rest, strlen(q->rest)));
}

/* Fields and a From_ line, ready to be put before the message. */
static int add_lines(copy const *m, stralloc *sa, unsigned int *n)
{
  char text[HEADERS_TOP], sender[ENVELOPE_ADDRESS_MAX + 1], recipient[ENVELOPE_ADDRESS_MAX + 1];
  environment_clean(sender, sizeof sender, m->sender);
  environment_clean(recipient, sizeof recipient, m->recipient);
  return environment_add(sa, n, "RPLINE", text, headers_return_path(text, sender)) &&
         environment_add(sa, n, "DTLINE", text, headers_delivered(text, recipient)) &&
         environment_add(sa, n, "UFLINE", text, headers_from_(text, sender));
}

int qmail_environment(qmail const *q, copy const *m, stralloc *sa, unsigned int *n)
{
  char const *ext = envelope_string(&m->j->e, m->j->ext);
  size_t len = strlen(m->recipient);
  size_t at = address_domain(m->recipient, len);
  char const *newsender = *q->owner ? q->owner : m->sender;
  return environment_foreign(sa, n, "NEWSENDER", newsender, strlen(newsender)) &&
         add_parts(q, ext, m->recipient + at, len - at, sa, n) && add_lines(m, sa, n);
}
