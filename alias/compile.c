/* compile - reads the sources under the lock of the replacement, judges them as a whole, and only then
 * replaces. */
#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <skalibs/cdbmake.h>
#include <skalibs/types.h>
#include "lib/control.h"
#include "alias/aliases.h"
#include "alias/check.h"
#include "alias/compile.h"
#include "alias/replacement.h"
#include "alias/virtual.h"

static int say(stralloc *to, char const *const *words)
{
  for (; *words; words++)
    if (!stralloc_cats(to, *words))
      return 0;
  return stralloc_append(to, '\n');
}

static int fail(compile_report *r, int code, char const *what, char const *object, char const *why)
{
  char const *const words[] = {what, object, ": ", why, 0};
  say(&r->problems, words);
  return code;
}

/* Does the present file hold anything of this map? */
static int is_compiled(enum database_map map)
{
  database d = DATABASE_ZERO;
  cdb_data key, data;
  uint32_t pos = CDB_TRAVERSE_INIT();
  int there = 0;
  if (!database_refresh(&d))
    return 0;
  while (!there && cdb_traverse_next(&d.c, &key, &data, &pos) == 1)
    there = key.len > 1 && key.s[0] == (char)map;
  database_close(&d);
  return there;
}

static int missing(collection *c, compile_report *r)
{
  char const *const words[] = {"warning: ", c->path, " is missing; what it would name does not exist", 0};
  if (is_compiled(c->map))
    return fail(r, EX_CONFIG, "", c->path,
                "is missing, but aliases of it are in use; bring it back, or make an empty one to drop them");
  say(&r->problems, words);
  return EX_OK;
}

static int read_source(collection *c, source *s, control const *settings)
{
  if (c->map == DATABASE_ALIAS ? !aliases_read(c, s) : !virtual_read(c, s))
    return EX_TEMPFAIL;
  collection_sort(c);
  if (c->map == DATABASE_VIRTUAL)
    virtual_check(c, settings);
  return c->errors ? EX_DATAERR : EX_OK;
}

static void say_more(collection const *c, compile_report *r)
{
  unsigned int all = c->errors + c->warnings, shown = 0;
  char number[UINT_FMT];
  for (size_t i = 0; i < c->said.len; i++)
    shown += c->said.s[i] == '\n';
  stralloc_catb(&r->problems, c->said.s, c->said.len);
  if (all <= shown)
    return;
  number[uint_fmt(number, all - shown)] = 0;
  char const *const words[] = {c->path, ": and ", number, " more", 0};
  say(&r->problems, words);
}

static int take(collection *c, control const *settings, compile_report *r)
{
  source s = SOURCE_ZERO;
  char const *why = "";
  int code;
  if (!*c->path)
    return EX_OK;
  switch (source_open(&s, c->path, &why)) {
  case SOURCE_OPEN: code = read_source(c, &s, settings); break;
  case SOURCE_MISSING: code = missing(c, r); break;
  case SOURCE_UNSAFE: code = fail(r, EX_CONFIG, "", c->path, why); break;
  default:
    code = fail(r, errno == EACCES ? EX_NOPERM : EX_TEMPFAIL, "unable to read ", c->path, strerror(errno));
  }
  if (code != EX_OK || c->map == DATABASE_VIRTUAL)
    say_more(c, r); /* of aliases that are in order more is to be said */
  if (code == EX_TEMPFAIL && !r->problems.len)
    fail(r, code, "unable to read ", c->path, strerror(ENOMEM));
  source_free(&s);
  return code;
}

static int write_all(collection const *a, collection const *v, identities const *ids, int fd)
{
  cdbmaker m = CDBMAKER_ZERO;
  if (!cdbmake_start(&m, fd) || !collection_write(a, &m) || !collection_write(v, &m) || !cdbmake_finish(&m)) {
    genalloc_free(diuint32, &m.hplist);
    replacement_abort(fd);
    return 0;
  }
  return replacement_commit(fd, (uid_t)-1, ids->root ? ids->gid[TERNA] : (gid_t)-1, ids->root ? 0640 : 0600);
}

static void count(collection const *c, char const *noun, compile_report *r)
{
  char n[SIZE_FMT], longest[SIZE_FMT], total[SIZE_FMT];
  n[size_fmt(n, collection_count(c))] = 0;
  longest[size_fmt(longest, c->longest)] = 0;
  total[size_fmt(total, c->total)] = 0;
  char const *const words[] = {c->path, ": ",       n,     noun,           ", longest ",
                               longest, " bytes, ", total, " bytes total", 0};
  if (*c->path)
    say(&r->done, words);
}

static int replace(collection *a, collection *v, control const *settings, identities const *ids,
                   compile_report *r)
{
  tain deadline;
  int fd, code, code2;
  tain_addsec_g(&deadline, COMPILE_WAIT);
  fd = replacement_begin(&deadline);
  if (fd == -1)
    return fail(r, errno == EACCES || errno == EPERM || errno == EROFS ? EX_NOPERM : EX_TEMPFAIL,
                "unable to make ", REPLACEMENT_FILE,
                errno == EWOULDBLOCK ? "another newaliases is at work" : strerror(errno));
  code = take(a, settings, r);
  code2 = take(v, settings, r);
  if (code == EX_OK) {
    if (!check_aliases(a, v, settings, ids))
      code2 = fail(r, EX_TEMPFAIL, "unable to check ", a->path, strerror(ENOMEM));
    say_more(a, r);
    code = code2;
  }
  if (code != EX_OK) {
    replacement_abort(fd);
    return code;
  }
  if (!write_all(a, v, ids, fd))
    return fail(r, EX_TEMPFAIL, "unable to write ", DATABASE_FILE, strerror(errno));
  count(a, " aliases", r);
  count(v, " addresses", r);
  return EX_OK;
}

int compile(identities const *ids, compile_report *r)
{
  static enum control_name const names[] = {CONTROL_ME,      CONTROL_LOCALS, CONTROL_ALIASES,
                                            CONTROL_VIRTUAL, CONTROL_USERS,  CONTROL_RECIPIENTDELIMITER};
  control settings = CONTROL_ZERO;
  stralloc problem = STRALLOC_ZERO;
  int code = EX_CONFIG;
  if (control_read(&settings, names, sizeof names / sizeof *names, ids->root, &problem)) {
    collection a = COLLECTION_ZERO(DATABASE_ALIAS, control_line(&settings, CONTROL_ALIASES));
    collection v = COLLECTION_ZERO(DATABASE_VIRTUAL, control_line(&settings, CONTROL_VIRTUAL));
    code = replace(&a, &v, &settings, ids, r);
    collection_free(&a);
    collection_free(&v);
  } else {
    char const *const words[] = {problem.s ? problem.s : "no memory", 0};
    say(&r->problems, words);
  }
  control_free(&settings);
  stralloc_free(&problem);
  return code;
}
