/* Messages and sessions that are large, slow or hostile: what is stored, what is answered, and that memory
 * stays flat. */
#include <sys/resource.h>
#include "t/smtpd_house.h"

#define FLAT (64ull << 20) /* bytes of address space that a session must do with, whatever is sent */

/* `say` grows by what printf writes. */
__attribute__((format(printf, 2, 3))) static void put(stralloc *say, char const *fmt, ...)
{
  char text[4096];
  va_list args;
  va_start(args, fmt);
  int n = vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  assert_true(stralloc_catb(say, text, (size_t)n));
}

static void fill(stralloc *say, char c, size_t n)
{
  assert_true(stralloc_readyplus(say, n));
  memset(say->s + say->len, c, n);
  say->len += n;
}

static void begin(stralloc *say, char const *from)
{
  say->len = 0;
  put(say, "HELO c.test\r\nMAIL FROM:<%s@x.test>\r\nRCPT TO:<u1@here.test>\r\nDATA\r\n", from);
}

/* The body of the oldest stored message. */
static char *take_body(stralloc *got, size_t *len)
{
  if (!house_take(got))
    fail_msg("nothing was stored");
  char *body = strstr(got->s, "\n\n");
  assert_non_null(body);
  *len = (size_t)(got->s + got->len - body - 2);
  return body + 2;
}

static void check_body(char const *name, char const *want, size_t want_len)
{
  stralloc got = STRALLOC_ZERO;
  size_t len;
  char *body = take_body(&got, &len);
  size_t same = 0;
  while (same < len && same < want_len && body[same] == want[same])
    same++;
  if (len != want_len || same != len)
    fail_msg("%s: got %zu octets, want %zu; they differ at %zu", name, len, want_len, same);
  stralloc_free(&got);
}

#define DONE "220|250|250|250|354|250 2.0.0|221"

/* A stuffed dot around the borders of the buffers: of reads, of what is kept in memory, of the whole buffer.
 */
static void borders(void **state)
{
  static size_t const sizes[] = {4096, 65536, INPUT_SIZE};
  stralloc say = STRALLOC_ZERO, want = STRALLOC_ZERO;
  (void)state;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    for (size_t at = sizes[i] - 5; at <= sizes[i] + 3; at++)
      for (size_t piece = 0; piece <= 1460; piece += 1460) {
        char name[64];
        snprintf(name, sizeof name, "a dot at %zu, pieces of %zu", at, piece);
        begin(&say, "s");
        fill(&say, 'x', at);
        put(&say, "\r\n..y\r\nz\r\n.\r\nQUIT\r\n");
        want.len = 0;
        fill(&want, 'x', at);
        put(&want, "\n.y\nz\n");
        (void)house_session_of(name, say.s, say.len, piece, DONE);
        check_body(name, want.s, want.len);
      }
  stralloc_free(&say);
  stralloc_free(&want);
}

/* Every form that another host may take for the end of a message (NEEDS: CVE-2023-51764 and its kin), in both ways of
   treating bare CR and LF: refused, or one message; the commands behind it are text. */
static void smuggling(void **state)
{
  static struct {
    char const *s;
    size_t len;
    int bare;
  } const cases[] = {{"\n.\n", 3, 1},       {"\n.\r\n", 4, 1},     {"\r\n.\n", 4, 1},    {"\r.\r", 3, 1},
                     {"\r.\n", 3, 1},       {"\n.\r", 3, 1},       {"\r.\r\n", 4, 1},    {"\r\n.\r", 4, 1},
                     {"\r\n\0.\r\n", 6, 0}, {"\r\n.\0\r\n", 6, 0}, {"\r\n.\r\r\n", 6, 1}};
  static char const *const rules[] = {"refuse", "normalize"};
  static char const text[] = "MAIL FROM:<evil@x.test>\nRCPT TO:<u1@here.test>\nDATA\nb\n";
  stralloc say = STRALLOC_ZERO, got = STRALLOC_ZERO;
  (void)state;
  for (size_t k = 0; k < 4; k++) {
    house_put("barelinefeed", rules[k / 2]);
    house_settings();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
      int refused = k < 2 && cases[i].bare;
      char name[64];
      snprintf(name, sizeof name, "sequence %zu, %s, %s", i, rules[k / 2], k % 2 ? "in octets" : "at once");
      begin(&say, "s");
      put(&say, "a");
      stralloc_catb(&say, cases[i].s, cases[i].len);
      put(&say, "MAIL FROM:<evil@x.test>\r\nRCPT TO:<u1@here.test>\r\nDATA\r\nb\r\n.\r\nQUIT\r\n");
      (void)house_session_of(name, say.s, say.len, k % 2,
                             refused ? "220|250|250|250|354|550 5.5.2|221" : DONE);
      if (house_take(&got) == refused)
        fail_msg("%s: %s", name, refused ? "stored" : "not stored");
      if (!refused && !memmem(got.s, got.len, text, sizeof text - 1))
        fail_msg("%s: got \"%s\"", name, got.s);
      if (house_take(&got))
        fail_msg("%s: two messages", name);
    }
  }
  unlink("control/barelinefeed");
  house_settings();
  stralloc_free(&say);
  stralloc_free(&got);
}

/* Lines and headers of any length pass as they are; the limit is in octets alone. */
static void sizes(void **state)
{
  static struct {
    char const *name;
    size_t line, lines; /* each of `line` octets with its CRLF */
    int fits;
  } const cases[] = {{"998 octets", 1000, 3, 1},
                     {"a line of 299,998", 300000, 1, 1},
                     {"many headers", 3, 100000, 1},
                     {"as large as may be", 100, 3000, 1},
                     {"an octet too large", 300001, 1, 0},
                     {"a line too large", 100, 3001, 0},
                     {"20 MiB", 1 << 20, 20, 0}};
  stralloc say = STRALLOC_ZERO, want = STRALLOC_ZERO, got = STRALLOC_ZERO;
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    begin(&say, "s");
    want.len = 0;
    for (size_t n = 0; n < cases[i].lines; n++) {
      fill(&say, 'x', cases[i].line - 2);
      put(&say, "\r\n");
      fill(&want, 'x', cases[i].line - 2);
      put(&want, "\n");
    }
    put(&say, ".\r\nRCPT TO:<u1@here.test>\r\nQUIT\r\n");
    (void)house_session_of(cases[i].name, say.s, say.len, 0,
                           cases[i].fits ? "220|250|250|250|354|250|503|221"
                                         : "220|250|250|250|354|552 5.3.4|503|221");
    if (cases[i].fits)
      check_body(cases[i].name, want.s, want.len);
    assert_false(house_take(&got));
  }
  stralloc_free(&say);
  stralloc_free(&want);
  stralloc_free(&got);
}

/* tern-queue's own refusals come through, early ones too. */
static void refusals(void **state)
{
  stralloc say = STRALLOC_ZERO;
  (void)state;
  for (size_t size = 100; size < 300000; size *= 20) {
    begin(&say, "loop");
    fill(&say, 'x', size);
    put(&say, "\r\n.\r\nQUIT\r\n");
    (void)house_session_of("refused early", say.s, say.len, 0,
                           "220|250|250|250|354|554 5.4.6 too many hops|221");
    begin(&say, "full");
    fill(&say, 'x', size);
    put(&say, "\r\n.\r\nQUIT\r\n");
    (void)house_session_of("refused late", say.s, say.len, 0, "220|250|250|250|354|452 4.3.1 no space|221");
  }
  stralloc_free(&say);
}

static size_t count(char const *s, char const *what)
{
  size_t n = 0;
  for (; (s = strstr(s, what)); s++)
    n++;
  return n;
}

static void many_recipients(void **state)
{
  static size_t const numbers[] = {100, 1000, 10000, 10150};
  stralloc say = STRALLOC_ZERO, heard = STRALLOC_ZERO, got = STRALLOC_ZERO;
  (void)state;
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    int fd;
    size_t n = numbers[i], taken = n < 10000 ? n : 10000;
    say.len = heard.len = 0;
    put(&say, "EHLO c.test\r\nMAIL FROM:<s@x.test>\r\n");
    for (size_t k = 0; k < n; k++)
      put(&say, "RCPT TO:<r%zu@backup.test>\r\n", k);
    put(&say, "DATA\r\nx\r\n.\r\nQUIT\r\n");
    pid_t pid = house_serve(&fd);
    house_talk(fd, say.s, say.len, 0, &heard);
    close(fd);
    waitpid(pid, 0, 0);
    stralloc_0(&heard);
    if (count(heard.s, "250 2.1.5") != taken || count(heard.s, "452 4.5.3") != n - taken ||
        !strstr(heard.s, "queued as"))
      fail_msg("%zu recipients: got %zu, want %zu", n, count(heard.s, "250 2.1.5"), taken);
    assert_true(house_take(&got));
    if (count(got.s, "\nto r") != taken)
      fail_msg("%zu recipients: stored %zu", n, count(got.s, "\nto r"));
  }
  stralloc_free(&say);
  stralloc_free(&heard);
  stralloc_free(&got);
}

/* Harvesting and noise come to an end. */
static void patience(void **state)
{
  stralloc say = STRALLOC_ZERO, want = STRALLOC_ZERO;
  (void)state;
  put(&say, "HELO c\r\nMAIL FROM:<s@x.test>\r\n");
  put(&want, "220|250|250|");
  for (unsigned int i = 0; i < 99; i++) {
    put(&say, "RCPT TO:<no%u@here.test>\r\n", i);
    put(&want, "550|");
  }
  put(&say, "RCPT TO:<no@here.test>\r\nRCPT TO:<u1@here.test>\r\n");
  put(&want, "421 4.7.0");
  stralloc_0(&want);
  (void)house_session_of("harvesting", say.s, say.len, 0, want.s);
  stralloc_free(&say);
  stralloc_free(&want);
}

/* A command without an end, and one that ends after all. */
static void long_lines(void **state)
{
  struct rlimit const flat = {FLAT, FLAT};
  struct rlimit before;
  stralloc say = STRALLOC_ZERO;
  (void)state;
  put(&say, "HELO c\r\nMAIL FROM:<");
  fill(&say, 'a', 100u << 20);
  put(&say, "@b>\r\nNOOP ");
  fill(&say, 'b', INPUT_LINE_MAX);
  put(&say, "\r\nNOOP ");
  fill(&say, 'b', INPUT_LINE_MAX - 7);
  put(&say, "\r\nQUIT\r\n");
  getrlimit(RLIMIT_DATA, &before);
  setrlimit(RLIMIT_DATA, &(struct rlimit){flat.rlim_cur + say.a, before.rlim_max});
  (void)house_session_of("long lines", say.s, say.len, 0, "220|250|500 5.5.2|500 5.5.2|250|221");
  setrlimit(RLIMIT_DATA, &before);
  stralloc_free(&say);
}

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Who says nothing, half a line, an octet now and then, or half a message, is sent away in time. */
static void slow(void **state)
{
  static struct {
    char const *name, *say;
    int drip; /* an octet each 0.3 s after that */
    char const *want;
  } const cases[] = {
      {"silence", "", 0, "220|421 4.4.2"},
      {"half a line", "HELO", 0, "220|421 4.4.2"},
      {"a line by octets", "NOOP ", 1, "220|421 4.4.2"},
      {"half a message", "HELO c\r\nMAIL FROM:<s@x.test>\r\nRCPT TO:<u1@here.test>\r\nDATA\r\nx\r\n", 0,
       "220|250|250|250|354|421 4.4.2"},
      {"a message by octets", "HELO c\r\nMAIL FROM:<s@x.test>\r\nRCPT TO:<u1@here.test>\r\nDATA\r\n", 1,
       "220|250|250|250|354|421 4.4.2"},
  };
  stralloc heard = STRALLOC_ZERO;
  (void)state;
  house_put("timeoutsmtpd", "1");
  house_settings();
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    double start = now();
    int fd;
    char part[4096];
    ssize_t r;
    struct timeval const wait = {.tv_usec = 300000};
    pid_t pid = house_serve(&fd);
    heard.len = 0;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    assert_int_equal(send(fd, cases[i].say, strlen(cases[i].say), MSG_NOSIGNAL), strlen(cases[i].say));
    while ((r = read(fd, part, sizeof part)) && now() - start < 8) {
      if (r > 0)
        stralloc_catb(&heard, part, (size_t)r);
      if (r < 0 && errno != EAGAIN)
        break;
      if (r < 0 && cases[i].drip)
        (void)!send(fd, "x", 1, MSG_NOSIGNAL);
    }
    close(fd);
    waitpid(pid, 0, 0);
    stralloc_0(&heard);
    house_compare(cases[i].name, heard.s, cases[i].want);
    if (now() - start > 4)
      fail_msg("%s: got %.1f s, want 1 to 3", cases[i].name, now() - start);
  }
  house_put("timeoutsmtpd", "20");
  house_settings();
  stralloc_free(&heard);
}

/* Who goes away in a message leaves nothing behind. */
static void gone(void **state)
{
  stralloc say = STRALLOC_ZERO, got = STRALLOC_ZERO;
  (void)state;
  for (size_t size = 10; size < 300000; size *= 100) {
    int fd;
    pid_t pid = house_serve(&fd);
    begin(&say, "s");
    fill(&say, 'x', size);
    put(&say, "\r\n.\r");
    assert_int_equal(send(fd, say.s, say.len, MSG_NOSIGNAL), (ssize_t)say.len);
    close(fd);
    waitpid(pid, 0, 0);
    begin(&say, "s");
    put(&say, "next\r\n.\r\nQUIT\r\n");
    (void)house_session_of("the next one", say.s, say.len, 0, DONE);
    check_body("the next one", "next\n", 5);
    assert_false(house_take(&got));
  }
  stralloc_free(&say);
  stralloc_free(&got);
}

/* One session, many messages, in one stream. */
static void stream(void **state)
{
  stralloc say = STRALLOC_ZERO, want = STRALLOC_ZERO;
  (void)state;
  put(&say, "EHLO c\r\n");
  put(&want, "220|250|");
  for (size_t i = 0; i < 200; i++) {
    put(&say, "MAIL FROM:<s@x.test>\r\nRCPT TO:<u1@here.test>\r\nDATA\r\n");
    fill(&say, (char)('a' + i % 26), i * 700);
    put(&say, "\r\n.\r\n");
    put(&want, "250|250|354|250 2.0.0|");
  }
  put(&say, "QUIT\r\n");
  put(&want, "221");
  stralloc_0(&want);
  (void)house_session_of("200 messages", say.s, say.len, 0, want.s);
  for (size_t i = 0; i < 200; i++) {
    want.len = 0;
    fill(&want, (char)('a' + i % 26), i * 700);
    put(&want, "\n");
    check_body("one of 200", want.s, want.len);
  }
  stralloc_free(&say);
  stralloc_free(&want);
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(borders),         cmocka_unit_test(smuggling),
                                     cmocka_unit_test(sizes),           cmocka_unit_test(refusals),
                                     cmocka_unit_test(stream),          cmocka_unit_test(gone),
                                     cmocka_unit_test(many_recipients), cmocka_unit_test(patience),
                                     cmocka_unit_test(long_lines),      cmocka_unit_test(slow)};
  return cmocka_run_group_tests_name("smtpd_message", tests, house_enter, house_leave);
}
