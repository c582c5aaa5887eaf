/* deliver - for each kind of process, the steps. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "lib/log.h"
#include "local/alias.h"
#include "local/deliver.h"
#include "local/failure.h"
#include "local/forward.h"
#include "local/maildir.h"
#include "local/mbox.h"
#include "local/program.h"
#include "local/resend.h"
#include "local/target.h"

static maildir home_maildir = MAILDIR_ZERO;
static maildir other_maildir = MAILDIR_ZERO;

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

/* ---- one target after another */

static void to_file(char const *path, copy *m, result *r)
{
  mbox b;
  if (!strcmp(path, "/dev/null")) {
    result_set(r, RESULT_OK, STATUS_NONE, "thrown away");
    return;
  }
  if (!mbox_open(&b, path, MBOX_FILE, MBOX_WAIT, r))
    return;
  if (!mbox_append(&b, m, r)) {
    result close_result;
    (void)mbox_close(&b, &close_result);
  } else if (mbox_close(&b, r))
    result_set(r, RESULT_OK, STATUS_NONE, "delivered to %s", path);
}

static void to_maildir(self const *me, maildir *dir, int at, char const *path, copy *m, result *r)
{
  maildir_file f;
  if (maildir_open(dir, at, path, r) && maildir_write(dir, m, control_line(me->c, CONTROL_ME), &f, r))
    maildir_settle(dir, &f, 1);
}

/* The user's own mailbox among other targets. */
static void to_self(self const *me, delivery *d, result *r)
{
  char path[SELF_PATH_MAX];
  switch (self_place_of(me, path)) {
  case SELF_MAILDIR: to_maildir(me, &home_maildir, me->home, path, &d->m, r); return;
  case SELF_SPOOL:
    d->to_mailbox = 1;
    result_set(r, RESULT_OK, STATUS_NONE, "left to the mailbox");
    return;
  default: result_set(r, RESULT_TEMPORARY, STATUS_MISCONFIGURED, "control/mailbox names no mailbox");
  }
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

static void to_target(self const *me, targets const *t, target const *one, delivery *d, result *r)
{
  char const *text = targets_text(t, one);
  switch (one->kind) {
  case TARGET_PROGRAM:
    settle(); /* nobody waits for a program, or for a lock, but who asked for it */
    program_run(me, text, &d->m, r);
    return;
  case TARGET_FILE:
    settle();
    to_file(text, &d->m, r);
    return;
  case TARGET_MAILDIR: to_maildir(me, &other_maildir, AT_FDCWD, text, &d->m, r); return;
  case TARGET_SELF: to_self(me, d, r); return;
  case TARGET_ADDRESS: return;
  }
}

/* One more outcome: 0 if it ends the matter. A permanent failure stays, and the first is the one to be told.
 */
static int note(delivery *d, result const *r)
{
  if (r->class == RESULT_TEMPORARY) {
    d->r = *r;
    d->to_mailbox = 0;
    return 0;
  }
  if (d->r.class != RESULT_PERMANENT)
    d->r = *r;
  return 1;
}

static void deliver_to_targets(self const *me, targets const *t, char const *owner, delivery *d)
{
  target const *one = targets_get(t);
  result r = RESULT_ZERO;
  d->done = 1;
  result_set(&d->r, RESULT_OK, STATUS_NONE, "nothing to be done");
  if (self_is_alone()) {
    failure_set(&d->r, ECONNRESET, "answer for", d->m.recipient);
    return;
  }
  for (size_t i = 0; i < targets_count(t); i++, one++) {
    if (one->kind == TARGET_ADDRESS)
      continue;
    to_target(me, t, one, d, &r);
    if (!note(d, &r))
      return;
  }
  if (t->n_addresses) {
    resend(&d->m, t, owner, &r);
    if (!note(d, &r))
      return;
  }
  if (d->r.class == RESULT_PERMANENT)
    d->to_mailbox = 0;
}

/* ---- a user */

static void tell_ignored(self const *me, delivery const *d, char const *path, char const *why)
{
  log_event(d->j->id, "warning", "ignored", path, "user", me->u.name, "reason", why, (char *)0);
}

/* Does what a .forward says; `done` stays 0 if there is none: the default. */
static void follow(self *me, delivery *d)
{
  targets t;
  char path[SELF_PATH_MAX];
  char const *why;
  targets_init(&t);
  switch (forward_find(me, envelope_string(&d->j->e, d->j->ext), &t, path, &why, &d->r)) {
  case FORWARD_NONE: break;
  case FORWARD_IGNORED: tell_ignored(me, d, path, why); break;
  case FORWARD_ERROR: d->done = 1; break;
  case FORWARD_OBEY: deliver_to_targets(me, &t, 0, d); break;
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
  default: to_self(me, d, &d->r); return 0;
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
  stralloc owner = STRALLOC_ZERO;
  load(me, d);
  if (d->done)
    return;
  targets_init(&t);
  if (local_alias_targets(&f, envelope_string(&d->j->e, d->j->name), &owner, &d->r))
    deliver_to_targets(me, &t, owner.len ? owner.s : 0, d);
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
