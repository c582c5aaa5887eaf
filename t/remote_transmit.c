/* What goes out as a body: exact octets, whatever the borders of the pieces are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "remote/transmit.h"

#define BYTES(s) s, sizeof(s) - 1

static struct {
  char const *name;
  char const *in;
  size_t in_len;
  char const *want;
  size_t want_len;
} const cases[] = {
    {"empty", BYTES(""), BYTES(".\r\n")},
    {"one line", BYTES("a\n"), BYTES("a\r\n.\r\n")},
    {"no line end at the end", BYTES("a\nb"), BYTES("a\r\nb\r\n.\r\n")},
    {"CRLF stays one", BYTES("a\r\nb\r\n"), BYTES("a\r\nb\r\n.\r\n")},
    {"two CR before LF", BYTES("a\r\r\nb\n"), BYTES("a \r\nb\r\n.\r\n")},
    {"lone CR", BYTES("a\rb\n"), BYTES("a b\r\n.\r\n")},
    {"CR dot CR", BYTES("a\r.\rb\n"), BYTES("a . b\r\n.\r\n")},
    {"LF dot LF", BYTES("a\n.\nb\n"), BYTES("a\r\n..\r\nb\r\n.\r\n")},
    {"LF dot CR LF", BYTES("a\n.\r\nb\n"), BYTES("a\r\n..\r\nb\r\n.\r\n")},
    {"CR LF dot CR", BYTES("a\r\n.\rb\n"), BYTES("a\r\n.. b\r\n.\r\n")},
    {"first octet a dot", BYTES(".\n"), BYTES("..\r\n.\r\n")},
    {"lines of dots", BYTES(".\n..\n...\n"), BYTES("..\r\n...\r\n....\r\n.\r\n")},
    {"ends with CR", BYTES("a\r"), BYTES("a \r\n.\r\n")},
    {"only CR", BYTES("\r"), BYTES(" \r\n.\r\n")},
    {"ends with a dot", BYTES("a\n."), BYTES("a\r\n..\r\n.\r\n")},
    {"CR dot at the start", BYTES("\r.\n"), BYTES(" .\r\n.\r\n")},
    {"NUL inside stays", BYTES("a\0b\n"), BYTES("a\0b\r\n.\r\n")},
    {"NUL before a dot", BYTES("a\n\0.\nb\n"), BYTES("a\r\n .\r\nb\r\n.\r\n")},
    {"NUL after a dot", BYTES("a\n.\0\nb\n"), BYTES("a\r\n..\0\r\nb\r\n.\r\n")},
    {"CR NUL LF", BYTES("a\r\0\nb\n"), BYTES("a \0\r\nb\r\n.\r\n")},
    {"octets above 127", BYTES("\xc3\xa9\n\xff\n"), BYTES("\xc3\xa9\r\n\xff\r\n.\r\n")},
};

static size_t convert(char const *in, size_t len, size_t piece, char *out)
{
  transmit_state t = TRANSMIT_START;
  size_t n = 0;
  while (len) {
    size_t now = piece < len ? piece : len;
    n += transmit_convert(&t, in, now, out + n);
    in += now;
    len -= now;
  }
  return n + transmit_finish(&t, out + n);
}

static void test_table(void **state)
{
  size_t i, piece;
  (void)state;
  for (i = 0; i < sizeof cases / sizeof *cases; i++)
    for (piece = 1; piece <= cases[i].in_len + 1; piece++) {
      char out[128];
      size_t n = convert(cases[i].in, cases[i].in_len, piece, out);
      if (n != cases[i].want_len || memcmp(out, cases[i].want, n))
        fail_msg("%s, pieces of %zu: got %zu octets \"%.*s\", want %zu \"%.*s\"", cases[i].name, piece, n,
                 (int)n, out, cases[i].want_len, (int)cases[i].want_len, cases[i].want);
    }
}

/* Through the file and the socket: a line end and a dot around each border of a piece. */
static void test_borders(void **state)
{
  static body b;
  static char in[TRANSMIT_PIECE + 64], got[2 * TRANSMIT_OUT], want[2 * TRANSMIT_OUT];
  int at;
  (void)state;
  for (at = -4; at <= 4; at++) {
    stream s = {.fd = -1};
    int fd = memfd_create("body", 0), pair[2];
    size_t n = 0, len, expect;
    memset(in, 'x', sizeof in);
    memcpy(in + TRANSMIT_PIECE + at - 1, "\n.\n.\r\n", 6);
    assert_int_equal(pwrite(fd, in, sizeof in, 4096), sizeof in);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    int room = 1 << 20;
    setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    tain_now_set_stopwatch_g();
    assert_true(stream_init(&s, pair[0], -1));
    assert_true(body_open(&b, fd, 4096, sizeof in));
    assert_int_equal(body_send(&b, &s, 5), BODY_SENT);
    stream_close(&s);
    while ((len = (size_t)read(pair[1], got + n, sizeof got - n)) > 0)
      n += len;
    expect = convert(in, sizeof in, sizeof in, want);
    if (n != expect || memcmp(got, want, n))
      fail_msg("border %d: got %zu octets, want %zu", at, n, expect);
    close(pair[1]);
    close(fd);
  }
}

static void test_short_file(void **state)
{
  static body b;
  int fd = memfd_create("body", 0);
  (void)state;
  assert_int_equal(pwrite(fd, "abc\n", 4, 0), 4);
  assert_true(body_open(&b, fd, 0, 4));
  assert_int_equal(b.estimate, 5);
  assert_false(body_open(&b, fd, 0, 5));
  assert_false(body_open(&b, fd, UINT64_MAX, UINT64_MAX));
  close(fd);
}

static void test_header_8bit(void **state)
{
  static body b;
  static struct {
    char const *text;
    int want;
  } const heads[] = {
      {"Subject: a\n\n\xc3\xa9\n", 0}, {"Subject: \xc3\xa9\n\na\n", 1}, {"\xc3", 1}, {"a\r\n\r\n\xc3", 0}};
  size_t i;
  (void)state;
  for (i = 0; i < sizeof heads / sizeof *heads; i++) {
    int fd = memfd_create("body", 0);
    size_t len = strlen(heads[i].text);
    assert_int_equal(pwrite(fd, heads[i].text, len, 0), len);
    assert_true(body_open(&b, fd, 0, len));
    if (body_header_is_8bit(&b) != heads[i].want)
      fail_msg("header %zu: got %d, want %d", i, !heads[i].want, heads[i].want);
    close(fd);
  }
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(test_table), cmocka_unit_test(test_borders),
                                     cmocka_unit_test(test_short_file), cmocka_unit_test(test_header_8bit)};
  return cmocka_run_group_tests(tests, 0, 0);
}
