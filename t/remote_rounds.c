/* The client against servers that answer for each recipient (LMTP), and against servers with limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <cmocka.h>
#include "t/remote_peer.h"

#define PIPE ">220 hi\n<EHLO client.test\n>250-s\n>250-PIPELINING\n>250 8BITMIME\n"

/* ---- LMTP */

#define LHLO ">220 hi\n<LHLO client.test\n>250-s\n>250-PIPELINING\n>250 8BITMIME\n"
#define THREE "<MAIL\n<RCPT\n<RCPT\n<RCPT\n<DATA\n>250 ok\n>250 ok\n>250 ok\n>250 ok\n>354 go\n.\n"

static struct {
  char const *name;
  char const *rcpts;
  char const *scripts[3];
  char const *codes;
  char const *texts[3]; /* parts of the results' */
  char const *unheard;
} const lmtp[] = {
    {"an answer for each",
     "a@x b@x c@x",
     {LHLO THREE ">250 2.0.0 <a> saved\n>452 4.2.2 <b> full\n>550 5.7.1 <c> no\n<QUIT\n"},
     "2.0.0 4.2.2 5.7.1",
     {"<a> saved", "<b> full", "<c> no"},
     0},
    {"who was refused before has none",
     "a@x b@x c@x",
     {LHLO "<MAIL\n<RCPT\n<RCPT\n<RCPT\n<DATA\n>250 ok\n>250 ok\n>550 5.1.1 who\n>250 ok\n>354 go\n.\n"
           ">250 2.0.0 <a>\n>250-2.0.0 <c>\n>250 2.0.0 saved\n<QUIT\n"},
     "2.0.0 5.1.1 2.0.0",
     {"<a>", "who", "<c> saved"},
     0},
    {"fewer answers, then it closes",
     "a@x b@x c@x",
     {LHLO THREE ">250 2.0.0 one\n"},
     "2.0.0 4.4.2 4.4.2",
     {"one", "may have the message", "may have the message"},
     0},
    {"fewer answers, then silence",
     "a@x b@x c@x",
     {LHLO THREE ">250 2.0.0 one\n>250 2.0.0 two\n~2500\n"},
     "2.0.0 2.0.0 4.4.2",
     {"one", "two", "in time"},
     0},
    {"no answer at all", "a@x b@x c@x", {LHLO THREE}, "4.4.2 4.4.2 4.4.2", {"closed", "closed", "closed"}, 0},
    {"more answers than recipients",
     "a@x",
     {LHLO "<MAIL\n<RCPT\n<DATA\n>250 ok\n>250 ok\n>354 go\n.\n|250 one\\r\\n250 two\\r\\n\n~200\n"},
     "2.0.0",
     {"one", 0, 0},
     0},
    {"421 among the answers",
     "a@x b@x c@x",
     {LHLO THREE ">250 2.0.0 one\n>421 4.3.2 bye\n"},
     "2.0.0 4.3.2 4.4.2",
     {"one", "bye", "closed"},
     0},
    {"nonsense among the answers",
     "a@x b@x c@x",
     {LHLO THREE ">250 2.0.0 one\n>354 go on\n>250 three\n"},
     "2.0.0 4.0.0 4.4.2",
     {"one", "go on", "may have"},
     0},
    {"DATA refused: one answer for all",
     "a@x b@x",
     {LHLO "<MAIL\n<RCPT\n<RCPT\n<DATA\n>250 ok\n>250 ok\n>250 ok\n>451 4.3.0 later\n<QUIT\n"},
     "4.3.0 4.3.0",
     {"later", "later", 0},
     "..b"},
    {"all refused, then 354: no dot, for it would have no answer",
     "a@x",
     {LHLO "<MAIL\n<RCPT\n<DATA\n>250 ok\n>550 5.1.1 who\n>354 go\n~200\n"},
     "5.1.1",
     {"who", 0, 0},
     "\n.\r\n"},
    {"no second round after LHLO: an SMTP server is not tried",
     "a@x",
     {">220 hi\n<LHLO\n>500 5.5.1 what\n<QUIT\n"},
     "4.5.1",
     {"what", 0, 0},
     "HELO"},
    {"a host that has no room for all: round by round",
     "a@x b@x c@x",
     {LHLO "<MAIL\n<RCPT\n<RCPT\n<RCPT\n<DATA\n>250 ok\n>250 ok\n>452 4.5.3 many\n>452 4.5.3 many\n>354 "
           "go\n.\n>250 2.0.0 a\n"
           "<MAIL\n<RCPT TO:<b@x>\n<DATA\n>250 ok\n>250 ok\n>354 go\n.\n>250 2.0.0 b\n"
           "<MAIL\n<RCPT TO:<c@x>\n<DATA\n>250 ok\n>250 ok\n>354 go\n.\n>450 4.2.0 c\n<QUIT\n"},
     "2.0.0 2.0.0 4.2.0",
     {"a", "b", "c"},
     0},
};

static void test_lmtp(void **state)
{
  size_t i, k;
  (void)state;
  for (i = 0; i < sizeof lmtp / sizeof *lmtp; i++) {
    static peer p;
    peer_serve_job(&p, lmtp[i].scripts, 1, lmtp[i].rcpts);
    peer_finish(&p);
    peer_check_codes(lmtp[i].name, lmtp[i].rcpts, lmtp[i].codes, &p);
    for (k = 0; k < peer_words(lmtp[i].rcpts); k++)
      peer_check(lmtp[i].name, "text", peer_attempt.results[k].text, lmtp[i].texts[k]);
    if (strstr(p.heard, "[step"))
      fail_msg("%s: heard %s", lmtp[i].name, p.heard);
    if (lmtp[i].unheard && strstr(p.heard, lmtp[i].unheard))
      fail_msg("%s: heard \"%s\", and it should not", lmtp[i].name, lmtp[i].unheard);
  }
}

/* ---- a server's limits (RFC 9422) */

#define LIMITED(limits) ">220 hi\n<EHLO client.test\n>250-s\n>250-PIPELINING\n>250 LIMITS " limits "\n"
#define TWO(a, b, end)                                                                                       \
  "<MAIL\n<RCPT TO:<" a ">\n<RCPT TO:<" b ">\n<DATA\n>250 ok\n>250 ok\n>250 ok\n>354 go\n.\n>250 2.0.0 " end \
  "\n"
#define ONE(a, end) "<MAIL\n<RCPT TO:<" a ">\n<DATA\n>250 ok\n>250 ok\n>354 go\n.\n>250 2.0.0 " end "\n"

static struct {
  char const *name;
  char const *rcpts;
  char const *scripts[4];
  char const *codes;
} const limits[] = {
    {"RCPTMAX",
     "a@x b@x c@x d@x e@x",
     {LIMITED("RCPTMAX=2") TWO("a@x", "b@x", "1") TWO("c@x", "d@x", "2") ONE("e@x", "3") "<QUIT\n"},
     "2.0.0 2.0.0 2.0.0 2.0.0 2.0.0"},
    {"MAILMAX: a connection more for each",
     "a@x b@x c@x",
     {LIMITED("FOO=1 MAILMAX=1 RCPTMAX=1") ONE("a@x", "1") "<QUIT\n",
      LIMITED("MAILMAX=1 RCPTMAX=1") ONE("b@x", "2") "<QUIT\n",
      LIMITED("MAILMAX=1 RCPTMAX=1") ONE("c@x", "3") "<QUIT\n"},
     "2.0.0 2.0.0 2.0.0"},
    {"RCPTDOMAINMAX",
     "a@x b@Y c@X d@y",
     {LIMITED("RCPTDOMAINMAX=1") TWO("a@x", "c@X", "1") TWO("b@Y", "d@y", "2") "<QUIT\n"},
     "2.0.0 2.0.0 2.0.0 2.0.0"},
    {"nonsense is no limit",
     "a@x b@x",
     {LIMITED("RCPTMAX=0 MAILMAX=x RCPTDOMAINMAX=9999999 RCPTMAX=1x =") TWO("a@x", "b@x", "1") "<QUIT\n"},
     "2.0.0 2.0.0"},
    {"one is refused, the rest goes on",
     "a@x b@x",
     {LIMITED("RCPTMAX=1") "<MAIL\n<RCPT\n<DATA\n>250 ok\n>550 5.1.1 no\n>503 no\n"
                           "<RSET\n<MAIL\n<RCPT TO:<b@x>\n<DATA\n>250 ok\n>250 ok\n>250 ok\n>354 go\n.\n>250 "
                           "2.0.0 2\n<QUIT\n"},
     "5.1.1 2.0.0"},
    {"the limit that 452 showed holds for the rounds after it",
     "a@x b@x c@x d@x",
     {PIPE "<MAIL\n<RCPT\n<RCPT\n<RCPT\n<RCPT\n<DATA\n>250 ok\n>250 ok\n>250 ok\n>452 4.5.3 many\n>452 4.5.3 "
           "many\n>354 go\n.\n>250 2.0.0 1\n" TWO("c@x", "d@x", "2") "<QUIT\n"},
     "2.0.0 2.0.0 2.0.0 2.0.0"},
    {"refused ones count for the limit, as with Exim",
     "a@x b@x c@x d@x e@x",
     {PIPE "<MAIL\n<RCPT\n<RCPT\n<RCPT\n<RCPT\n<RCPT\n<DATA\n>250 ok\n>550 no\n>550 no\n>452 many\n>452 "
           "many\n>452 many\n>503 no\n"
           "<RSET\n<MAIL\n<RCPT TO:<c@x>\n<RCPT TO:<d@x>\n<DATA\n>250 ok\n>250 ok\n>550 no\n>250 ok\n>354 "
           "go\n.\n>250 2.0.0 2\n" ONE("e@x", "3") "<QUIT\n"},
     "5.0.0 5.0.0 5.0.0 2.0.0 2.0.0"},
    {"452 for all is no limit: one round",
     "a@x b@x c@x",
     {PIPE "<MAIL\n<RCPT\n<RCPT\n<RCPT\n<DATA\n>250 ok\n>452 4.3.1 no room\n>452 4.3.1 no room\n>452 4.3.1 "
           "no room\n>503 no\n<QUIT\n"},
     "4.3.1 4.3.1 4.3.1"},
    {"452 about a mailbox is no limit",
     "a@x b@x c@x",
     {PIPE "<MAIL\n<RCPT\n<RCPT\n<RCPT\n<DATA\n>250 ok\n>250 ok\n>452 4.2.2 full\n>250 ok\n>354 go\n.\n>250 "
           "2.0.0 1\n<QUIT\n"},
     "2.0.0 4.2.2 2.0.0"},
};

static void test_limits(void **state)
{
  size_t i;
  (void)state;
  for (i = 0; i < sizeof limits / sizeof *limits; i++) {
    static peer p;
    peer_serve_job(&p, limits[i].scripts, 0, limits[i].rcpts);
    peer_finish(&p);
    peer_check_codes(limits[i].name, limits[i].rcpts, limits[i].codes, &p);
    if (strstr(p.heard, "[step"))
      fail_msg("%s: heard %s", limits[i].name, p.heard);
  }
}

int main(void)
{
  struct CMUnitTest const tests[] = {
      cmocka_unit_test(test_lmtp),
      cmocka_unit_test(test_limits),
  };
  return cmocka_run_group_tests(tests, 0, 0);
}
