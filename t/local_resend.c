/* Forwards and aliases, with doors `queue` and `alias` that are answered by the test: what the new message
   holds, whose name it goes in, and what becomes of it when a door is down. */
#include <sys/un.h>
#include "t/local_runner.h"
#include "lib/question.h"

static pid_t queue_pid, alias_pid;
static char const answer_id[] = "0123456789ABCDEFGHIJ";

static int listen_at(char const *name)
{
  struct sockaddr_un to = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  snprintf(to.sun_path, sizeof to.sun_path, "run/%s", name);
  unlink(to.sun_path);
  assert_int_equal(bind(fd, (struct sockaddr *)&to, sizeof to), 0);
  assert_int_equal(chmod(to.sun_path, 0666), 0);
  assert_int_equal(listen(fd, 10), 0);
  return fd;
}

static void write_envelope(int fd, envelope const *e, uid_t uid)
{
  dprintf(fd, "uid %u\nsender %s\nparent %s %d\nenvid %s\n", (unsigned int)uid, envelope_string(e, e->sender),
          envelope_string(e, e->parent), e->parent_claimed, envelope_string(e, e->envid));
  for (size_t i = 0; i < envelope_count(e); i++) {
    envelope_rcpt const *r = envelope_rcpts(e) + i;
    dprintf(fd, "to %s original %s orcpt %s notify %d\n", envelope_string(e, r->address),
            envelope_string(e, r->original), envelope_string(e, r->orcpt), r->notify);
  }
}

/* One message a connection, to the file `queued`; a sender that begins with "full" or "bad" is refused. */
static void serve_queue(int s)
{
  for (;;) {
    static door d;
    envelope e = ENVELOPE_ZERO;
    submission_stream in = SUBMISSION_STREAM(&d);
    char body[70000];
    uid_t uid = 0;
    result r;
    ssize_t n;
    int out = open("queued.new", O_WRONLY | O_CREAT | O_TRUNC, 0644);
    int fd = accept(s, 0, 0);
    (void)door_peer(fd, &uid);
    door_init(&d, fd, DOOR_REFUSE_FDS);
    if (submission_take_envelope(&d, &e, soon()) != ENVELOPE_OK)
      _exit(1);
    write_envelope(out, &e, uid);
    while ((n = submission_read(&in, body, sizeof body, soon())) > 0)
      (void)!write(out, body, (size_t)n);
    char const *sender = envelope_string(&e, e.sender);
    result_set(&r,
               !strncmp(sender, "full", 4)  ? RESULT_TEMPORARY
               : !strncmp(sender, "bad", 3) ? RESULT_PERMANENT
                                            : RESULT_OK,
               STATUS_NONE, "said the queue");
    if (!n) {
      rename("queued.new", "queued");
      (void)submission_reply(&d, &r, r.class == RESULT_OK ? answer_id : 0, soon());
    }
    door_close(&d);
    close(out);
    envelope_free(&e);
  }
}

static void put_targets(stralloc *sa, char const *name)
{
  result r;
  stralloc packed = STRALLOC_ZERO;
  if (!strcmp(name, "list")) {
    char include[300];
    snprintf(include, sizeof include, ":include:%s/list", house);
    record_puts(sa, ANSWER_OWNER, "owner-list@host.example");
    record_puts(sa, ANSWER_TARGET, include);
  } else if (!strcmp(name, "prog")) {
    record_puts(sa, ANSWER_TARGET, "|cat >/dev/null; echo as $(id -u) in $(pwd) for $USER; exit 67");
  } else {
    result_set(&r, RESULT_PERMANENT, STATUS_UNKNOWN_MAILBOX, "no such alias");
    result_pack(&packed, &r);
    record_put(sa, ANSWER_RESULT, packed.s, packed.len);
  }
}

/* Closes after each answer of the name "prog", so that a kept door breaks. */
static void serve_alias(int s)
{
  for (;;) {
    static door d;
    frame f;
    door_init(&d, accept(s, 0, 0), DOOR_REFUSE_FDS);
    while (door_wait(&d, &f, soon())) {
      record_reader in = RECORD_READER(f.s, f.len);
      record one;
      char name[100];
      stralloc sa = STRALLOC_ZERO;
      if (f.type != QUESTION_TARGETS || record_next(&in, &one) != RECORD_ONE ||
          !record_string(&one, name, sizeof name))
        _exit(1);
      put_targets(&sa, name);
      (void)door_put(&d, ANSWER_LAST, sa.s, sa.len);
      (void)door_send(&d, soon());
      stralloc_free(&sa);
      if (!strcmp(name, "prog"))
        break;
    }
    door_close(&d);
  }
}

static pid_t serve_by(void (*serve)(int), char const *name)
{
  int s = listen_at(name);
  pid_t pid = fork();
  if (!pid)
    serve(s);
  close(s);
  return pid;
}

static int setup(void **state)
{
  assert_int_equal(runner_setup(state), 0);
  queue_pid = serve_by(&serve_queue, "queue");
  alias_pid = serve_by(&serve_alias, "alias");
  return 0;
}

static int teardown(void **state)
{
  kill(queue_pid, SIGKILL);
  kill(alias_pid, SIGKILL);
  return runner_teardown(state);
}

static void user_file(char const *name, char const *text)
{
  put_file(name, text, 0600);
  if (ids.root)
    assert_int_equal(chown(in_house(name), ALICE, ALICE), 0);
}

static job_done *send_from(door *x, char const *sender, char const *body)
{
  job j;
  snprintf(me.u.name, sizeof me.u.name, "alice");
  fill_job(&j, sender, "alice@host.example", body, strlen(body));
  memcpy(j.id, "PARENT0000PARENT0000", ID_LEN);
  assert_true(envelope_set(&j.e, &j.e.envid, "env", 3));
  envelope_rcpts(&j.e)->notify = NOTIFY_FAILURE;
  assert_true(envelope_rcpt_set(&j.e, 0, offsetof(envelope_rcpt, orcpt), "rfc822;a@b", 10));
  assert_true(envelope_rcpt_set(&j.e, 0, offsetof(envelope_rcpt, original), "info@host.example", 17));
  assert_int_equal(job_put(x, &j), 1);
  job_free(&j);
  return wait_done(x);
}

static void forwards_to_one(void **state)
{
  char want[1000];
  door x;
  (void)state;
  ask_ok(&x, PROCESS_PLAIN, "alice");
  user_file("home/.forward", "bob@example.org\n");
  job_done *d = send_from(&x, "s@x.org", "Return-Path: <old>\nA: b\n\nc\n");
  assert_result(d->results, RESULT_OK, "forwarded as 0123456789ABCDEFGHIJ");
  snprintf(want, sizeof want,
           "uid %u\nsender s@x.org\nparent PARENT0000PARENT0000 1\nenvid env\n"
           "to bob@example.org original info@host.example orcpt rfc822;a@b notify 4\n"
           "Delivered-To: alice@host.example\nA: b\n\nc\n",
           ids.root ? ALICE : (unsigned int)ids.owner);
  assert_text(get_file("queued"), want);
  door_close(&x);
}

static void forwards_to_many(void **state)
{
  static char body[300000] = "A: b\n\n";
  char want[1000];
  door x;
  (void)state;
  memset(body + 6, 'x', sizeof body - 8);
  ask_ok(&x, PROCESS_PLAIN, "alice");
  user_file("home/.forward", "bob@example.org, carol@example.org, bob@example.org\n~/copy\n");
  job_done *d = send_from(&x, "", body);
  assert_result(d->results, RESULT_OK, "forwarded as");
  snprintf(want, sizeof want,
           "uid %u\nsender \nparent PARENT0000PARENT0000 1\nenvid \n"
           "to bob@example.org original info@host.example orcpt  notify 0\n"
           "to carol@example.org original info@host.example orcpt  notify 0\n"
           "Delivered-To: alice@host.example\n",
           ids.root ? ALICE : (unsigned int)ids.owner);
  char const *got = get_file("queued");
  assert_int_equal(strncmp(got, want, strlen(want)), 0);
  assert_text(got + strlen(want), body);
  assert_true(exists("home/copy"));
  door_close(&x);
}

static void passes_the_kind_on(void **state)
{
  door x;
  (void)state;
  ask_ok(&x, PROCESS_PLAIN, "alice");
  user_file("home/.forward", "bob@example.org\n");
  assert_result(send_from(&x, "full@x.org", "A: b\n\n")->results, RESULT_TEMPORARY, "said the queue");
  assert_result(send_from(&x, "bad@x.org", "A: b\n\n")->results, RESULT_PERMANENT, "said the queue");
  kill(queue_pid, SIGKILL);
  waitpid(queue_pid, 0, 0);
  assert_result(send_from(&x, "s@x.org", "A: b\n\n")->results, RESULT_TEMPORARY,
                "unable to knock at the queue");
  queue_pid = serve_by(&serve_queue, "queue");
  assert_result(send_from(&x, "s@x.org", "A: b\n\n")->results, RESULT_OK, "forwarded");
  assert_result(send_from(&x, "s@x.org", "Delivered-To: alice@host.example\n\n")->results, RESULT_PERMANENT,
                "loops");
  unlink("home/.forward");
  door_close(&x);
}

static void runs_an_alias(void **state)
{
  char want[1000];
  door x;
  (void)state;
  ask_ok(&x, PROCESS_ALIAS, "list");
  put_file("list", "bob@example.org\ncarol\n", 0644);
  job_done *d = one_job(&x, "list", "", "list@host.example", "A: b\n\nc\n");
  assert_result(d->results, RESULT_OK, "forwarded as");
  snprintf(want, sizeof want, "uid %u\nsender owner-list@host.example\n",
           ids.root ? SUITE + TERNX : (unsigned int)ids.owner);
  assert_int_equal(strncmp(get_file("queued"), want, strlen(want)), 0);
  assert_non_null(strstr(get_file("queued"), "to carol@host.example original list@host.example"));
  assert_non_null(strstr(get_file("queued"), "\nDelivered-To: list@host.example\nA: b\n"));
  for (int i = 0; i < 3; i++) { /* the door breaks after each */
    snprintf(want, sizeof want, "as %u in / for ternx", ids.root ? SUITE + TERNX : (unsigned int)ids.owner);
    assert_result(one_job(&x, "prog", "", "prog@host.example", "A: b\n\n")->results, RESULT_PERMANENT, want);
  }
  assert_result(one_job(&x, "none", "", "none@host.example", "A: b\n\n")->results, RESULT_PERMANENT,
                "no such alias");
  /* others may write the list: addresses only; as ternx, so that a private list can't be read */
  put_file("list", "bob@example.org\n|prog\n", 0666);
  assert_result(one_job(&x, "list", "", "list@host.example", "A: b\n\n")->results, RESULT_TEMPORARY,
                "addresses only");
  if (ids.root) {
    put_file("list", "bob@example.org\n", 0600);
    assert_result(one_job(&x, "list", "", "list@host.example", "A: b\n\n")->results, RESULT_TEMPORARY,
                  "Permission denied");
  }
  kill(alias_pid, SIGKILL);
  waitpid(alias_pid, 0, 0);
  assert_result(one_job(&x, "list", "", "list@host.example", "A: b\n\n")->results, RESULT_TEMPORARY,
                "door alias");
  door_close(&x);
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(forwards_to_one), cmocka_unit_test(forwards_to_many),
                                     cmocka_unit_test(passes_the_kind_on), cmocka_unit_test(runs_an_alias)};
  return cmocka_run_group_tests(tests, setup, teardown);
}
