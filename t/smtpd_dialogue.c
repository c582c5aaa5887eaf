/* What is answered to what: each row is said to a session at once and again an octet at a time; the answers
   and what was stored must be the same. `want` holds the beginnings of the replies (t/smtpd_house.h). */
#include "t/smtpd_rows.h"

static void greetings(void **state)
{
  static row const rows[] = {
      {"nothing", SPAN(Q), "220 here.test ESMTP|221 2.0.0", 0},
      {"HELO", SPAN(H Q), "220|250 here.test|221", 0},
      {"EHLO", SPAN("EHLO c.test\r\n" Q), "220|250 HELP|221", 0},
      {"small letters", SPAN("ehlo c.test\r\nquit\r\n"), "220|250|221", 0},
      {"bare LF, bare CR", SPAN("EHLO c.test\nEHLO a\rb\r\n" Q), "220|550 5.5.2|550 5.5.2|221", 0},
      {"a literal", SPAN("EHLO [IPv6:::1]\r\n" Q), "220|250|221", 0},
      {"no name", SPAN("EHLO\r\nHELO \r\n" Q), "220|501 E|501 H|221", 0},
      {"shell in a name", SPAN("HELO () { :;}; id\r\nEHLO %n%s\r\nHELO a\0b\r\n" Q),
       "220|501|501|500 5.5.2|221", 0},
      {"a greeting again", SPAN(H M R "EHLO c.test\r\n" R Q), "220|250|250|250|250|503 5.5.1|221", 0},
  };
  (void)state;
  SAY(rows);
}

/* All that EHLO offers, and nothing else. */
static void offers(void **state)
{
  static char const want[] =
      "220 here.test ESMTP tern\r\n250-here.test\r\n250-PIPELINING\r\n250-SIZE 300000\r\n"
      "250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250-DSN\r\n"
      "250-CHUNKING\r\n250-LIMITS RCPTMAX=10000\r\n250 HELP\r\n"
      "221 2.0.0 here.test closing\r\n";
  stralloc heard = STRALLOC_ZERO;
  int fd;
  (void)state;
  pid_t pid = house_serve(&fd);
  house_talk(fd, SPAN("EHLO c\r\n" Q), 0, &heard);
  close(fd);
  waitpid(pid, 0, 0);
  stralloc_0(&heard);
  if (strcmp(heard.s, want))
    fail_msg("got\n%s\nwant\n%s", heard.s, want);
  stralloc_free(&heard);
}

static void transactions(void **state)
{
  static row const rows[] = {
      {"a message", SPAN(H M R D B Q),
       "220|250|250 2.1.0|250 2.1.5|354|250 2.0.0 Ok: queued as 0000000000000000000V|221", STORED},
      {"ESMTP with wishes",
       SPAN("EHLO c.test\r\nMAIL FROM:<s@x.test> SIZE=10 BODY=8BITMIME RET=HDRS ENVID=q+2B1\r\n"
            "RCPT TO:<u1@here.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a+2Bb@c.test\r\n" D B Q),
       "220|250|250|250|354|250|221",
       "from s@x.test\nclient 127.0.0.1 c.test ESMTP\nenvid q+2B1 ret H body 8 smtputf8 0\n"
       "to u1@here.test orcpt rfc822;a+2Bb@c.test notify 10 original \n\nSubject: x\n\nbody\n"},
      {"the null sender", SPAN(H "MAIL FROM:<>\r\n" R D B Q), "220|250|250|250|354|250|221",
       "from \n" CLIENT "to u1@here.test\n\nSubject: x\n\nbody\n"},
      {"a space after the colon, none around the path",
       SPAN(H "MAIL FROM: s@x.test\r\nRCPT TO: <u1@here.test>\r\n" D B Q), "220|250|250|250|354|250|221",
       STORED},
      {"names without a domain", SPAN(H "MAIL FROM:<root>\r\nRCPT TO:<u1>\r\nRCPT TO:<Postmaster>\r\n" D B Q),
       "220|250|250|250|250|354|250|221",
       "from root@here.test\n" CLIENT "to u1@here.test\nto Postmaster@here.test\n\nSubject: x\n\nbody\n"},
      {"an empty message", SPAN(H M R D ".\r\n" Q), "220|250|250|250|354|250|221",
       "from s@x.test\n" CLIENT "to u1@here.test\n\n"},
      {"a message without a header, with a NUL", SPAN(H M R D " a\0b\r\n.\r\n" Q),
       "220|250|250|250|354|250|221", "from s@x.test\n" CLIENT "to u1@here.test\n\n a"},
      {"no recipient is good", SPAN(H M "RCPT TO:<no@here.test>\r\n" D Q),
       "220|250|250|550 5.1.1 <no@here.test>|554 5.5.1|221", 0},
      {"RSET forgets", SPAN(H M R "RSET\r\n" D R M Q), "220|250|250|250|250 2.0.0|503|503|250|221", 0},
      {"a second MAIL", SPAN(H M "MAIL FROM:<other@x.test>\r\n" R D B Q),
       "220|250|250|503 5.5.1|250|354|250|221", STORED},
      {"VRFY between", SPAN(H M R "VRFY \xc3\xa9\r\n" D B Q), "220|250|250|250|252|354|250|221", STORED},
      {"out of order", SPAN(M R D H R D M D Q), "220|503|503|503|250|503|503|250|554|221", 0},
      {"refused at the end, then DATA", SPAN(H "MAIL FROM:<full@x.test>\r\n" R D B R D Q),
       "220|250|250|250|354|452 4.3.1 no space|503|503|221", 0},
      {"a queue that is restarted", SPAN(H "MAIL FROM:<drain@x.test>\r\n" R D B Q),
       "220|250|250|250|354|250 2.0.0|221",
       "from drain@x.test\n" CLIENT "to u1@here.test\n\nSubject: x\n\nbody\n"},
      {"arguments that are none", SPAN(H M R "DATA now\r\nRSET now\r\nVRFY\r\nNOOP now\r\n" Q),
       "220|250|250|250|501|501|501|250|221", 0},
      {"the others",
       SPAN("NOOP\r\nHELP\r\nEXPN list\r\nVRFY root\r\nXCLIENT ADDR=127.0.0.1\r\nPROXY TCP4 1.2.3.4 1.2.3.4 "
            "1 1\r\n"
            "STARTTLS\r\nAUTH PLAIN\r\nETRN x\r\nTURN\r\n\r\n" Q),
       "220|250 2.0.0|214 2.0.0|502 5.5.1|252 2.0.0|550 5.7.1|500 5.5.1|500|500|502 5.5.1|500|500|221", 0},
  };
  (void)state;
  SAY(rows);
}

static void bad_paths(void **state)
{
  static row const rows[] = {
      {"senders",
       SPAN(H "MAIL FROM:<;sleep 66;>\r\nMAIL FROM:<|id>\r\nMAIL FROM:<() { :;}; /usr/bin/id>\r\n"
              "MAIL FROM:<a@b> =\r\nMAIL FROM:<a@b>SIZE=1\r\nMAIL FROM\r\nMAIL <a@b>\r\nMAIL FROM:\r\n"
              "MAIL FROM:<a@b\r\nMAIL FROM:<a\0b@c>\r\nMAIL FROM:<a@b@c>\r\n" Q),
       "220|250|501 5.1.7|501|501|501 5.5.4|501|501|501|501|501|500|501|221", 0},
      {"parameters",
       SPAN("EHLO c\r\nMAIL FROM:<a@b> AUTH=\r\nMAIL FROM:<a@b> XYZZY=%n%s\r\nMAIL FROM:<a@b> SIZE=\r\n"
            "MAIL FROM:<a@b> SIZE=99999999999999999999\r\nMAIL FROM:<a@b> SIZE=300001\r\nMAIL FROM:<a@b> "
            "SIZE=300000\r\n"
            "RCPT TO:<u1@here.test> NOTIFY=NEVER,SUCCESS\r\nRCPT TO:<u1@here.test> ORCPT=rfc822;a+0Ab\r\n"
            "RCPT TO:<u1@here.test> ORCPT=rfc822;a+00b\r\nRCPT TO:<u1@here.test> X=1\r\n" Q),
       "220|250|555 5.5.4|555|501 5.5.4|552 5.3.4|552|250|501|501|501|555|221", 0},
      {"recipients",
       SPAN(H M "RCPT TO:<>\r\nRCPT TO:<$(id)@here.test>\r\nRCPT TO:<${run{/bin/sh}}@here.test>\r\nRCPT "
                "TO:<a b@here.test>\r\n"
                "RCPT TO:<u1@here.test.>\r\nRCPT TO:<\"\"@here.test>\r\nRCPT TO:<|id>\r\nRCPT TO:</tmp/x>\r\n"
                "RCPT TO:<a/b@here.test>\r\nRCPT TO:<\"../../etc/passwd\"@here.test>\r\nRCPT "
                "TO:<\".\"@here.test>\r\n" Q),
       "220|250|250|501 5.1.3|501|550 5.1.1|501|501|501|501|501|550|550|550|221", 0},
      {"literals",
       SPAN(H M "RCPT TO:<u1@[1.2.3]>\r\nRCPT TO:<u1@[::1]>\r\nRCPT TO:<u1@[IPv6:fe80::1%eth0]>\r\n"
                "RCPT TO:<u1@[IPv6:::1]>\r\nRCPT TO:<u1@[127.0.0.2]>\r\n" Q),
       "220|250|250|501|501|501|554 5.7.1|554 5.7.1|221", 0},
      {"UTF-8",
       SPAN("EHLO c\r\nMAIL FROM:<\xc3\xa9@x.test>\r\n" M "RCPT TO:<\xc3\xa9@here.test>\r\nRSET\r\n"
            "MAIL FROM:<\xc3\xa9@x.test> SMTPUTF8\r\nRCPT TO:<\xc0\x80@here.test>\r\nRCPT "
            "TO:<\xed\xa0\x80@here.test>\r\n"
            "RCPT TO:<a\xe2\x80\xae"
            "b@here.test>\r\nRCPT TO:<\xc3\xa9\xc3\xa9@here.test>\r\n" Q),
       "220|250|553 5.6.7|250|553 5.6.7|250|250|501|501|501|550 5.1.1 <\xc3\xa9\xc3\xa9@here.test>|221", 0},
  };
  (void)state;
  SAY(rows);
}

/* Names at the bounds of RFC 5321 section 4.5.3.1, and beyond; format strings in every field. */
static void bounds(void **state)
{
  static char const *const rcpts[] = {"%s%s%s%s%s%n@here.test", "%n%n"};
  static struct {
    size_t local, domain;
    char const *want;
  } const cases[] = {{64, 9, "550 5.1.1"},  {65, 9, "550 5.1.1"},
                     {255, 9, "550 5.1.1"}, {256, 9, "501 5.1.3 address too long"},
                     {4, 253, "554 5.7.1"}, {4, 256, "501 5.1.3"},
                     {1200, 9, "501 5.1.3"}};
  char say[4096], want[256];
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char local[1300], domain[300];
    memset(local, 'a', cases[i].local);
    local[cases[i].local] = 0;
    for (size_t k = 0; k < cases[i].domain; k++)
      domain[k] = k % 50 == 49 ? '.' : 'd';
    domain[cases[i].domain] = 0;
    int n = snprintf(say, sizeof say, H M "RCPT TO:<%s@%s>\r\n" Q, local,
                     cases[i].domain == 9 ? "here.test" : domain);
    snprintf(want, sizeof want, "220|250|250|%s|221", cases[i].want);
    (void)house_session_of("lengths", say, (size_t)n, 0, want);
  }
  memset(say, '1', sizeof say);
  memcpy(say, H M "RCPT TO:<a@[IPv6:", sizeof(H M "RCPT TO:<a@[IPv6:") - 1);
  memcpy(say + 1200, "]>\r\n" Q, sizeof("]>\r\n" Q));
  (void)house_session_of("a literal of 1 KiB", say, strlen(say), 0, "220|250|250|501 5.1.3|221");
  for (size_t i = 0; i < sizeof rcpts / sizeof *rcpts; i++) {
    int n = snprintf(
        say, sizeof say,
        "HELO %%n%%s\r\nHELO c.test\r\nMAIL FROM:<%%s%%n@x.test>\r\nRCPT TO:<%s>\r\nVRFY %%n\r\n%%n%%s\r\n" Q,
        rcpts[i]);
    (void)house_session_of("formats", say, (size_t)n, 0,
                           i ? "220|501|250|250|501|252|500|221"
                             : "220|501|250|250|550 5.1.1 <%s%s|252|500|221");
  }
}

static void smtputf8(void **state)
{
  static row const rows[] = {
      {"SMTPUTF8",
       SPAN("EHLO c.test\r\nMAIL FROM:<\xc3\xa9@x.test> SMTPUTF8 BODY=8BITMIME\r\nRCPT "
            "TO:<\xc3\xa9@here.test>\r\n" D B Q),
       "220|250|250|250|354|250|221",
       "from \xc3\xa9@x.test\nclient 127.0.0.1 c.test UTF8SMTP\nenvid  ret - body 8 smtputf8 1\n"
       "to \xc3\xa9@here.test\n\nSubject: x\n\nbody\n"},
  };
  (void)state;
  SAY(rows);
}

static void relaying(void **state)
{
  static row const rows[] = {
      {"none of these",
       SPAN(H M "RCPT TO:<user@other.test>\r\nRCPT TO:<user%other.test@here.test>\r\n"
                "RCPT TO:<@here.test,@b.test:user@other.test>\r\nRCPT TO:<\"user@other.test\"@here.test>\r\n"
                "RCPT TO:<user@other.test@here.test>\r\nRCPT TO:<other.test!user@here.test>\r\n"
                "RCPT TO:<@here.test:user@other.test>\r\nRCPT TO:<postmaster@other.test>\r\n" Q),
       "220|250|250|554 5.7.1 <user@other.test>: relaying denied|550 5.1.1|554 5.7.1|550|501|550|554|554|221",
       0},
      {"ours",
       SPAN(H M
            "RCPT TO:<any@v.test>\r\nRCPT TO:<any@BACKUP.test>\r\nRCPT TO:<@other.test:u1@here.test>\r\n"
            "RCPT TO:<u1@[127.0.0.1]>\r\nRCPT TO:<U2@LocalHost>\r\nRCPT TO:<\"a b\"@here.test>\r\n" D B Q),
       "220|250|250|250|250|250|250|250|250|354|250|221",
       "from s@x.test\n" CLIENT "to any@v.test\nto any@BACKUP.test\nto u1@here.test\n"
       "to u1@here.test orcpt  notify 0 original u1@[127.0.0.1]\nto U2@LocalHost\nto \"a "
       "b\"@here.test\n\nSubject: x\n\nbody\n"},
      {"later", SPAN(H M "RCPT TO:<later@here.test>\r\n" Q), "220|250|250|451 4.3.0|221", 0},
  };
  static row const trusted[] = {
      {"a client that may relay",
       SPAN(H M
            "RCPT TO:<user@other.test>\r\nRCPT TO:<no@here.test>\r\nRCPT TO:<user@[192.0.2.1]>\r\n" D B Q),
       "220|250|250|250|550|250|354|250|221",
       "from s@x.test\n" CLIENT "to user@other.test\nto user@[192.0.2.1]\n\nSubject: x\n\nbody\n"},
  };
  static row const virtual[] = {
      {"the file `virtual`",
       SPAN(H M "RCPT TO:<u1@vmap.test>\r\nRCPT TO:<no@vmap.test>\r\nRCPT TO:<no@x.other>\r\n" Q),
       "220|250|250|250|550 5.1.1|554 5.7.1|221", 0},
  };
  (void)state;
  SAY(rows);
  house_put("relayclients", "127.0.0.0/8");
  house_settings();
  SAY(trusted);
  house_put("relayclients", "192.0.2.0/24");
  house_put("virtual", "/etc/virtual");
  house_settings();
  SAY(virtual);
  unlink("control/virtual");
  house_settings();
}

/* Sessions that are ended: what is said, and that the process is replaced. */
static void ends(void **state)
{
  static struct {
    char const *name, *say, *want;
    int odd;
  } const cases[] = {
      {"POST", "POST / HTTP/1.1\r\nHost: x\r\n\r\nMAIL FROM:<a@b>\r\n", "220|554 5.5.1", 1},
      {"GET", "get / HTTP/1.0\r\nQUIT\r\n", "220|554", 1},
      {"twenty errors and one",
       "a\r\nb\r\nc\r\nd\r\ne\r\nf\r\ng\r\nh\r\ni\r\nj\r\nk\r\nl\r\nm\r\nn\r\no\r\np\r\nq\r\nr\r\ns\r\nt\r\nu"
       "\r\nQUIT\r\n",
       "220|500|500|500|500|500|500|500|500|500|500|500|500|500|500|500|500|500|500|500|500|421 4.7.0", 1},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    int odd = house_session_of(cases[i].name, cases[i].say, strlen(cases[i].say), 0, cases[i].want);
    if (odd != cases[i].odd)
      fail_msg("%s: got %d, want %d", cases[i].name, odd, cases[i].odd);
  }
}

/* Services that are down: later, and nothing else. */
static void down(void **state)
{
  static row const no_alias[] = {{"alias down",
                                  SPAN(H M R "RCPT TO:<postmaster>\r\nRCPT TO:<a@backup.test>\r\n" Q),
                                  "220|250|250|451 4.3.0 <u1@here.test>|250|250|221", 0}};
  static row const no_queue[] = {
      {"queue down", SPAN(H M R D B M Q), "220|250|250|250|354|451 4.3.0|250|221", 0}};
  (void)state;
  house_end(house_alias);
  SAY(no_alias);
  house_alias = house_fork("alias", &house_be_alias);
  house_end(house_queue);
  SAY(no_queue);
  house_queue = house_fork("queue", &house_be_queue);
}

int main(void)
{
  struct CMUnitTest const tests[] = {
      cmocka_unit_test(greetings), cmocka_unit_test(offers), cmocka_unit_test(transactions),
      cmocka_unit_test(bad_paths), cmocka_unit_test(bounds), cmocka_unit_test(smtputf8),
      cmocka_unit_test(relaying),  cmocka_unit_test(ends),   cmocka_unit_test(down)};
  return cmocka_run_group_tests_name("smtpd_dialogue", tests, house_enter, house_leave);
}
