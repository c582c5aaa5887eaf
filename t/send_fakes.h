/* send_fakes - a HOME of its own with actors behind the doors that the runner knocks at: alias, local,
   remote, queue. What each does is chosen by the name or domain it is asked about; what it did stands in the
   file `told`, a line each. A file `play/X` switches an actor's part on. */
#ifndef TERN_T_SEND_FAKES_H
#define TERN_T_SEND_FAKES_H

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
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <skalibs/tai.h>
#include "lib/job.h"
#include "lib/question.h"
#include "lib/submission.h"
#include "queue/notice.h"
#include "queue/store.h"

static char fakes_home[64];

static void fakes_file(char const *path, char const *text)
{
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
  close(fd);
}

static int fakes_plays(char const *part)
{
  char path[64];
  snprintf(path, sizeof path, "play/%s", part);
  return access(path, F_OK) == 0;
}

static void fakes_play(char const *part, int on)
{
  char path[64];
  snprintf(path, sizeof path, "play/%s", part);
  if (on)
    fakes_file(path, "");
  else
    (void)unlink(path);
}

/* The part is played once: the first who takes it. */
static int fakes_once(char const *part)
{
  char path[64];
  snprintf(path, sizeof path, "play/%s", part);
  return unlink(path) == 0;
}

static void fakes_tell(char const *who, char const *what, char const *id_text, char const *whom)
{
  char line[2200];
  int fd = open("told", O_WRONLY | O_APPEND | O_CREAT, 0644);
  int n = snprintf(line, sizeof line, "%s %s %s %s\n", who, what, id_text, whom);
  if (write(fd, line, (size_t)n) != n)
    _exit(9);
  close(fd);
}

/* How often a line of `told` begins with this. */
static unsigned int fakes_told(char const *start)
{
  char line[4096];
  unsigned int n = 0;
  FILE *f = fopen("told", "r");
  while (f && fgets(line, sizeof line, f))
    n += !strncmp(line, start, strlen(start));
  if (f)
    fclose(f);
  return n;
}

/* ---- a server: a process for each connection */

static tain fakes_later;

static pid_t fakes_serve(char const *name, void (*serve)(int))
{
  struct sockaddr_un sa = {.sun_family = AF_UNIX};
  int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  pid_t pid;
  snprintf(sa.sun_path, sizeof sa.sun_path, "run/%s", name);
  (void)unlink(sa.sun_path);
  assert_true(s >= 0 && bind(s, (struct sockaddr *)&sa, sizeof sa) == 0 && listen(s, 64) == 0);
  pid = fork();
  if (pid) {
    close(s);
    return pid;
  }
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  (void)signal(SIGCHLD, SIG_IGN);
  for (int fd = 3; fd < 4096; fd++) /* the runner's messages, with their locks */
    if (fd != s)
      close(fd);
  tain_now_set_stopwatch_g();
  tain_addsec_g(&fakes_later, 600);
  for (;;) {
    int fd = accept4(s, 0, 0, SOCK_CLOEXEC);
    if (fd >= 0 && !fork()) {
      (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
      close(s);
      serve(fd);
      _exit(0);
    }
    close(fd);
  }
}

static void fakes_kill(pid_t pid)
{
  kill(pid, SIGKILL);
  waitpid(pid, 0, 0);
}

/* ---- alias: anna, bert, ... are users; "list" has an owner; "both" is anna and bert; "two"
   is anna of one owner and bert of another; "nobody" is nobody */

static int fakes_answer_one(stralloc *out, uint64_t index, char const *s, size_t len, unsigned char final,
                            int *expands)
{
  char name[256];
  size_t n = strcspn(s, "@");
  result r;
  if (n > len)
    n = len;
  memcpy(name, s, n);
  name[n] = 0;
  char meaning = MEANING_USER;
  if (!final && (!strcmp(name, "list") || !strcmp(name, "both") || !strcmp(name, "two")))
    meaning = MEANING_EXPAND, *expands = name[0];
  if (!strcmp(name, "nobody"))
    meaning = MEANING_UNKNOWN;
  if (!strcmp(name, "later"))
    meaning = MEANING_LATER;
  if (!strcmp(name, "prog"))
    meaning = MEANING_ALIAS;
  record_put_number(out, ANSWER_INDEX, index);
  record_put(out, ANSWER_MEANING, &meaning, 1);
  if (meaning == MEANING_USER || meaning == MEANING_ALIAS)
    record_put(out, ANSWER_NAME, name, strcspn(name, "+"));
  if (meaning == MEANING_USER && strchr(name, '+'))
    record_puts(out, ANSWER_EXT, strchr(name, '+') + 1);
  if (meaning == MEANING_UNKNOWN || meaning == MEANING_LATER) {
    char packed[600];
    stralloc p = {.s = packed, .len = 0, .a = sizeof packed};
    result_set(&r, meaning == MEANING_UNKNOWN ? RESULT_PERMANENT : RESULT_TEMPORARY, STATUS_UNKNOWN_MAILBOX,
               "%s is nobody here", name);
    result_pack(&p, &r);
    record_put(out, ANSWER_RESULT, p.s, p.len);
  }
  return 1;
}

static void fakes_member(stralloc *out, char const *address)
{
  char final = FINAL_USER;
  record_puts(out, ANSWER_MEMBER, address);
  record_put(out, ANSWER_FINAL, &final, 1);
  record_put_number(out, ANSWER_PARENT, 0);
}

static void fakes_alias(int fd)
{
  door d;
  frame f;
  stralloc asked = STRALLOC_ZERO;
  door_init(&d, fd, DOOR_REFUSE_FDS);
  while (door_wait(&d, &f, &fakes_later)) {
    stralloc out = STRALLOC_ZERO;
    record one;
    uint64_t index = 0;
    int expands = 0;
    stralloc_catb(&asked, f.s, f.len);
    if (f.type == QUESTION_RESOLVE_MORE)
      continue;
    if (fakes_once("alias-dies"))
      _exit(1);
    record_reader in = RECORD_READER(asked.s, asked.len);
    record_reader peek;
    while (record_next(&in, &one) == RECORD_ONE) {
      record next = {.type = 0};
      unsigned char final = 0;
      if (one.type != QUESTION_ADDRESS)
        continue;
      peek = in;
      if (record_next(&peek, &next) == RECORD_ONE && next.type == QUESTION_FINAL)
        final = (unsigned char)*next.s;
      fakes_answer_one(&out, index++, one.s, one.len, final, &expands);
    }
    if (expands == 't') {
      record_puts(&out, ANSWER_GROUP, "owner-a@here.test");
      fakes_member(&out, "anna@here.test");
      record_puts(&out, ANSWER_GROUP, "owner-b@here.test");
      fakes_member(&out, "bert@here.test");
    } else if (expands) {
      record_puts(&out, ANSWER_GROUP, expands == 'l' ? "owner-list@here.test" : "");
      fakes_member(&out, "anna@here.test");
      fakes_member(&out, "bert@here.test");
    }
    if (fakes_once("alias-nonsense"))
      out.len /= 2;
    door_put(&d, ANSWER_LAST, out.s, out.len);
    door_send(&d, &fakes_later);
    asked.len = 0;
    stralloc_free(&out);
  }
}

/* ---- local: a process for each ask. By name: mbox has no .forward; perm, temp fail so; slow never answers;
   dies dies while play/dies is there; liar answers for jobs that are not his; refused is no user; cannot
   can't become himself. */

static void fakes_agent(int fd, enum process_kind kind, char const *name)
{
  door d;
  frame f;
  job j = JOB_ZERO;
  result r;
  char who[32];
  door_init(&d, fd, DOOR_ACCEPT_FDS);
  result_set(&r, !strcmp(name, "cannot") ? RESULT_TEMPORARY : RESULT_OK, STATUS_SYSTEM, "hello");
  job_put_hello(&d, &r);
  door_send(&d, &fakes_later);
  snprintf(who, sizeof who, "local-%c", (char)kind);
  while (door_wait(&d, &f, &fakes_later)) {
    if (!job_take(&j, &f))
      _exit(2);
    char const *to = envelope_string(&j.e, envelope_rcpts(&j.e)->address);
    fakes_tell("job", name, j.id, to);
    if (!strcmp(name, "dies") && fakes_plays("dies"))
      _exit(3);
    if (!strcmp(name, "once") && fakes_once("once"))
      _exit(3);
    if (!strcmp(name, "slow") && fakes_plays("slow"))
      pause();
    result_set(&r, RESULT_OK, STATUS_NONE, "delivered");
    if (!strcmp(name, "perm"))
      result_set(&r, RESULT_PERMANENT, STATUS_MAILBOX_FULL, "his mailbox is full");
    if (((!strcmp(name, "temp") || !strcmp(name, "beside")) && fakes_plays("temp")) ||
        (!strcmp(name, "half") && fakes_plays("half-later")))
      result_set(&r, RESULT_TEMPORARY, STATUS_MAILBOX, "his mailbox is locked");
    if (!strcmp(name, "liar") && fakes_plays("liar"))
      job_put_done(&d, j.number + 1, &r, 1, 0);
    else if ((!strcmp(name, "mbox") || !strcmp(name, "beside")) && kind == PROCESS_PLAIN)
      job_put_to_mailbox(&d, j.number, !strcmp(name, "beside"), 0);
    else if (!strcmp(name, "half") && kind == PROCESS_PLAIN) {
      result_set(&r, RESULT_PERMANENT, STATUS_UNKNOWN_MAILBOX, "his program is broken");
      job_put_to_mailbox(&d, j.number, 0, &r);
    } else {
      if (r.class == RESULT_OK)
        fakes_tell(who, name, j.id, to);
      job_put_done(&d, j.number, &r, 1, 0);
    }
    door_send(&d, &fakes_later);
  }
}

static void fakes_local(int fd)
{
  static pid_t pids[4096];
  enum process_kind kind;
  char name[PROCESS_NAME_MAX];
  uint64_t number = 0, n;
  door d;
  frame f;
  door_init(&d, fd, DOOR_REFUSE_FDS);
  while (door_wait(&d, &f, &fakes_later)) {
    int pair[2];
    result r;
    if (process_take_kill(&f, &n)) {
      fakes_tell("killed", "-", "-", "-");
      if (n < 4096)
        kill(pids[n], SIGKILL);
      continue;
    }
    if (!process_take_ask(&f, &kind, name) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
      _exit(4);
    if (!strcmp(name, "refused")) {
      result_set(&r, RESULT_PERMANENT, STATUS_UNKNOWN_MAILBOX, "there is no user of that name");
      process_put_refused(&d, &r);
      close(pair[0]);
      close(pair[1]);
    } else {
      pids[++number % 4096] = fork();
      if (!pids[number % 4096]) {
        close(pair[0]);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(d.fd);
        fakes_agent(pair[1], kind, name);
        _exit(0);
      }
      close(pair[1]);
      fakes_tell("process", name, "-", "-");
      process_put_channel(&d, number, pair[0]);
    }
    door_send(&d, &fakes_later);
  }
}

/* ---- remote: by domain. ok.test takes all; mixed.test the first only; down.test does not answer while
 * play/down is there, hold.test takes its time while play/hold is there */

static void fakes_remote(int fd)
{
  static result r[JOB_RCPT_MAX];
  job j = JOB_ZERO;
  door d;
  frame f;
  door_init(&d, fd, DOOR_ACCEPT_FDS);
  while (door_wait(&d, &f, &fakes_later)) {
    if (!job_take(&j, &f))
      _exit(2);
    char const *domain = envelope_string(&j.e, j.domain);
    size_t n = envelope_count(&j.e);
    fakes_tell("remote", domain, j.id,
               *envelope_string(&j.e, j.route) ? envelope_string(&j.e, j.route) : "mx");
    if (!strcmp(domain, "dies.test") && fakes_once("remote-dies"))
      _exit(3);
    while (!strcmp(domain, "hold.test") && fakes_plays("hold"))
      (void)usleep(10000);
    for (size_t k = 0; k < n; k++) {
      result_set(r + k, RESULT_OK, STATUS_NONE, "250 2.0.0 Ok");
      if (!strcmp(domain, "mixed.test") && k % 3 == 1)
        result_set(r + k, RESULT_PERMANENT, STATUS_UNKNOWN_MAILBOX, "550 5.1.1 no such user");
      if (!strcmp(domain, "mixed.test") && k % 3 == 2 && fakes_plays("temp"))
        result_set(r + k, RESULT_TEMPORARY, STATUS_MAILBOX, "450 4.2.0 later");
      if (!strcmp(domain, "down.test") && fakes_plays("down"))
        result_set(r + k, RESULT_TEMPORARY, STATUS_NO_ANSWER, "connection refused");
      if (r[k].class == RESULT_OK)
        fakes_tell("relayed", domain, j.id, envelope_string(&j.e, envelope_rcpts(&j.e)[k].address));
    }
    job_put_done(&d, j.number, r, n, fakes_plays("down") ? 0 : "mx.test[192.0.2.1]:25");
    door_send(&d, &fakes_later);
  }
}

/* ---- queue: the real store. play/queue-refuses: all are refused; play/queue-later: for now */

static void fakes_reply(door *d, enum result_class class, char const *id_text)
{
  result r;
  result_set(&r, class, STATUS_NONE, "so be it");
  submission_reply(d, &r, id_text, &fakes_later);
}

static void fakes_queue(int fd)
{
  envelope e = ENVELOPE_ZERO;
  stralloc records = STRALLOC_ZERO, body = STRALLOC_ZERO;
  store_new m = STORE_NEW_ZERO;
  char buffer[65536], text[ID_LEN + 1];
  int notice = -1;
  ssize_t n;
  door d;
  door_init(&d, fd, DOOR_REFUSE_FDS);
  submission_stream in = {.d = &d};
  if (submission_take_envelope(&d, &e, &fakes_later) != ENVELOPE_OK)
    _exit(0);
  while ((n = submission_read(&in, buffer, sizeof buffer, &fakes_later)) > 0)
    stralloc_catb(&body, buffer, (size_t)n);
  if (n < 0 || fakes_once("queue-dies"))
    _exit(0);
  if (fakes_plays("queue-refuses") || fakes_once("queue-refuses-once")) {
    fakes_reply(&d, RESULT_PERMANENT, 0);
    return;
  }
  if (fakes_plays("queue-later") ||
      (fakes_plays("queue-later-b") && !strcmp(envelope_string(&e, e.sender), "owner-b@here.test"))) {
    fakes_reply(&d, RESULT_TEMPORARY, 0);
    return;
  }
  envelope_pack_all(&e, &records);
  struct iovec v = {.iov_base = body.s, .iov_len = body.len};
  if (!store_begin(&m, (unsigned int)getpid() % 1000, &records, envelope_count(&e), getuid()) ||
      !store_commit(&m, &v, 1))
    _exit(5);
  id_fmt(text, &m.i);
  for (size_t k = 0; k < envelope_count(&e); k++)
    fakes_tell("queued", envelope_string(&e, e.sender)[0] ? envelope_string(&e, e.sender) : "<>", text,
               envelope_string(&e, envelope_rcpts(&e)[k].address));
  notice_tell(&notice, &m.i);
  fakes_reply(&d, RESULT_OK, text);
}

/* ---- the house */

static int fakes_enter(void)
{
  strcpy(fakes_home, "/tmp/tern-send.XXXXXX");
  if (!mkdtemp(fakes_home) || chdir(fakes_home))
    return 0;
  if (mkdir("queue", 0755))
    return 0;
  for (char const *f = STORE_FOLDERS; *f; f++) {
    char path[16];
    snprintf(path, sizeof path, "queue/%c", *f);
    if (mkdir(path, 0755))
      return 0;
  }
  return !mkdir("queue/bad", 0755) && !mkdir("run", 0755) && !mkdir("control", 0755) && !mkdir("play", 0755);
}

static void fakes_leave(void)
{
  char command[96];
  snprintf(command, sizeof command, "rm -rf %s", fakes_home);
  if (chdir("/") || system(command))
    fail();
}

#endif
