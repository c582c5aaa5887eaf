/* explain_home - a child becomes the user and writes what it finds into a pipe, strings that begin with a letter: 's' a line, 'a' an
   address, 'o' the new sender, 'w' a line that says why mail waits. The parent believes no more of it than its words. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <skalibs/allreadwrite.h>
#include <skalibs/djbunix.h>
#include "lib/user.h"
#include "local/alias.h"
#include "local/become.h"
#include "local/failure.h"
#include "local/qmail.h"
#include "tools/explain_home.h"

#define TOLD_MAX 8388608u /* octets */

int explain_home_may(explain_home const *h, control const *c, identities const *ids)
{
  user u;
  if (!geteuid() || (!ids->root && geteuid() == ids->owner))
    return 1;
  return h->kind == PROCESS_PLAIN && user_find(c, ids, h->name, &u) == USER_FOUND && u.uid == geteuid();
}

/* ---- in the child */

static stralloc out = STRALLOC_ZERO;

static void say(char type, char const *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(char type, char const *fmt, ...)
{
  char line[2048];
  va_list args;
  va_start(args, fmt);
  (void)vsnprintf(line, sizeof line, fmt, args);
  va_end(args);
  if (!stralloc_append(&out, type) || !stralloc_cats(&out, line) || !stralloc_0(&out))
    _exit(1);
}

/* where: the rule's place in its file, or "". */
static void say_mailbox(self const *me, char const *where)
{
  char path[SELF_PATH_MAX];
  result r;
  switch (self_place_of(me, path)) {
  case SELF_MAILDIR:
    if (me->home >= 0)
      say('s', "%sdelivered to the Maildir %s/%s as %s", where, me->u.home, path, me->u.name);
    else {
      failure_home(&r, me->home_error, me->u.name, me->u.home);
      say('w', "%smail waits: %s", where, r.text);
    }
    break;
  case SELF_SPOOL:
    say('s', "%sappended to the mailbox %s by a process of %s with the group mail", where, path,
        me->is_root ? "ternm" : me->u.name);
    break;
  default: say('w', "%scontrol/mailbox names no mailbox: mail waits", where);
  }
}

static void say_place(char *where, size_t size, char const *file, target const *one)
{
  if (*file && one->line)
    (void)snprintf(where, size, "%s:%u: ", file, one->line);
  else if (*file)
    (void)snprintf(where, size, "%s: ", file);
  else
    *where = 0;
}

static void say_target(self const *me, targets const *t, target const *one, char const *file)
{
  char where[SELF_PATH_MAX + 320], name[SELF_PATH_MAX + 300] = "";
  char const *text = targets_text(t, one);
  if (*file)
    (void)snprintf(name, sizeof name, "%s/%s", me->u.home, file);
  say_place(where, sizeof where, name, one);
  switch (one->kind) {
  case TARGET_PROGRAM:
    say('s', "%s/bin/sh -c '%s' is run as %s in %s", where, text, me->u.name,
        me->kind == PROCESS_ALIAS ? "/" : me->u.home);
    break;
  case TARGET_FILE:
    if (strcmp(text, "/dev/null"))
      say('s', "%sappended to the file %s as %s", where, text, me->u.name);
    else
      say('s', "%sthrown away (/dev/null)", where);
    break;
  case TARGET_MAILDIR: say('s', "%sdelivered to the Maildir %s as %s", where, text, me->u.name); break;
  case TARGET_SELF: say_mailbox(me, where); break;
  case TARGET_ADDRESS: say('s', "%ssent on to %s", where, text); break;
  }
}

static void say_targets(self const *me, targets const *t, char const *file)
{
  unsigned int addresses = 0;
  if (!targets_count(t))
    say('s', "%s: nothing is done: the mail is thrown away", *file ? file : me->u.name);
  for (size_t i = 0; i < targets_count(t); i++) {
    target const *one = targets_get(t) + i;
    if (one->kind == TARGET_ADDRESS && addresses++ >= EXPLAIN_HOME_ADDRESSES)
      continue;
    say_target(me, t, one, file);
    if (one->kind == TARGET_ADDRESS)
      say('a', "%s", targets_text(t, one));
  }
  if (addresses > EXPLAIN_HOME_ADDRESSES)
    say('s', "and %u other addresses", addresses - EXPLAIN_HOME_ADDRESSES);
}

static void tell_user(self *me, explain_home const *h)
{
  targets t;
  qmail q;
  job j = JOB_ZERO;
  copy m = {.j = &j, .recipient = h->address, .sender = h->sender};
  char path[SELF_PATH_MAX];
  char const *why = "", *owner = "";
  result r = RESULT_ZERO;
  enum forward_found found = FORWARD_ABSENT;
  targets_init(&t);
  if (!me->is_root && self_enter(me) == SELF_HOME_ERROR) {
    say('w', "the home %s can't be entered (%s): mail waits", me->u.home, strerror(me->home_error));
    return;
  }
  if (me->home >= 0) {
    found = forward_find(me, h->ext, &t, path, &why, &r);
    if (found == FORWARD_ABSENT &&
        (found = qmail_find(me, h->ext, &m, &t, &q, path, &why, &r)) == FORWARD_OBEY)
      owner = q.owner;
  }
  switch (found) {
  case FORWARD_ABSENT:
    say('s', me->is_root ? "no .forward of root's is read" : "no .forward or .qmail in %s", me->u.home);
    say_mailbox(me, "");
    break;
  case FORWARD_NONE:
    say('s', "%s/%s holds nothing", me->u.home, path);
    say_mailbox(me, "");
    break;
  case FORWARD_IGNORED:
    say('s', "%s/%s is not obeyed: %s", me->u.home, path, why);
    say_mailbox(me, "");
    break;
  case FORWARD_ERROR:
    say(r.class == RESULT_PERMANENT ? 's' : 'w', "%s: %s",
        r.class == RESULT_PERMANENT ? "mail bounces" : "mail waits", r.text);
    break;
  case FORWARD_OBEY: say_targets(me, &t, path);
  }
  if (*owner)
    say('o', "%s", owner);
}

static void tell_alias(self *me, explain_home const *h)
{
  targets t;
  forward_reader f = {.me = me, .t = &t};
  stralloc owner = STRALLOC_ZERO;
  result r = RESULT_ZERO;
  targets_init(&t);
  if (!local_alias_targets(&f, h->name, &owner, &r)) {
    say(r.class == RESULT_PERMANENT ? 's' : 'w', "%s: %s",
        r.class == RESULT_PERMANENT ? "mail bounces" : "mail waits", r.text);
    return;
  }
  say_targets(me, &t, "");
  if (owner.len)
    say('o', "%s", owner.s);
}

/* The caller is the user himself, who can become nobody else and need not. */
static int is_himself(self *me, explain_home const *h, control const *c, identities const *ids)
{
  me->kind = h->kind;
  me->asked = h->name;
  me->c = c;
  me->home = -1;
  return ids->root && geteuid() && user_find(c, ids, h->name, &me->u) == USER_FOUND;
}

static void child(explain_home const *h, control const *c, identities const *ids, int fd)
    __attribute__((noreturn));
static void child(explain_home const *h, control const *c, identities const *ids, int fd)
{
  static self me;
  agent_start s = {.kind = h->kind, .name = h->name, .ids = ids, .c = c};
  result r = RESULT_ZERO;
  if (!is_himself(&me, h, c, ids) && !become(&me, &s, &r))
    say(r.class == RESULT_PERMANENT ? 's' : 'w', "%s", r.text);
  else if (me.kind == PROCESS_ALIAS)
    tell_alias(&me, h);
  else
    tell_user(&me, h);
  _exit(allwrite(fd, out.s, out.len) != out.len);
}

/* ---- in the parent */

static int take_all(int fd, stralloc *sa)
{
  while (sa->len < TOLD_MAX) {
    ssize_t r;
    if (!stralloc_readyplus(sa, 8192))
      return 0;
    r = fd_read(fd, sa->s + sa->len, 8192);
    if (r <= 0)
      return !r;
    sa->len += (size_t)r;
  }
  return 0;
}

static int take(stralloc const *told, explanation *x, stralloc *more, stralloc *owner)
{
  int ok = 1;
  owner->len = 0;
  for (size_t i = 0; i < told->len; i += strlen(told->s + i) + 1) {
    char const *s = told->s + i;
    switch (*s) {
    case 'w': ok = 0; /* fall through */
    case 's': explanation_line(x, "%s", s + 1); break;
    case 'a': ok &= stralloc_cats(more, s + 1) && stralloc_0(more); break;
    case 'o': ok &= stralloc_copys(owner, s + 1); break;
    }
  }
  return ok && stralloc_0(owner);
}

int explain_home_tell(explain_home const *h, control const *c, identities const *ids, explanation *x,
                      stralloc *more, stralloc *owner)
{
  stralloc told = STRALLOC_ZERO;
  int p[2], wstat = 1, ok = 0;
  pid_t pid;
  if (pipecoe(p) < 0)
    return 0;
  pid = fork();
  if (!pid)
    child(h, c, ids, p[1]);
  fd_close(p[1]);
  if (pid > 0) {
    ok = take_all(p[0], &told);
    fd_close(p[0]);
    ok = waitpid_nointr(pid, &wstat, 0) == pid && ok && !wstat && (!told.len || !told.s[told.len - 1]);
  } else
    fd_close(p[0]);
  if (ok)
    ok = take(&told, x, more, owner);
  else
    explanation_line(x, "what is in the home can't be said now");
  stralloc_free(&told);
  return ok;
}
