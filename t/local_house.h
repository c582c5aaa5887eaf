/* local_house - what the tests of local/ share: a folder of their own, files, jobs made by hand, and a
   process that looks like one of the root door's (SELF_CHANNEL, SELF_GONE). Nothing outside the folder is
   touched. */
#ifndef TERN_T_LOCAL_HOUSE_H
#define TERN_T_LOCAL_HOUSE_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <skalibs/djbunix.h>
#include <skalibs/tai.h>
#include "lib/control.h"
#include "lib/job.h"
#include "local/self.h"

static char house[] = "/tmp/tern-local.XXXXXX";
static control settings = CONTROL_ZERO;
static self me;
static int channel_end = -1, gone_end = -1; /* the other ends of SELF_CHANNEL and SELF_GONE */

__attribute__((unused)) static char const *in_house(char const *name)
{
  static char path[4][512];
  static unsigned int i;
  i = (i + 1) % 4;
  snprintf(path[i], sizeof path[i], "%s/%s", house, name);
  return path[i];
}

__attribute__((unused)) static void put_bytes(char const *name, char const *s, size_t len, mode_t mode)
{
  char const *path = in_house(name);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, s, len), len);
  assert_int_equal(fchmod(fd, mode), 0);
  close(fd);
}

__attribute__((unused)) static void put_file(char const *name, char const *text, mode_t mode)
{
  put_bytes(name, text, strlen(text), mode);
}

/* The whole file; "" and a note if it is not there. */
__attribute__((unused)) static char const *get_file(char const *name)
{
  static stralloc sa = STRALLOC_ZERO;
  sa.len = 0;
  if (!openslurpclose(&sa, in_house(name)))
    print_message("no file %s: %s\n", name, strerror(errno));
  assert_true(stralloc_0(&sa));
  return sa.s;
}

__attribute__((unused)) static int exists(char const *name)
{
  struct stat st;
  return !lstat(in_house(name), &st);
}

static void set(char const *name, char const *value)
{
  char path[64];
  snprintf(path, sizeof path, "control/%s", name);
  put_file(path, value, 0644);
}

static void read_settings(void)
{
  static enum control_name const names[] = {CONTROL_ME,
                                            CONTROL_LOCALS,
                                            CONTROL_USERS,
                                            CONTROL_MAILBOX,
                                            CONTROL_RECIPIENTDELIMITER,
                                            CONTROL_CONCURRENCYLOCAL,
                                            CONTROL_TIMEOUTDRAIN};
  stralloc problem = STRALLOC_ZERO;
  if (!control_read(&settings, names, sizeof names / sizeof *names, 1, &problem))
    fail_msg("settings: %s", problem.s);
}

/* Descriptors 3 and 4 as a user's process has them. */
static void open_ends(void)
{
  int s[2], p[2], high[4];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, s), 0);
  assert_int_equal(pipe2(p, O_CLOEXEC), 0);
  high[0] = fcntl(s[0], F_DUPFD_CLOEXEC, 20);
  high[1] = fcntl(s[1], F_DUPFD_CLOEXEC, 20);
  high[2] = fcntl(p[0], F_DUPFD_CLOEXEC, 20);
  high[3] = fcntl(p[1], F_DUPFD_CLOEXEC, 20);
  close(s[0]), close(s[1]), close(p[0]), close(p[1]);
  channel_end = high[1];
  gone_end = high[3];
  assert_int_equal(dup3(high[0], SELF_CHANNEL, O_CLOEXEC), SELF_CHANNEL);
  assert_int_equal(dup3(high[2], SELF_GONE, O_CLOEXEC), SELF_GONE);
  close(high[0]);
  close(high[2]);
}

static void become_self(enum process_kind kind, char const *name)
{
  memset(&me, 0, sizeof me);
  me.kind = kind;
  me.asked = name;
  me.c = &settings;
  me.home = -1;
  snprintf(me.u.name, sizeof me.u.name, "%s", name);
  me.u.uid = geteuid();
  me.u.gid = getegid();
  snprintf(me.u.home, sizeof me.u.home, "%s/home", house);
  strcpy(me.u.shell, "/bin/sh");
}

__attribute__((unused)) static int house_setup(void **state)
{
  (void)state;
  tain_now_set_stopwatch_g();
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  umask(022);
  setenv("TZ", "UTC", 1);
  assert_non_null(mkdtemp(house));
  assert_int_equal(chmod(house, 0755), 0);
  assert_int_equal(chdir(house), 0);
  assert_int_equal(mkdir("control", 0755), 0);
  assert_int_equal(mkdir("run", 0755), 0);
  assert_int_equal(mkdir("home", 0755), 0);
  assert_int_equal(mkdir("spool", 0777), 0);
  set("me", "host.example");
  set("locals", "host.example\nlocalhost\n");
  set("mailbox", "Maildir/");
  read_settings();
  open_ends();
  become_self(PROCESS_PLAIN, "alice");
  return 0;
}

__attribute__((unused)) static int house_teardown(void **state)
{
  (void)state;
  assert_int_equal(chdir("/"), 0);
  return rm_rf(house) < 0;
}

/* A queue file: 4096 octets of something else, then the body. */
__attribute__((unused)) static void fill_job(job *j, char const *sender, char const *recipient,
                                             char const *body, size_t len)
{
  static unsigned int count;
  char name[32];
  int fd;
  *j = (job)JOB_ZERO;
  snprintf(name, sizeof name, "message.%u", ++count);
  fd = open(in_house(name), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  assert_true(fd >= 0);
  assert_int_equal(pwrite(fd, body, len, 4096), len);
  j->fd = open(in_house(name), O_RDONLY | O_CLOEXEC);
  close(fd);
  unlink(in_house(name));
  j->number = count;
  j->offset = 4096;
  j->length = len;
  snprintf(j->id, sizeof j->id, "0ABCDEFGHIJKLMNOP%03u", count % 1000);
  assert_true(envelope_set_sender(&j->e, sender, strlen(sender)));
  assert_non_null(envelope_add(&j->e, recipient, strlen(recipient)));
  assert_true(envelope_set(&j->e, &j->name, me.u.name, strlen(me.u.name)));
}

__attribute__((unused)) static void fill_ext(job *j, char const *ext)
{
  assert_true(envelope_set(&j->e, &j->ext, ext, strlen(ext)));
}

#define assert_text(got, want)                                                                               \
  do {                                                                                                       \
    if (strcmp((got), (want)))                                                                               \
      fail_msg("got \"%s\", want \"%s\"", (got), (want));                                                    \
  } while (0)
#define assert_result(r, want, part)                                                                         \
  do {                                                                                                       \
    result const *got_ = (r);                                                                                \
    if (got_->class != (want) || !strstr(got_->text, (part)))                                                \
      fail_msg("got %c \"%s\", want %c \"..%s..\"", got_->class, got_->text, (want), (part));                \
  } while (0)

#endif
