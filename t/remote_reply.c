/* Replies of a hostile server: judged, bounded, one printable line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "remote/reply.h"
#include "remote/smtp.h"

#define BYTES(s) s, sizeof(s) - 1

static struct {
  char const *name;
  char const *in;
  size_t len;
  unsigned int code; /* 0: not a reply */
  char const *text;
} const cases[] = {
    {"plain", BYTES("250 2.1.0 Ok\r\n"), 250, "250 2.1.0 Ok"},
    {"LF alone", BYTES("250 Ok\n"), 250, "250 Ok"},
    {"no text", BYTES("250\r\n"), 250, "250"},
    {"a space only", BYTES("250 \r\n"), 250, "250"},
    {"two lines, one code", BYTES("550-5.1.1 no\r\n550 5.1.1 such user\r\n"), 550, "550 5.1.1 no such user"},
    {"two lines, two codes", BYTES("550-5.1.1 no\r\n550 5.1.2 such user\r\n"), 550,
     "550 5.1.1 no 5.1.2 such user"},
    {"last line without text", BYTES("553-a\r\n553-\r\n553\r\n"), 553, "553 a"},
    {"control characters", BYTES("550 a\033[2J\0b\tc\r\r\n"), 550, "550 a [2J b c "},
    {"control characters above 127", BYTES("550 a\302\2332Jb\2332Jc\205\r\n"), 550, "550 a 2Jb 2Jc "},
    {"direction marks", BYTES("550 a\342\200\256b\342\201\246c\r\n"), 550, "550 a b c"},
    {"UTF-8 stays, what is none does not", BYTES("550 \303\251 \360\237\220\246 \377\300\200\303\r\n"), 550,
     "550 \303\251 \360\237\220\246     "},
    {"two digits", BYTES("25\r\n"), 0, 0},
    {"9xx", BYTES("950 what\r\n"), 0, 0},
    {"1xx", BYTES("150 what\r\n"), 0, 0},
    {"no space", BYTES("2500\r\n"), 0, 0},
    {"empty line", BYTES("\r\n"), 0, 0},
    {"text", BYTES("hello there\r\n"), 0, 0},
    {"code changes", BYTES("250-a\r\n550 b\r\n"), 0, 0},
    {"end in a reply", BYTES("250-a\r\n"), 0, 0},
    {"end in a line", BYTES("250 a"), 0, 0},
};

static int feed(char const *in, size_t len, reply *r, stream *s)
{
  int pair[2];
  tain deadline;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  assert_int_equal(write(pair[1], in, len), len);
  close(pair[1]);
  assert_true(stream_init(s, pair[0], -1));
  tain_now_g();
  tain_addsec_g(&deadline, 5);
  return reply_read(r, s, &deadline, 0, 0);
}

static void test_table(void **state)
{
  size_t i;
  (void)state;
  for (i = 0; i < sizeof cases / sizeof *cases; i++) {
    reply r;
    stream s;
    int ok = feed(cases[i].in, cases[i].len, &r, &s);
    stream_close(&s);
    if (ok != (cases[i].code != 0))
      fail_msg("%s: got %s, want the other", cases[i].name, ok ? "a reply" : "none");
    while (ok && r.len && r.text[r.len - 1] == ' ')
      r.text[--r.len] = 0;
    if (ok &&
        (r.code != cases[i].code || strncmp(r.text, cases[i].text, strlen(r.text)) || strlen(r.text) < 3))
      fail_msg("%s: got %u \"%s\", want %u \"%s\"", cases[i].name, r.code, r.text, cases[i].code,
               cases[i].text);
  }
}

/* A megabyte without a line end, and lines without end: both stop at their bounds. */
static void endless(char const *piece, int want)
{
  int pair[2], status;
  stream s;
  reply r;
  tain deadline;
  pid_t pid;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  pid = fork();
  if (!pid) {
    close(pair[0]);
    for (int i = 0; i < 100000; i++)
      if (send(pair[1], piece, strlen(piece), MSG_NOSIGNAL) < 0)
        _exit(0);
    _exit(1);
  }
  close(pair[1]);
  assert_true(stream_init(&s, pair[0], -1));
  tain_now_g();
  tain_addsec_g(&deadline, 20);
  assert_false(reply_read(&r, &s, &deadline, 0, 0));
  assert_int_equal(errno, want);
  assert_true(r.len < REPLY_TEXT);
  stream_close(&s);
  waitpid(pid, &status, 0);
  assert_int_equal(status, 0);
}

static void test_endless(void **state)
{
  (void)state;
  endless("250 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", ENOBUFS);
  endless("250-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", EPROTO);
}

/* One octet at a time never resets the deadline. */
static void test_drip(void **state)
{
  int pair[2];
  stream s;
  reply r;
  tain deadline;
  pid_t pid;
  (void)state;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  pid = fork();
  if (!pid) {
    close(pair[0]);
    while (send(pair[1], "2", 1, MSG_NOSIGNAL) > 0)
      usleep(200000);
    _exit(0);
  }
  close(pair[1]);
  assert_true(stream_init(&s, pair[0], -1));
  tain_now_g();
  tain_addsec_g(&deadline, 1);
  assert_false(reply_read(&r, &s, &deadline, 0, 0));
  assert_int_equal(errno, ETIMEDOUT);
  stream_close(&s);
  waitpid(pid, 0, 0);
}

static void test_offers(void **state)
{
  static struct {
    char const *line;
    unsigned int offers;
    uint64_t size;
  } const lines[] = {{"PIPELINING", SMTP_PIPELINING, 0},
                     {"pipelining", SMTP_PIPELINING, 0},
                     {"PIPELININGX", 0, 0},
                     {"SIZE", SMTP_SIZE, 0},
                     {"SIZE 1000", SMTP_SIZE, 1000},
                     {"SIZE 99999999999999999999999999999", SMTP_SIZE, 0},
                     {"SIZE -1", SMTP_SIZE, 0},
                     {"8BITMIME", SMTP_8BITMIME, 0},
                     {"SMTPUTF8", SMTP_SMTPUTF8, 0},
                     {"DSN", SMTP_DSN, 0},
                     {"", 0, 0}};
  size_t i;
  (void)state;
  for (i = 0; i < sizeof lines / sizeof *lines; i++) {
    smtp c = {.offers = 0};
    smtp_offer(&c, lines[i].line, strlen(lines[i].line));
    if (c.offers != lines[i].offers || c.size != lines[i].size)
      fail_msg("\"%s\": got %u %llu, want %u %llu", lines[i].line, c.offers, (unsigned long long)c.size,
               lines[i].offers, (unsigned long long)lines[i].size);
  }
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(test_table), cmocka_unit_test(test_endless),
                                     cmocka_unit_test(test_drip), cmocka_unit_test(test_offers)};
  tain_now_set_stopwatch_g();
  return cmocka_run_group_tests(tests, 0, 0);
}
