/* The operator's controls: each refuses whom it names, says why and with whom to speak, and lets the postmaster be
   reached; who may name another client, and how. */
#include <sys/prctl.h>
#include "t/smtpd_steps.h"

#define E "EHLO c.test\r\n"
#define M "MAIL FROM:<s@x.test>\r\n"
#define R "RCPT TO:<u1@here.test>\r\n"
#define P "RCPT TO:<postmaster@here.test>\r\n"
#define Q "QUIT\r\n"

static void set(char const *name, char const *text)
{
  if (text)
    house_put(name, text);
  else {
    char path[80];
    snprintf(path, sizeof path, "control/%s", name);
    unlink(path);
  }
}

typedef struct control_row_s control_row;
struct control_row_s {
  char const *setting, *text;
  char const *say;  /* after EHLO */
  char const *want; /* behind the 250 of EHLO */
};

static void run(control_row const *row)
{
  char want[1024];
  steps t = {.name = row->setting, .say = {SAID(E), {row->say, strlen(row->say)}, SAID(Q)}, .want = want};
  snprintf(want, sizeof want, "220|250|%s", row->want);
  set(row->setting, row->text);
  house_settings();
  (void)steps_run(&t);
  set(row->setting, 0);
  house_settings();
}

static void lists(void **state)
{
  static control_row const rows[] = {
      {"badmailfrom", "# nobody of\n@x.test\n", M R P Q,
       "250|554 5.7.1 mail from <s@x.test> is not taken here; questions: postmaster@here.test|250|221"},
      {"badmailfrom", "S@X.test", M R Q, "250|554 5.7.1|221"},
      {"badmailfrom", "@.test", M R Q, "250|554 5.7.1|221"},
      {"badmailfrom", "@.x.test\nt@x.test\n@y.test", M R Q, "250|250|221"},
      {"badmailfrom", "@x.test", "MAIL FROM:<>\r\n" R Q, "250|250|221"},
      {"badrcptto", "u1@here.test", M R P Q,
       "250|554 5.7.1 mail for <u1@here.test> is not taken here; questions: postmaster@here.test|250|221"},
      {"badrcptto", "@here.test", M R P Q, "250|554|250|221"},
      {"badrcptto", "u2@here.test", M R Q, "250|250|221"},
      {"badhelo", "c.test", M R P Q,
       "250|554 5.7.1 hosts that call themselves c.test are not served here; questions: "
       "postmaster@here.test|250|221"},
      {"badhelo", ".TEST", M R Q, "250|554 5.7.1|221"},
      {"badhelo", ".c.test\nd.test", M R Q, "250|250|221"},
      {"access", "192.0.2.0/24 refuse\n127.0.0.0/8 refuse no mail from loops\n", M R P Q,
       "250|554 5.7.1 [127.0.0.1]: no mail from loops; questions: postmaster@here.test|250|221"},
      {"access", "127.0.0.1 refuse", M R Q,
       "250|554 5.7.1 [127.0.0.1]: your network is not served here; q|221"},
      {"access", "127.0.0.1 later we are moving", M R P Q,
       "250|451 4.7.1 [127.0.0.1]: we are moving; questions: postmaster@here.test|250|221"},
      {"access", "127.0.0.1 ok\n127.0.0.0/8 refuse\n", M R Q, "250|250|221"},
      {"access", "::1 refuse\n10.0.0.0/8 refuse\n", M R Q, "250|250|221"},
      {"maxrecipients", "2", M R R R Q, "250|250|250|452 4.5.3|221"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    run(rows + i);
}

static void known_recipients(void **state)
{
  static control_row const rows[] = {
      {"recipientsfile", "backup.test:control/backup.users\n.b.test:control/backup.users",
       M "RCPT TO:<Ann@backup.test>\r\nRCPT TO:<nobody@backup.test>\r\nRCPT TO:<bob@BACKUP.test>\r\n"
         "RCPT TO:<ann+x@backup.test>\r\nRCPT TO:<dan@a.b.test>\r\nRCPT TO:<bob@a.b.test>\r\n"
         "RCPT TO:<any@other-backup.test>\r\n" Q,
       "250|250|550 5.1.1 <nobody@backup.test>: no such user here|250|250|250|550|250|221"},
      {"recipientsfile", "backup.test:control/empty.users", M "RCPT TO:<ann@backup.test>\r\n" Q,
       "250|550 5.1.1|221"},
  };
  stralloc problem = STRALLOC_ZERO;
  (void)state;
  house_put("backup.users", "# who is there\nann\nBob@backup.test # the boss\n\n dan@a.b.test\n");
  house_put("empty.users", "");
  set("relaydomains", "backup.test\nother-backup.test\n.b.test");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    run(rows + i);
  set("recipientsfile", "backup.test:control/none.users");
  assert_false(policy_read(&house_policy, 0, &problem));
  if (!strstr(problem.s, "control/none.users"))
    fail_msg("a file that is not there: got \"%s\", want its name", problem.s);
  set("recipientsfile", 0);
  set("relaydomains", "backup.test");
  house_settings();
  stralloc_free(&problem);
}

/* ---- DNS: a small server that knows what follows, fails for a zone, and is silent for another */

static struct {
  char const *name;
  unsigned char a[4]; /* of an A */
  char const *ptr;    /* of a PTR, as labels */
} const zone[] = {{"1.0.0.127.listed.test", {127, 0, 0, 2}, 0},
                  {"9.0.0.127.listed.test", {127, 0, 0, 10}, 0},
                  {"1.0.0.127.hijacked.test", {192, 0, 2, 1}, 0},
                  {"1.0.0.127.closed.test", {127, 255, 255, 254}, 0},
                  {"1.0.0.127.in-addr.arpa", {0}, "\4host\4test"},
                  {"2.0.0.127.in-addr.arpa", {0}, "\4liar\4test"},
                  {"host.test", {127, 0, 0, 1}, 0},
                  {"liar.test", {192, 0, 2, 1}, 0}};

static size_t put16(unsigned char *s, unsigned int n)
{
  s[0] = (unsigned char)(n >> 8);
  s[1] = (unsigned char)n;
  return 2;
}

/* The answer to the question in s; 0: none. */
static size_t answer_to(unsigned char *s, size_t len)
{
  char name[256];
  size_t at = 12, n = 0;
  while (at < len && s[at] && n + s[at] + 1 < sizeof name) {
    memcpy(name + n, s + at + 1, s[at]);
    n += s[at];
    name[n++] = '.';
    at += 1u + s[at];
  }
  name[n ? n - 1 : 0] = 0;
  unsigned int type = (unsigned int)s[at + 1] << 8 | s[at + 2];
  if (strstr(name, "silent.test"))
    return 0;
  s[2] = 0x84;
  s[3] = strstr(name, "failing.test") || strstr(name, "3.0.0.127.in-addr") ? 2 : 3;
  for (size_t i = 0; i < sizeof zone / sizeof *zone; i++) {
    if (strcasecmp(name, zone[i].name) || type != (zone[i].ptr ? 12u : 1u))
      continue;
    s[3] = 0;
    s[7] = 1;
    len += put16(s + len, 0xc00c);
    len += put16(s + len, type);
    len += put16(s + len, 1);
    len += put16(s + len, 0) + put16(s + len + 2, 60);
    n = zone[i].ptr ? strlen(zone[i].ptr) + 1 : 4;
    len += put16(s + len, (unsigned int)n);
    memcpy(s + len, zone[i].ptr ? (void const *)zone[i].ptr : (void const *)zone[i].a, n);
    return len + n;
  }
  return len;
}

static pid_t dns_server(char resolver[32])
{
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof a;
  int fd = socket(AF_INET, SOCK_DGRAM, 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
  getsockname(fd, (struct sockaddr *)&a, &len);
  snprintf(resolver, 32, "127.0.0.1:%u", ntohs(a.sin_port));
  pid_t pid = fork();
  if (pid) {
    close(fd);
    return pid;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (;;) {
    unsigned char s[1024];
    len = sizeof a;
    ssize_t r = recvfrom(fd, s, 512, 0, (struct sockaddr *)&a, &len);
    size_t n = r > 12 ? answer_to(s, (size_t)r) : 0;
    if (n)
      sendto(fd, s, n, 0, (struct sockaddr *)&a, len);
  }
}

static void dns_lists(void **state)
{
  static control_row const rows[] = {
      {"dnsbl", "nobody.test\nlisted.test", M R P Q,
       "250|554 5.7.1 [127.0.0.1] is listed by listed.test; questions: postmaster@here.test|250|221"},
      {"dnsbl", "nobody.test", M R Q, "250|250|221"},
      {"dnsbl", "listed.test 127.0.0.4/30 127.0.0.2", M R Q, "250|554 5.7.1|221"},
      {"dnsbl", "listed.test 127.0.0.4/30", M R Q, "250|250|221"},
      {"dnsbl", "hijacked.test", M R Q, "250|250|221"},
      {"dnsbl", "closed.test", M R Q, "250|250|221"},
      {"dnsbl", "failing.test\nlisted.test", M R Q, "250|554 5.7.1|221"},
      {"dnsbl", "failing.test", M R Q, "250|250|221"},
      {"dnsbl", "silent.test", M R Q, "250|250|221"},
      {"dnsbl", "silent.test\nlisted.test", M R Q, "250|554 5.7.1|221"},
      {"requirereversedns", "yes", M R P Q, "250|250|250|221"},
      {"requirereversedns", "confirmed", M R Q, "250|250|221"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    run(rows + i);
  set("xclient", "127.0.0.1");
  static struct {
    char const *address, *needs, *want;
  } const others[] = {
      {"127.0.0.2", "yes", "250|250|221"},
      {"127.0.0.2", "confirmed",
       "250|550 5.7.25 [127.0.0.2] has no name in DNS that leads back to it; questions: "
       "postmaster@here.test|221"},
      {"127.0.0.3", "yes", "250|450 4.7.25 the name of [127.0.0.3] can't be found now|221"},
      {"127.0.0.4", "yes", "250|550 5.7.25 [127.0.0.4] has no name in DNS; q|221"},
      {"IPV6:::ffff:7f00:4", "yes", "250|550 5.7.25 [127.0.0.4] has no name in DNS; q|221"},
      {"127.0.0.4", "no", "250|250|221"},
      {"127.0.0.4", "", "250|250|221"},
      {"IPV6:2001:db8::1", "yes", "250|550 5.7.25 [2001:db8::1] has no name in DNS; q|221"},
  };
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    char say[128], want[256];
    steps t = {.name = others[i].address,
               .say = {SAID(E),
                       {say, (size_t)snprintf(say, sizeof say, "XCLIENT ADDR=%s\r\n", others[i].address)},
                       SAID(E),
                       SAID(M R Q)},
               .want = want};
    snprintf(want, sizeof want, "220|250|220|250|%s", others[i].want);
    set("requirereversedns", others[i].needs);
    house_settings();
    (void)steps_run(&t);
  }
  set("requirereversedns", 0);
  set("xclient", 0);
  house_settings();
}

static void xclient(void **state)
{
  static control_row const rows[] = {
      {"xclient", "192.0.2.0/24", "XCLIENT ADDR=192.0.2.1\r\n", "550 5.7.1 XCLIENT is not for you|221"},
      {"xclient", "127.0.0.1", "XCLIENT ADDR=1.2.3\r\n", "501 5.5.4|221"},
      {"xclient", "127.0.0.1", "XCLIENT ADDR=\r\n", "501|221"},
      {"xclient", "127.0.0.1", "XCLIENT HELO=a+0Ab\r\n", "501|221"},
      {"xclient", "127.0.0.1", "XCLIENT HELO=a+0\r\n", "501|221"},
      {"xclient", "127.0.0.1", "XCLIENT FOO=1\r\n", "501|221"},
      {"xclient", "127.0.0.1", "XCLIENT\r\n", "501|221"},
      {"xclient", "127.0.0.1", M, "250|221"},
  };
  static steps const trusted = {"a client that may relay",
                                {SAID(E), SAID("XCLIENT ADDR=192.0.2.1 NAME=a.test PORT=1 PROTO=ESMTP\r\n"),
                                 SAID(E), SAID(M "RCPT TO:<a@other.test>\r\n" Q)},
                                "220|250|220|250|250|250|221"};
  static steps const stranger = {"and one that may not any more",
                                 {SAID(E), SAID("XCLIENT ADDR=[UNAVAILABLE] HELO=x.test\r\n"),
                                  SAID("MAIL FROM:<a@b.test>\r\n"), SAID(E),
                                  SAID(M "RCPT TO:<a@other.test>\r\n" Q)},
                                 "220|250|220|503|250|250|554 5.7.1|221"};
  (void)state;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    run(rows + i);
  set("xclient", "127.0.0.0/8");
  house_settings();
  (void)steps_run(&trusted);
  (void)steps_run(&stranger);
  set("xclient", 0);
  house_settings();
}

#define V2 "\r\n\r\n\0\r\nQUIT\n"
typedef struct proxy_row_s proxy_row;
struct proxy_row_s {
  char const *name, *s;
  size_t len;
  char const *want; /* 0: closed without a word */
};
static proxy_row const proxy_rows[] = {
#define CASE(name, s, want)                                                                                  \
  {                                                                                                          \
    name, s, sizeof(s) - 1, want                                                                             \
  }
    CASE("a client that may relay", "PROXY TCP4 192.0.2.1 127.0.0.1 4711 25\r\n", "220|250|250|250|221"),
    CASE("one that may not", "PROXY TCP4 198.51.100.1 127.0.0.1 4711 25\r\n", "220|250|250|554 5.7.1|221"),
    CASE("a client that may relay, as IPv6", "PROXY TCP6 ::ffff:c000:201 ::1 4711 25\r\n",
         "220|250|250|250|221"),
    CASE("IPv6", "PROXY TCP6 2001:db8::1 ::1 4711 25\r\n", "220|250|250|554|221"),
    CASE("unknown", "PROXY UNKNOWN\r\n", "220|250|250|554|221"),
    CASE("version 2", V2 "\x21\x11\0\x0c\xc0\0\2\1\x7f\0\0\1\0\1\0\x19", "220|250|250|250|221"),
    CASE("version 2, LOCAL", V2 "\x20\0\0\0", "220|250|250|554|221"),
    CASE("version 2, more behind", V2 "\x21\x11\0\x0f\xc0\0\2\1\x7f\0\0\1\0\1\0\x19xyz",
         "220|250|250|250|221"),
    CASE("no header", "EHLO c.test\r\n", 0),
    CASE("a name", "PROXY TCP4 host.test 127.0.0.1 1 25\r\n", 0),
    CASE("the other family", "PROXY TCP4 ::1 ::1 1 25\r\n", 0),
    CASE("no ports", "PROXY TCP4 192.0.2.1 127.0.0.1\r\n", 0),
    CASE("a port too large", "PROXY TCP4 192.0.2.1 127.0.0.1 65536 25\r\n", 0),
    CASE("bare LF", "PROXY TCP4 192.0.2.1 127.0.0.1 1 25\n", 0),
    CASE("a long line",
         "PROXY TCP4 192.0.2.1 127.0.0.1 1 25                                          "
         "                                                     \r\n",
         0),
    CASE("version 3", V2 "\x31\x11\0\x0c\xc0\0\2\1\x7f\0\0\1\0\1\0\x19", 0),
    CASE("too short for an address", V2 "\x21\x11\0\x04\xc0\0\2\1", 0),
    CASE("64 KiB announced", V2 "\x21\x11\xff\xff\xc0\0\2\1\x7f\0\0\1\0\1\0\x19", 0),
};

/* Says the header, in two parts if cut is not 0, and then sends mail for somebody else. */
static void proxied(proxy_row const *row, size_t cut)
{
  static char const *const say[] = {E, M "RCPT TO:<a@other.test>\r\n" Q};
  stralloc heard = STRALLOC_ZERO;
  int fd;
  pid_t pid = house_serve(&fd);
  if (cut) {
    assert_int_equal(send(fd, row->s, cut, MSG_NOSIGNAL), (ssize_t)cut);
    usleep(20000);
  }
  assert_int_equal(send(fd, row->s + cut, row->len - cut, MSG_NOSIGNAL), (ssize_t)(row->len - cut));
  for (size_t i = 0; row->want && i < 2 && steps_hear(fd, &heard); i++)
    (void)send(fd, say[i], strlen(say[i]), MSG_NOSIGNAL);
  while (steps_hear(fd, &heard))
    ;
  close(fd);
  waitpid(pid, 0, 0);
  assert_true(stralloc_0(&heard));
  house_compare(row->name, heard.s, row->want ? row->want : "");
  stralloc_free(&heard);
}

static void proxies(void **state)
{
  static steps const untrusted = {
      "from somebody else", {SAID("PROXY TCP4 192.0.2.1 127.0.0.1 1 25\r\n"), SAID(Q)}, "220|500 5.5.1|221"};
  (void)state;
  set("proxyprotocol", "127.0.0.1");
  house_settings();
  for (size_t i = 0; i < sizeof proxy_rows / sizeof *proxy_rows; i++) {
    proxied(proxy_rows + i, 0);
    proxied(proxy_rows + i, 5);
  }
  set("proxyprotocol", "192.0.2.1");
  house_settings();
  (void)steps_run(&untrusted);
  set("proxyprotocol", 0);
  house_settings();
}

static pid_t server;

static int enter(void **state)
{
  char resolver[32];
  int failed =
      setenv("RES_OPTIONS", "timeout:3 attempts:5", 1) || house_enter(state) || !policy_find_resolver();
  unlink("control/access");
  server = dns_server(resolver);
  house_put("resolver", resolver);
  house_settings();
  return failed;
}

static int leave(void **state)
{
  house_end(server);
  return house_leave(state);
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(lists), cmocka_unit_test(known_recipients),
                                     cmocka_unit_test(dns_lists), cmocka_unit_test(xclient),
                                     cmocka_unit_test(proxies)};
  return cmocka_run_group_tests_name("smtpd_controls", tests, enter, leave);
}
