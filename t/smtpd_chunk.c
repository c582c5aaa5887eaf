/* BDAT: chunks become one message, octets of a chunk are never commands, mistakes are told and change nothing. */
#include "t/smtpd_rows.h"

#define E "EHLO c.test\r\n"
#define ESTORED(body) "from s@x.test\nclient 127.0.0.1 c.test ESMTP\nto u1@here.test\n\n" body

static void chunks(void **state)
{
  static row const rows[] = {
      {"one chunk", SPAN(E M R "BDAT 12 LAST\r\nSubject: x\r\n" Q),
       "220|250|250|250|250 2.0.0 Ok: queued as|221", ESTORED("Subject: x\n")},
      {"three, one empty, one split between CR and LF",
       SPAN(E M R "BDAT 11\r\nSubject: x\rBDAT 0\r\nBDAT 5 LAST\r\n\n.\r\nb" Q),
       "220|250|250|250|250 2.0.0 Ok: 11 octets|250|250 2.0.0 Ok: queued|221", ESTORED("Subject: x\n.\nb\n")},
      {"a dot ends nothing", SPAN(E M R "BDAT 9 LAST\r\na\r\n.\r\nb\r\n" Q), "220|250|250|250|250|221",
       ESTORED("a\n.\nb\n")},
      {"an empty message", SPAN(E M R "BDAT 0 LAST\r\n" Q), "220|250|250|250|250|221", ESTORED("")},
      {"two messages, the first by BDAT",
       SPAN(E "MAIL FROM:<full@x.test>\r\n" R "BDAT 3 LAST\r\na\r\n" M R D B Q),
       "220|250|250|250|452 4.3.1|250|250|354|250|221", ESTORED("Subject: x\n\nbody\n")},
      {"small letters", SPAN(E M R "bdat 3 last\r\na\r\n" Q), "220|250|250|250|250|221", ESTORED("a\n")},
      {"NUL and octets above 127", SPAN(E M R "BDAT 6 LAST\r\na\0\xff\0\r\n" Q), "220|250|250|250|250|221",
       ESTORED("a")},
  };
  (void)state;
  SAY(rows);
}

static void mistakes(void **state)
{
  static row const rows[] = {
      {"before EHLO", SPAN("BDAT 6 LAST\r\nQUIT\r\n" Q), "220|503 5.5.1|221", 0},
      {"without MAIL", SPAN(E "BDAT 6\r\nQUIT\r\nBDAT 6 LAST\r\nQUIT\r\n" Q), "220|250|503|503|221", 0},
      {"no recipient", SPAN(E M "RCPT TO:<no@here.test>\r\nBDAT 6 LAST\r\nQUIT\r\n" Q),
       "220|250|250|550|554 5.5.1|221", 0},
      {"DATA after BDAT", SPAN(E M R "BDAT 3\r\na\r\n" D "BDAT 0 LAST\r\n" Q),
       "220|250|250|250|250|503 5.5.1|250|221", ESTORED("a\n")},
      {"RCPT after BDAT", SPAN(E M R "BDAT 3\r\na\r\n" R "BDAT 0 LAST\r\n" Q),
       "220|250|250|250|250|503 5.5.1|250|221", ESTORED("a\n")},
      {"MAIL after BDAT", SPAN(E M R "BDAT 3\r\na\r\n" M "BDAT 0 LAST\r\n" Q),
       "220|250|250|250|250|503 5.5.1|250|221", ESTORED("a\n")},
      {"RSET forgets chunks",
       SPAN(E M R "BDAT 3\r\na\r\nRSET\r\nBDAT 3 LAST\r\nb\r\n" M R "BDAT 3 LAST\r\nc\r\n" Q),
       "220|250|250|250|250|250|503|250|250|250|221", ESTORED("c\n")},
      {"EHLO forgets chunks", SPAN(E M R "BDAT 3\r\na\r\n" E "BDAT 3 LAST\r\nb\r\n" Q),
       "220|250|250|250|250|250|503|221", 0},
      {"QUIT forgets chunks", SPAN(E M R "BDAT 3\r\na\r\n" Q), "220|250|250|250|250|221", 0},
      {"refused in the middle", SPAN(E M R "BDAT 4\r\na\nb\nBDAT 3 LAST\r\nc\r\n" Q),
       "220|250|250|250|550 5.5.2 bare LF|503|221", 0},
      {"refused in the last", SPAN(E M R "BDAT 3 LAST\r\na\rb" Q), "220|250|250|250|550 5.5.2 bare CR|221",
       0},
      {"BODY=BINARYMIME", SPAN(E "MAIL FROM:<s@x.test> BODY=BINARYMIME\r\n" Q), "220|250|501 5.5.4|221", 0},
      {"VRFY between", SPAN(E M R "BDAT 3\r\na\r\nVRFY \xc3\xa9\r\nNOOP\r\nBDAT 3 LAST\r\nb\r\n" Q),
       "220|250|250|250|250|252|250|250|221", ESTORED("a\nb\n")},
      /* what it would announce can't be told from commands, so the session ends */
      {"no size", SPAN(E M R "BDAT\r\n" D B), "220|250|250|250|501 5.5.4", 0},
      {"not a size", SPAN(E M R "BDAT x\r\n" D B), "220|250|250|250|501 5.5.4", 0},
      {"a negative size", SPAN(E M R "BDAT -1\r\n" D B), "220|250|250|250|501", 0},
      {"no number holds it", SPAN(E M R "BDAT 99999999999999999999\r\n" D B), "220|250|250|250|501", 0},
      {"something else than LAST", SPAN(E M R "BDAT 1 FIRST\r\n" D B), "220|250|250|250|501", 0},
      {"LAST twice", SPAN(E M R "BDAT 1 LAST LAST\r\n" D B), "220|250|250|250|501", 0},
  };
  (void)state;
  SAY(rows);
}

static void put(stralloc *say, char const *fmt, size_t n)
{
  char text[64];
  assert_true(stralloc_catb(say, text, (size_t)snprintf(text, sizeof text, fmt, n)));
}

static void fill(stralloc *say, char c, size_t n)
{
  assert_true(stralloc_readyplus(say, n));
  memset(say->s + say->len, c, n);
  say->len += n;
}

/* Chunks of every size around the borders of what is kept, and of the buffer, come out as they went in. */
static void borders(void **state)
{
  static size_t const sizes[] = {1,          4095,           65535, 65536, 65537, INPUT_SIZE - 1,
                                 INPUT_SIZE, INPUT_SIZE + 1, 140000};
  stralloc say = STRALLOC_ZERO, got = STRALLOC_ZERO;
  (void)state;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (size_t piece = 0; piece <= 1460; piece += 1460) {
      say.len = 0;
      stralloc_cats(&say, E M R);
      for (size_t k = 0; k < 2; k++) {
        put(&say, k ? "BDAT %zu LAST\r\n" : "BDAT %zu\r\n", sizes[i]);
        fill(&say, (char)('a' + k), sizes[i]);
      }
      stralloc_cats(&say, Q);
      (void)house_session_of("borders", say.s, say.len, piece,
                             "220|250|250|250|250 2.0.0 Ok: |250 2.0.0 Ok: queued|221");
      assert_true(house_take(&got));
      char const *body = strstr(got.s, "\n\n") + 2;
      if (strlen(body) != 2 * sizes[i] + 1 || strspn(body, "a") != sizes[i] ||
          strspn(body + sizes[i], "b") != sizes[i])
        fail_msg("chunks of %zu: got %zu octets", sizes[i], strlen(body));
    }
  stralloc_free(&say);
  stralloc_free(&got);
}

/* A million chunks of an octet, or of none, come to an end; one that is too large is taken and refused. */
static void bounds(void **state)
{
  stralloc say = STRALLOC_ZERO, got = STRALLOC_ZERO;
  (void)state;
  for (size_t k = 0; k < 2; k++) {
    stralloc heard = STRALLOC_ZERO;
    int fd, wstat;
    say.len = 0;
    stralloc_cats(&say, E M R);
    for (size_t i = 0; i < 1000; i++)
      stralloc_cats(&say, k ? "BDAT 1\r\nx" : "BDAT 0\r\n");
    pid_t pid = house_serve(&fd);
    house_talk(fd, say.s, say.len, 0, &heard);
    close(fd);
    waitpid(pid, &wstat, 0);
    stralloc_0(&heard);
    if (!strstr(heard.s, "\r\n421 4.7.0 here.test too many errors"))
      fail_msg("tiny chunks: got\n%s\nwant 421 4.7.0", heard.s);
    stralloc_free(&heard);
  }
  say.len = 0;
  stralloc_cats(&say, E M R);
  put(&say, "BDAT %zu\r\n", (size_t)300001);
  fill(&say, 'x', 300001);
  stralloc_cats(&say, "BDAT 3 LAST\r\na\r\n" Q);
  (void)house_session_of("too big", say.s, say.len, 0, "220|250|250|250|552 5.3.4|503|221");
  assert_false(house_take(&got));
  stralloc_free(&say);
  stralloc_free(&got);
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(chunks), cmocka_unit_test(mistakes),
                                     cmocka_unit_test(borders), cmocka_unit_test(bounds)};
  return cmocka_run_group_tests_name("smtpd_chunk", tests, house_enter, house_leave);
}
