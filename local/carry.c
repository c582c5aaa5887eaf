/* carry - programs, files, Maildirs, then all addresses as one message. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include "local/carry.h"
#include "local/failure.h"
#include "local/maildir.h"
#include "local/mbox.h"
#include "local/program.h"
#include "local/resend.h"

static maildir own_maildir = MAILDIR_ZERO;
static maildir other_maildir = MAILDIR_ZERO;

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

void carry_to_self(self const *me, delivery *d, result *r)
{
  char path[SELF_PATH_MAX];
  switch (self_place_of(me, path)) {
  case SELF_MAILDIR: to_maildir(me, &own_maildir, me->home, path, &d->m, r); return;
  case SELF_SPOOL:
    d->to_mailbox = 1;
    result_set(r, RESULT_OK, STATUS_NONE, "left to the mailbox");
    return;
  default: result_set(r, RESULT_TEMPORARY, STATUS_MISCONFIGURED, "control/mailbox names no mailbox");
  }
}

/* 0: nothing after it is to be done. */
static int to_target(self const *me, rule const *u, target const *one, delivery *d, result *r)
{
  char const *text = targets_text(u->t, one);
  switch (one->kind) {
  case TARGET_PROGRAM:
    if (u->before_waiting)
      u->before_waiting(); /* nobody waits for a program, or for a lock, but who asked for it */
    return program_run(me, text, &d->m, u->q, r);
  case TARGET_FILE:
    if (u->before_waiting)
      u->before_waiting();
    to_file(text, &d->m, r);
    break;
  case TARGET_MAILDIR: to_maildir(me, &other_maildir, AT_FDCWD, text, &d->m, r); break;
  case TARGET_SELF: carry_to_self(me, d, r); break;
  case TARGET_ADDRESS: result_set(r, RESULT_OK, STATUS_NONE, "%s", "nothing to be done"); break;
  }
  return 1;
}

/* One more outcome: 0 if it ends the matter. A permanent failure stays, and the first is the one to be told;
   a .qmail goes no further. */
static int note(rule const *u, delivery *d, result const *r)
{
  if (r->class == RESULT_TEMPORARY) {
    d->r = *r;
    d->to_mailbox = 0;
    return 0;
  }
  if (d->r.class != RESULT_PERMANENT)
    d->r = *r;
  return !u->q || r->class != RESULT_PERMANENT;
}

/* 0: a failure ended it. */
static int all_but_addresses(self const *me, rule const *u, delivery *d)
{
  result r = RESULT_ZERO;
  for (size_t i = 0; i < targets_count(u->t); i++) {
    target const *one = targets_get(u->t) + i;
    int goes_on;
    if (one->kind == TARGET_ADDRESS)
      continue;
    goes_on = to_target(me, u, one, d, &r);
    if (!note(u, d, &r))
      return 0;
    if (!goes_on)
      targets_cut(u->t, i + 1);
  }
  return 1;
}

void carry(self const *me, rule const *u, delivery *d)
{
  result r = RESULT_ZERO;
  int failed;
  d->done = 1;
  result_set(&d->r, RESULT_OK, STATUS_NONE, "nothing to be done");
  if (self_is_alone()) {
    failure_set(&d->r, ECONNRESET, "answer for", d->m.recipient);
    return;
  }
  if (all_but_addresses(me, u, d) && u->t->n_addresses) {
    resend(&d->m, u->t, u->owner, &r);
    (void)note(u, d, &r);
    d->passed_on = u->t->n_addresses == 1 && targets_count(u->t) == 1 && !u->owner && r.class == RESULT_OK;
  }
  failed = d->r.class == RESULT_PERMANENT;
  if (failed && u->q)
    d->to_mailbox = 0;
  d->only = d->to_mailbox && !failed && targets_count(u->t) > 1;
}
