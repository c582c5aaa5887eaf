/* Tests lib/submission: both ends against each other over real sockets, cut at every kind of place; early
   answers, servers that go away, and clients that make no sense. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <skalibs/uint32.h>
#include "lib/checksum.h"
#include "lib/submission.h"

static char home[] = "/tmp/tern-submission.XXXXXX";

static int set_up(void **state)
{
  (void)state;
  signal(SIGPIPE, SIG_IGN);
  return !mkdtemp(home) || chdir(home) < 0 || mkdir("run", 0755) < 0 || !tain_now_set_stopwatch_g();
}

static int tear_down(void **state)
{
  char command[64];
  (void)state;
  snprintf(command, sizeof command, "rm -rf %s", home);
  return chdir("/") < 0 || system(command);
}

static tain soon(int seconds)
{
  tain t;
  tain_now_g();
  tain_addsec_g(&t, seconds);
  return t;
}

static void make_envelope(envelope *e, size_t rcpts)
{
  char address[64];
  assert_true(envelope_set_sender(e, "alice@example.org", 17));
  for (size_t k = 0; k < rcpts; k++)
    assert_non_null(envelope_add(e, address, (size_t)sprintf(address, "user%zu@example.org", k)));
}

static char *make_body(size_t len)
{
  char *s = malloc(len + 1);
  for (size_t k = 0; k < len; k++)
    s[k] = (char)(k * 13 + (k >> 9));
  return s;
}

static int listen_at_queue(void)
{
  struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "run/queue"};
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  unlink(a.sun_path);
  return bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 5) < 0 ? -1 : fd;
}

/* Reads a whole submission. Gives the checksum of its body and its length and recipients; 0: it did not end
 * well. */
static int serve(door *d, size_t piece, uint32_t *sum, size_t *len, size_t *rcpts)
{
  envelope e = ENVELOPE_ZERO;
  tain t = soon(20);
  submission_stream s = SUBMISSION_STREAM(d);
  char *buf = malloc(piece);
  ssize_t r;
  *sum = 0;
  *len = 0;
  int got = submission_take_envelope(d, &e, &t);
  if (got != ENVELOPE_OK)
    return 0;
  *rcpts = envelope_count(&e);
  while ((r = submission_read(&s, buf, piece, &t)) > 0) {
    *sum = checksum(*sum, buf, (size_t)r);
    *len += (size_t)r;
  }
  free(buf);
  envelope_free(&e);
  return !r;
}

/* A server for one client that says in its answer what it got. */
static pid_t start_server(int listener, size_t piece)
{
  pid_t pid = fork();
  if (pid)
    return pid;
  door d;
  uint32_t sum;
  size_t len, rcpts;
  id i;
  char id_text[ID_LEN + 1];
  result r = RESULT_ZERO;
  door_init(&d, accept(listener, 0, 0), DOOR_REFUSE_FDS);
  if (!serve(&d, piece, &sum, &len, &rcpts))
    _exit(1);
  id_make(&i, 1);
  id_fmt(id_text, &i);
  result_set(&r, RESULT_OK, STATUS_NONE, "%u %zu %zu", sum, len, rcpts);
  tain t = soon(5);
  _exit(submission_reply(&d, &r, id_text, &t) ? 0 : 2);
}

static void end_server(pid_t pid, char const *name)
{
  int wstat;
  assert_true(waitpid(pid, &wstat, 0) == pid);
  if (wstat)
    fail_msg("%s: got server status %x, want 0", name, wstat);
}

static void both_ends(void **state)
{
  static struct {
    char const *name;
    size_t rcpts, len, client_piece, server_piece;
  } const cases[] = {
      {"small", 1, 4096, 4096, 65536},
      {"nothing", 1, 0, 1, 65536},
      {"one octet", 1, 1, 1, 65536},
      {"single octets", 1, 5000, 1, 65536},
      {"odd pieces", 3, 200000, 777, 1000},
      {"at the size of what is kept", 1, 65536, 65536, 65536},
      {"around it", 1, 65536 * 2 + 8, 65532, 4096},
      {"more than a chunk", 1, 5 * 1048576 + 3, 5 * 1048576 + 3, 65536},
      {"all recipients", 10000, 100, 100, 65536},
  };
  int listener = listen_at_queue();
  (void)state;
  assert_true(listener >= 0);
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
    char id_text[ID_LEN + 1], want[100];
    submission s;
    envelope e = ENVELOPE_ZERO;
    result r;
    char *body = make_body(cases[k].len);
    pid_t pid = start_server(listener, cases[k].server_piece);
    tain t = soon(20);
    make_envelope(&e, cases[k].rcpts);
    assert_true(submission_open(&s, &e, &t));
    for (size_t at = 0; at < cases[k].len;) {
      size_t n = cases[k].len - at < cases[k].client_piece ? cases[k].len - at : cases[k].client_piece;
      assert_true(submission_body(&s, body + at, n, &t));
      at += n;
    }
    int ok = submission_end(&s, &r, id_text, &t);
    snprintf(want, sizeof want, "%u %zu %zu", checksum(0, body, cases[k].len), cases[k].len, cases[k].rcpts);
    if (!ok || strcmp(r.text, want) || strlen(id_text) != ID_LEN)
      fail_msg("%s: got %d \"%s\" %s, want 1 \"%s\"", cases[k].name, ok, r.text, id_text, want);
    submission_abort(&s);
    end_server(pid, cases[k].name);
    envelope_free(&e);
    free(body);
  }
  close(listener);
}

/* The bytes as they come over a socket in pieces of each size: no boundary matters. */
static void cut_anywhere(void **state)
{
  static size_t const chunks[] = {1, 10, 100, 4000, 3, 1, 5000, 5};
  stralloc wire = STRALLOC_ZERO;
  envelope e = ENVELOPE_ZERO;
  uint32_t want = 0;
  size_t want_len = 0;
  (void)state;
  make_envelope(&e, 40);
  assert_true(submission_pack(&wire, &e));
  for (size_t k = 0; k < sizeof chunks / sizeof chunks[0]; k++) {
    char head[4];
    char *body = make_body(chunks[k]);
    submission_chunk(head, chunks[k]);
    assert_true(stralloc_catb(&wire, head, 4) && stralloc_catb(&wire, body, chunks[k]));
    want = checksum(want, body, chunks[k]);
    want_len += chunks[k];
    free(body);
  }
  assert_true(stralloc_catb(&wire, "\0\0\0\0", 4));
  static size_t const pieces[] = {1, 3, 7, 1000, 4095, 4096, 4097, 65536};
  for (size_t k = 0; k < sizeof pieces / sizeof pieces[0]; k++)
    for (size_t max = 1; max <= 100000; max = max * 17 + 3) {
      int p[2];
      door d;
      uint32_t sum;
      size_t len, rcpts;
      assert_true(!socketpair(AF_UNIX, SOCK_STREAM, 0, p));
      pid_t pid = fork();
      if (!pid) {
        for (size_t at = 0; at < wire.len; at += pieces[k])
          if (send(p[1], wire.s + at, wire.len - at < pieces[k] ? wire.len - at : pieces[k], 0) < 0)
            _exit(1);
        _exit(0);
      }
      close(p[1]);
      door_init(&d, p[0], DOOR_REFUSE_FDS);
      int ok = serve(&d, max, &sum, &len, &rcpts);
      door_close(&d);
      end_server(pid, "writer");
      if (!ok || sum != want || len != want_len || rcpts != 40)
        fail_msg("pieces of %zu, reads of %zu: got %d %08x %zu %zu, want 1 %08x %zu 40", pieces[k], max, ok,
                 sum, len, rcpts, want, want_len);
    }
  envelope_free(&e);
  stralloc_free(&wire);
}

enum after { AFTER_ANSWER, AFTER_NOTHING, AFTER_NONSENSE };

/* A server that takes the envelope and then leaves, with or without a word. */
static void early_answers(void **state)
{
  static struct {
    char const *name;
    enum after after;
    size_t len;
    enum result_class class;
    char const *text;
  } const cases[] = {
      {"refused, small", AFTER_ANSWER, 100, RESULT_PERMANENT, "too big"},
      {"refused, large", AFTER_ANSWER, 10 * 1048576, RESULT_PERMANENT, "too big"},
      {"gone, small", AFTER_NOTHING, 100, RESULT_TEMPORARY, "the mail queue does not answer"},
      {"gone, large", AFTER_NOTHING, 10 * 1048576, RESULT_TEMPORARY, "the mail queue does not answer"},
      {"nonsense", AFTER_NONSENSE, 100, RESULT_TEMPORARY, "the mail queue's answer makes no sense"},
  };
  int listener = listen_at_queue();
  (void)state;
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
    pid_t pid = fork();
    tain t = soon(20);
    if (!pid) {
      door d;
      envelope e = ENVELOPE_ZERO;
      result r = RESULT_ZERO;
      door_init(&d, accept(listener, 0, 0), DOOR_REFUSE_FDS);
      if (submission_take_envelope(&d, &e, &t) != ENVELOPE_OK)
        _exit(1);
      result_set(&r, RESULT_PERMANENT, STATUS_TOO_BIG, "too big");
      if (cases[k].after == AFTER_ANSWER)
        _exit(!submission_reply(&d, &r, 0, &t));
      if (cases[k].after == AFTER_NONSENSE)
        _exit(!door_put(&d, 'x', "\377\377\377", 3) || !door_send(&d, &t));
      _exit(0);
    }
    submission s;
    envelope e = ENVELOPE_ZERO;
    result r;
    char id_text[ID_LEN + 1];
    char *body = make_body(cases[k].len);
    make_envelope(&e, 1);
    assert_true(submission_open(&s, &e, &t));
    (void)submission_body(&s, body, cases[k].len, &t);
    assert_false(submission_end(&s, &r, id_text, &t));
    if (r.class != cases[k].class || strncmp(r.text, cases[k].text, strlen(cases[k].text)))
      fail_msg("%s: got %c \"%s\", want %c \"%s\"", cases[k].name, r.class, r.text, cases[k].class,
               cases[k].text);
    end_server(pid, cases[k].name);
    envelope_free(&e);
    free(body);
  }
  close(listener);
}

/* What a hostile client may send after the envelope, or in its place. */
static void nonsense(void **state)
{
  static struct {
    char const *name;
    char const *s;
    size_t len;
    int want_envelope, want_errno;
  } const cases[] = {
      {"nothing", "", 0, -1, EPIPE},
      {"half a head", "\0\0", 2, -1, EPROTO},
      {"a huge frame", "\377\377\377\377\0\0\1e", 8, -1, EPROTO},
      {"another type", "\0\0\0\2\0\0\1x", 8, -1, EPROTO},
      {"another version", "\0\0\0\2\0\0\2e", 8, -1, EPROTO},
      {"descriptors", "\0\0\0\2\0\1\1e", 8, -1, EPROTO},
      {"a record that claims too much", "\0\0\0\6\0\0\1e\201\377\377x", 12, ENVELOPE_BROKEN, 0},
      {"a record that must be known", "\0\0\0\5\0\0\1e\377\0\0", 11, ENVELOPE_FOREIGN, 0},
      {"a NUL in an address", "\0\0\0\10\0\0\1e\202\0\3a\0b", 14, ENVELOPE_BROKEN, 0},
      {"a body that ends early", "\0\0\0\2\0\0\1e\0\0\0\5abc", 15, ENVELOPE_OK, EPIPE},
      {"a body without its end", "\0\0\0\2\0\0\1e\0\0\0\3abc", 15, ENVELOPE_OK, EPIPE},
      {"a huge chunk", "\0\0\0\2\0\0\1e\377\377\377\377", 12, ENVELOPE_OK, EPROTO},
      {"half a chunk's head", "\0\0\0\2\0\0\1e\0\0\0", 11, ENVELOPE_OK, EPIPE},
  };
  (void)state;
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
    int p[2];
    door d;
    envelope e = ENVELOPE_ZERO;
    char buf[100];
    ssize_t r = 1;
    tain t = soon(5);
    assert_true(!socketpair(AF_UNIX, SOCK_STREAM, 0, p));
    assert_true(write(p[1], cases[k].s, cases[k].len) == (ssize_t)cases[k].len);
    close(p[1]);
    door_init(&d, p[0], DOOR_REFUSE_FDS);
    submission_stream s = SUBMISSION_STREAM(&d);
    int got = submission_take_envelope(&d, &e, &t);
    if (got == ENVELOPE_OK)
      while ((r = submission_read(&s, buf, sizeof buf, &t)) > 0)
        ;
    int error = errno;
    if (got != cases[k].want_envelope || (got == ENVELOPE_OK && r != -1) ||
        (cases[k].want_errno && error != cases[k].want_errno))
      fail_msg("%s: got %d, %zd (%s), want %d (%s)", cases[k].name, got, r, strerror(error),
               cases[k].want_envelope, strerror(cases[k].want_errno));
    door_close(&d);
    envelope_free(&e);
  }
}

/* Frames without end and without progress. */
static void endless_frames(void **state)
{
  int p[2];
  door d;
  envelope e = ENVELOPE_ZERO;
  tain t = soon(20);
  (void)state;
  assert_true(!socketpair(AF_UNIX, SOCK_STREAM, 0, p));
  pid_t pid = fork();
  if (!pid) {
    close(p[0]);
    while (send(p[1], "\0\0\0\2\0\0\1E", 8, MSG_NOSIGNAL) == 8)
      ;
    _exit(0);
  }
  close(p[1]);
  door_init(&d, p[0], DOOR_REFUSE_FDS);
  assert_int_equal(submission_take_envelope(&d, &e, &t), ENVELOPE_BROKEN);
  door_close(&d);
  end_server(pid, "flooder");
}

static void slow_client(void **state)
{
  int p[2];
  door d;
  envelope e = ENVELOPE_ZERO;
  char buf[10];
  tain t;
  (void)state;
  assert_true(!socketpair(AF_UNIX, SOCK_STREAM, 0, p));
  door_init(&d, p[0], DOOR_REFUSE_FDS);
  tain_now_g();
  t = STAMP;
  assert_int_equal(submission_take_envelope(&d, &e, &t), -1);
  assert_int_equal(errno, ETIMEDOUT);
  assert_true(write(p[1], "\0\0\0\2\0\0\1e\0\0\0\2a", 13) == 13);
  assert_int_equal(submission_take_envelope(&d, &e, &t), ENVELOPE_OK);
  submission_stream s = SUBMISSION_STREAM(&d);
  assert_int_equal(submission_read(&s, buf, sizeof buf, &t), 1);
  assert_int_equal(submission_read(&s, buf, sizeof buf, &t), -1);
  assert_int_equal(errno, ETIMEDOUT);
  assert_true(write(p[1], "b\0\0\0\0", 5) == 5);
  assert_int_equal(submission_read(&s, buf, sizeof buf, &t), 1);
  assert_int_equal(submission_read(&s, buf, sizeof buf, &t), 0);
  door_close(&d);
  close(p[1]);
}

static void nobody_there(void **state)
{
  submission s;
  envelope e = ENVELOPE_ZERO;
  tain t = soon(1);
  (void)state;
  unlink("run/queue");
  make_envelope(&e, 1);
  assert_false(submission_open(&s, &e, &t));
  assert_int_equal(errno, ENOENT);
  submission_abort(&s);
  envelope_free(&e);
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(both_ends),      cmocka_unit_test(cut_anywhere),
                                     cmocka_unit_test(early_answers),  cmocka_unit_test(nonsense),
                                     cmocka_unit_test(endless_frames), cmocka_unit_test(slow_client),
                                     cmocka_unit_test(nobody_there)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
