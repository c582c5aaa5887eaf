/* deliver - for each kind of process, the steps. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "lib/log.h"
#include "local/alias.h"
#include "local/carry.h"
#include "local/deliver.h"
#include "local/failure.h"
#include "local/forward.h"
#include "local/maildir.h"
#include "local/mbox.h"
#include "local/qmail.h"
#include "local/target.h"

static maildir home_maildir = MAILDIR_ZERO;

/* ternx is the same for every alias; a user's process is his. */
static int is_ours(self const *me, delivery const *d)
{
  return me->kind == PROCESS_ALIAS || !strcmp(envelope_string(&d->j->e, d->j->name), me->asked);
}

static void load(self const *me, delivery *d)
{
  if (!is_ours(me, d)) {
    result_set(&d->r, RESULT_TEMPORARY, STATUS_SYSTEM, "this process belongs to somebody else");
    d->done = 1;
  } else if (!copy_load(&d->m)) {
    failure_set(&d->r, errno, "read", "the message");
    d->done = 1;
  } else if (d->m.h.loop) {
    result_set(&d->r, RESULT_PERMANENT, STATUS_LOOP,
               "mail for %s loops: it has been delivered to that address before", d->m.recipient);
    d->done = 1;
  }
}

static void fail_all(delivery *d, size_t n, result const *r)
{
  for (; n; n--, d++)
    if (!d->done) {
      d->r = *r;
      d->done = 1;
    }
}

/* ---- a mailbox of the spool */

static void append_all(self const *me, mbox *b, delivery *d, size_t n, result *r)
{
  for (size_t i = 0; i < n; i++) {
    load(me, d + i);
    if (!d[i].done && !mbox_append(b, &d[i].m, &d[i].r))
      d[i].done = 1;
  }
  if (!mbox_close(b, r)) {
    fail_all(d, n, r);
    return;
  }
  result_set(r, RESULT_OK, STATUS_NONE, "delivered to %s", b->path);
  fail_all(d, n, r);
}

static void deliver_to_spool(self const *me, delivery *d, size_t n)
{
  char path[SELF_PATH_MAX];
  mbox b;
  result r = RESULT_ZERO;
  if (self_place_of(me, path) != SELF_SPOOL)
    result_set(&r, RESULT_TEMPORARY, STATUS_MISCONFIGURED, "the name of the mailbox is too long");
  else if (self_is_alone())
    failure_set(&r, ECONNRESET, "answer for", path);
  else if (mbox_open(&b, path, MBOX_SPOOL, MBOX_WAIT, &r)) {
    append_all(me, &b, d, n, &r);
    return;
  }
  fail_all(d, n, &r);
}

/* ---- messages of a batch that lie in tmp/ of the user's Maildir, and share its syncs */

static struct {
  size_t n;
  delivery *d[DELIVER_MAX];
  maildir_file f[DELIVER_MAX];
  void (*tell)(delivery const *, int);
} waiting;

static void settle(void)
{
  if (waiting.n)
    maildir_settle(&home_maildir, waiting.f, waiting.n);
  for (size_t i = 0; i < waiting.n; i++)
    waiting.tell(waiting.d[i], i + 1 < waiting.n);
  waiting.n = 0;
}

/* ---- a user */

static void tell_ignored(self const *me, delivery const *d, char const *path, char const *why)
{
  log_event(d->j->id, "warning", "ignored", path, "user", me->u.name, "reason", why, (char *)0);
}

/* Does what a .forward, or in its place a .qmail, says; `done` stays 0 if there is none: the default. */
static void follow(self *me, delivery *d)
{
  targets t;
  qmail q;
  rule u = {.t = &t, .before_waiting = &settle};
  char path[SELF_PATH_MAX];
  char const *why, *ext = envelope_string(&d->j->e, d->j->ext);
  enum forward_found found;
  targets_init(&t);
  found = forward_find(me, ext, &t, path, &why, &d->r);
  if (found == FORWARD_ABSENT) {
    found = qmail_find(me, ext, &d->m, &t, &q, path, &why, &d->r);
    u.q = &q;
    u.owner = *q.owner ? q.owner : 0;
  }
  switch (found) {
  case FORWARD_ABSENT:
  case FORWARD_NONE: break;
  case FORWARD_IGNORED: tell_ignored(me, d, path, why); break;
  case FORWARD_ERROR: d->done = 1; break;
  case FORWARD_OBEY: carry(me, &u, d); break;
  }
  targets_free(&t);
}

/* The default for one message; *f is filled in if it now lies in tmp/ of the Maildir. */
static int begin_default(self const *me, delivery *d, maildir_file *f, int *is_open)
{
  char path[SELF_PATH_MAX];
  d->done = 1;
  switch (self_place_of(me, path)) {
  case SELF_MAILDIR:
    if (me->home >= 0)
      return (*is_open = *is_open || maildir_open(&home_maildir, me->home, path, &d->r)) &&
             maildir_write(&home_maildir, &d->m, control_line(me->c, CONTROL_ME), f, &d->r);
    failure_home(&d->r, me->home_error, me->u.name, me->u.home);
    return 0;
  default: carry_to_self(me, d, &d->r); return 0;
  }
}

static void deliver_to_user(self *me, delivery *d, size_t n, void (*tell)(delivery const *, int))
{
  int is_open = 0; /* looked at once in a batch */
  result r = RESULT_ZERO;
  waiting.tell = tell;
  if (!me->is_root && self_enter(me) == SELF_HOME_ERROR) {
    failure_home(&r, me->home_error, me->u.name, me->u.home);
    fail_all(d, n, &r);
  }
  for (size_t i = 0; i < n; i++) {
    if (!d[i].done)
      load(me, d + i);
    if (!d[i].done && me->home >= 0)
      follow(me, d + i);
    if (!d[i].done && begin_default(me, d + i, waiting.f + waiting.n, &is_open))
      waiting.d[waiting.n++] = d + i;
    else
      tell(d + i, 0);
  }
  settle();
  self_leave(me);
}

/* ---- an alias */

static void deliver_to_alias(self *me, delivery *d)
{
  targets t;
  forward_reader f = {.me = me, .t = &t};
  rule u = {.t = &t};
  stralloc owner = STRALLOC_ZERO;
  load(me, d);
  if (d->done)
    return;
  targets_init(&t);
  if (local_alias_targets(&f, envelope_string(&d->j->e, d->j->name), &owner, &d->r)) {
    u.owner = owner.len ? owner.s : 0;
    carry(me, &u, d);
  }
  d->done = 1;
  targets_free(&t);
  stralloc_free(&owner);
}

void deliver(self *me, delivery *d, size_t n, void (*tell)(delivery const *, int))
{
  if (me->kind == PROCESS_PLAIN) {
    deliver_to_user(me, d, n, tell);
    return;
  }
  if (me->kind == PROCESS_MAILBOX)
    deliver_to_spool(me, d, n);
  for (size_t i = 0; i < n; i++) {
    if (me->kind == PROCESS_ALIAS)
      deliver_to_alias(me, d + i);
    tell(d + i, me->kind == PROCESS_MAILBOX);
  }
}
