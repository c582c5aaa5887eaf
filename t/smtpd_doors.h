/* smtpd_doors - the doors behind a session under test, answered by small programs of the test:

   alias   knows u1, U2 (case kept), postmaster, "a b" and everybody at v.test; `later` is for later; nothing
   else queue   keeps each message as out/N: a line for each fact of the envelope, an empty line, the body.
   From drain@x.test it closes the first connection of each message without an answer; it refuses loop@x.test
   early and full@x.test at the end (452) */
#ifndef TERN_T_SMTPD_DOORS_H
#define TERN_T_SMTPD_DOORS_H

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
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "lib/question.h"
#include "lib/submission.h"

static int house_door(char const *name)
{
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  snprintf(at.sun_path, sizeof at.sun_path, "run/%s", name);
  unlink(at.sun_path);
  assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
  assert_int_equal(listen(fd, 100), 0);
  return fd;
}

static int house_accept(int listener, door *d, tain *deadline)
{
  int fd = accept(listener, 0, 0);
  if (fd < 0)
    _exit(1);
  door_init(d, fd, DOOR_REFUSE_FDS);
  tain_now_g();
  tain_addsec_g(deadline, 60);
  return fd;
}

static char house_meaning(char const *s, size_t len)
{
  static char const *const known[] = {"u1@", "U2@", "postmaster@", "\"a b\"@", "\xc3\xa9@"};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (len > strlen(known[i]) && !memcmp(s, known[i], strlen(known[i])))
      return MEANING_USER;
  if (len > 7 && !memcmp(s + len - 7, "@v.test", 7))
    return MEANING_EXPAND;
  if (len > 6 && !memcmp(s + len - 6, ".other", 6))
    return MEANING_ELSEWHERE;
  return len > 6 && !memcmp(s, "later@", 6) ? MEANING_LATER : MEANING_UNKNOWN;
}

static void house_be_alias(int listener)
{
  static door d;
  frame f;
  tain deadline;
  signal(SIGCHLD, SIG_IGN);
  for (;;) {
    house_accept(listener, &d, &deadline);
    if (fork()) { /* sessions keep their door: a process for each */
      door_close(&d);
      continue;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (door_wait(&d, &f, &deadline)) {
      record_reader in = RECORD_READER(f.s, f.len);
      stralloc out = STRALLOC_ZERO, packed = STRALLOC_ZERO;
      record one;
      result r = RESULT_ZERO;
      if (record_next(&in, &one) != RECORD_ONE)
        break;
      char meaning = house_meaning(one.s, one.len);
      result_set(&r, meaning == MEANING_LATER ? RESULT_TEMPORARY : RESULT_PERMANENT, STATUS_UNKNOWN_MAILBOX,
                 "fake");
      record_put(&out, ANSWER_MEANING, &meaning, 1);
      result_pack(&packed, &r);
      record_put(&out, ANSWER_RESULT, packed.s, packed.len);
      door_put(&d, ANSWER_LAST, out.s, out.len);
      if (!door_send(&d, &deadline))
        break;
      stralloc_free(&out);
      stralloc_free(&packed);
      tain_addsec_g(&deadline, 60);
    }
    _exit(0);
  }
}

static void house_store(envelope const *e, char const *body, size_t len)
{
  static unsigned int n;
  char path[32];
  snprintf(path, sizeof path, "out/%u.new", ++n);
  FILE *f = fopen(path, "w");
  fprintf(f, "from %s\n", envelope_string(e, e->sender));
  fprintf(f, "client %s %s %s\n", envelope_string(e, e->client_address), envelope_string(e, e->client_helo),
          envelope_string(e, e->protocol));
  if (e->envid || e->ret || e->body || e->smtputf8)
    fprintf(f, "envid %s ret %c body %c smtputf8 %d\n", envelope_string(e, e->envid), e->ret ? e->ret : '-',
            e->body ? e->body : '-', e->smtputf8);
  for (size_t i = 0; i < envelope_count(e); i++) {
    envelope_rcpt const *r = envelope_rcpts(e) + i;
    fprintf(f, "to %s", envelope_string(e, r->address));
    if (r->orcpt || r->notify || r->original)
      fprintf(f, " orcpt %s notify %u original %s", envelope_string(e, r->orcpt), r->notify,
              envelope_string(e, r->original));
    fputc('\n', f);
  }
  fputc('\n', f);
  if (len)
    fwrite(body, 1, len, f);
  fclose(f);
  char name[32];
  snprintf(name, sizeof name, "out/%u", n);
  rename(path, name);
}

static void house_be_queue(int listener)
{
  static door d;
  static char part[65536];
  int drained = 0;
  for (;;) {
    envelope e = ENVELOPE_ZERO;
    stralloc body = STRALLOC_ZERO;
    tain deadline;
    result r = RESULT_ZERO;
    ssize_t n = 1;
    house_accept(listener, &d, &deadline);
    submission_stream in = {.d = &d};
    if (submission_take_envelope(&d, &e, &deadline) == ENVELOPE_OK) {
      char const *from = envelope_string(&e, e.sender);
      int early = !strcmp(from, "loop@x.test");
      int drain = !strcmp(from, "drain@x.test") && !drained;
      while (!early && !drain && (n = submission_read(&in, part, sizeof part, &deadline)) > 0)
        stralloc_catb(&body, part, (size_t)n);
      drained = drain;
      result_set(&r, RESULT_OK, STATUS_NONE, "Ok");
      if (early)
        result_set(&r, RESULT_PERMANENT, STATUS_LOOP, "too many hops");
      if (!strcmp(from, "full@x.test"))
        result_set(&r, RESULT_TEMPORARY, STATUS_SYSTEM_FULL, "no space");
      if (!drain && (early || !n)) {
        if (r.class == RESULT_OK)
          house_store(&e, body.s, body.len);
        submission_reply(&d, &r, r.class == RESULT_OK ? "0000000000000000000V" : 0, &deadline);
      }
      if (early)
        usleep(20000); /* the answer is there before the door closes */
    }
    door_close(&d);
    envelope_free(&e);
    stralloc_free(&body);
  }
}

static pid_t house_fork(char const *name, void (*be)(int))
{
  int fd = house_door(name);
  pid_t pid = fork();
  if (!pid) {
    tain_now_set_stopwatch_g();
    (*be)(fd);
  }
  close(fd);
  return pid;
}

static void house_end(pid_t pid)
{
  kill(pid, SIGKILL);
  waitpid(pid, 0, 0);
}

#endif
