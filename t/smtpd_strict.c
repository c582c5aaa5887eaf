/* Strangers: what they may not say before they are answered, other protocols, the delay before the greeting, and
   answers that come later and later. */
#include "t/smtpd_steps.h"

#define M "MAIL FROM:<s@x.test>\r\n"
#define R "RCPT TO:<u1@here.test>\r\n"
#define D "DATA\r\n"
#define B "Subject: x\r\n\r\nbody\r\n.\r\n"
#define Q "QUIT\r\n"

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t stored(void)
{
  stralloc got = STRALLOC_ZERO;
  size_t n = 0;
  while (house_take(&got))
    n++;
  stralloc_free(&got);
  return n;
}

static void turns(void **state)
{
  static struct {
    steps s;
    size_t stored;
  } const cases[] = {
      {{"EHLO and MAIL at once", {SAID("EHLO c\r\n" M)}, "220|554 5.5.0"}, 0},
      {{"all at once", {SAID("EHLO c\r\n" M R D B Q)}, "220|554 5.5.0"}, 0},
      {{"HELO and MAIL at once", {SAID("HELO c\r\n" M)}, "220|554 5.5.0"}, 0},
      {{"half a command behind EHLO", {SAID("EHLO c\r\nMA")}, "220|554 5.5.0"}, 0},
      {{"RSET and EHLO before any EHLO", {SAID("RSET\r\nEHLO c\r\n")}, "220|554 5.5.0"}, 0},
      {{"a group",
        {SAID("EHLO c\r\n"), SAID(M R D), SAID(B M R D), SAID(B Q)},
        "220|250|250|250|354|250 2.0.0|250|250|354|250 2.0.0|221"},
       2},
      {{"text behind DATA", {SAID("EHLO c\r\n"), SAID(M R D B)}, "220|250|250|250|554 5.5.0"}, 0},
      {{"a group after HELO", {SAID("HELO c\r\n"), SAID(M R)}, "220|250|554 5.5.0"}, 0},
      {{"one by one after HELO",
        {SAID("HELO c\r\n"), SAID(M), SAID(R), SAID(D), SAID(B), SAID(Q)},
        "220|250|250|250|354|250|221"},
       1},
      {{"text behind the dot after HELO",
        {SAID("HELO c\r\n"), SAID(M), SAID(R), SAID(D), SAID(B M)},
        "220|250|250|250|354|250 2.0.0|554 5.5.0"},
       1},
      {{"EHLO in a group", {SAID("EHLO c\r\n"), SAID(M R "EHLO c\r\n" M)}, "220|250|250|250|554 5.5.0"}, 0},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    (void)steps_run(&cases[i].s);
    size_t n = stored();
    if (n != cases[i].stored)
      fail_msg("%s: stored %zu messages, want %zu", cases[i].s.name, n, cases[i].stored);
  }
}

/* Ended at once, and the process is replaced. */
static void foreign(void **state)
{
  static steps const cases[] = {
      {"HTTP", {SAID("GET / HTTP/1.1\r\nHost: x\r\n\r\n")}, "220|554"},
      {"HTTP with a body of commands",
       {SAID("POST / HTTP/1.1\r\nHost: x\r\n\r\nEHLO x\r\n" M R D B)},
       "220|554"},
      {"HTTP, step by step", {SAID("POST / HTTP/1.1\r\n")}, "220|554"},
      {"HTTP/2", {SAID("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")}, "220|554"},
      {"TLS, no line's end in it", {SAID("\x16\x03\x01\x02\x01\x01\xfc\x03\x03")}, "220|554"},
      {"SSH", {SAID("SSH-2.0-OpenSSH_9.2\r\n")}, "220|554"},
      {"SIP", {SAID("OPTIONS sip:x SIP/2.0\r\n")}, "220|554"},
      {"octets", {SAID("\xff\xfe\xfd\n")}, "220|554"},
      {"a NUL", {SAID("\0\r\n")}, "220|554"},
      {"STARTTLS and text",
       {SAID("EHLO c\r\n"), SAID("STARTTLS\r\n" M), SAID(R), SAID(Q)},
       "220|250|500 5.5.1|250|250|221"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int odd = steps_run(cases + i), want = i + 1 < sizeof cases / sizeof *cases;
    if (odd != want)
      fail_msg("%s: got %d, want %d", cases[i].name, odd, want);
  }
  assert_int_equal(stored(), 0);
}

static void greetdelay(void **state)
{
  static char const early[] = "EHLO c\r\n" M R D B Q;
  stralloc heard = STRALLOC_ZERO;
  static steps const patient = {"who waits", {SAID("EHLO c\r\n"), SAID(Q)}, "220|250|221"};
  int fd, wstat;
  (void)state;
  house_put("greetdelay", "1");
  house_settings();
  double start = now();
  (void)steps_run(&patient);
  if (now() - start < 1)
    fail_msg("greeted after %.2f s, want 1", now() - start);
  start = now();
  pid_t pid = house_serve(&fd);
  house_talk(fd, early, sizeof early - 1, 0, &heard);
  close(fd);
  waitpid(pid, &wstat, 0);
  stralloc_0(&heard);
  house_compare("who does not", heard.s, "554 text before the greeting");
  if (now() - start > 0.9)
    fail_msg("the early talker stayed for %.2f s, want less than 1", now() - start);
  assert_int_equal(stored(), 0);
  pid = house_serve(&fd); /* who goes away is not waited for */
  start = now();
  close(fd);
  waitpid(pid, &wstat, 0);
  if (now() - start > 0.9)
    fail_msg("%.2f s for a client that was gone, want less than 1", now() - start);
  unlink("control/greetdelay");
  house_settings();
  stralloc_free(&heard);
}

/* The first errors are answered at once, more of them later and later. */
static void pauses(void **state)
{
  stralloc heard = STRALLOC_ZERO;
  double last = 0;
  int fd;
  (void)state;
  pid_t pid = house_serve(&fd);
  assert_true(steps_hear(fd, &heard));
  for (unsigned int i = 1; i <= 14; i++) {
    double start = now();
    assert_int_equal(send(fd, "X\r\n", 3, MSG_NOSIGNAL), 3);
    assert_true(steps_hear(fd, &heard));
    double took = now() - start;
    if (i <= 10 && took > 0.09)
      fail_msg("error %u was answered after %.3f s, want none", i, took);
    if (i > 10 && took < last + 0.05)
      fail_msg("error %u was answered after %.3f s, want more than %.3f", i, took, last + 0.05);
    last = i > 10 ? took : 0;
  }
  close(fd);
  waitpid(pid, 0, 0);
  stralloc_free(&heard);
}

/* Who was told to go and sends an octet now and then does not stay for it. */
static void drips(void **state)
{
  int fd;
  pid_t pid = house_serve(&fd), gone = 0;
  double start = now();
  (void)state;
  (void)send(fd, "GET / HTTP/1.1\r\n", 16, MSG_NOSIGNAL);
  while (!(gone = waitpid(pid, 0, WNOHANG)) && now() - start < 30) {
    (void)send(fd, "x", 1, MSG_NOSIGNAL);
    usleep(200000);
  }
  close(fd);
  if (!gone) {
    waitpid(pid, 0, 0);
    fail_msg("got a session of more than 30 s, want 5");
  }
}

static int enter(void **state)
{
  int failed = house_enter(state);
  unlink("control/access");
  house_settings();
  return failed;
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(turns), cmocka_unit_test(foreign),
                                     cmocka_unit_test(greetdelay), cmocka_unit_test(pauses),
                                     cmocka_unit_test(drips)};
  return cmocka_run_group_tests_name("smtpd_strict", tests, enter, house_leave);
}
