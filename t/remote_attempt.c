/* The client against servers that refuse, break off, lie and stall. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <sys/resource.h>
#include <cmocka.h>
#include "remote/command.h"
#include "t/remote_peer.h"

#define EHLO ">220 hi\n<EHLO client.test\n>250 s\n"
#define PIPE ">220 hi\n<EHLO client.test\n>250-s\n>250-PIPELINING\n>250 8BITMIME\n"
#define MAIL "<MAIL\n<RCPT\n<DATA\n>250 2.1.0 ok\n>250 2.1.5 ok\n>354 go\n"

static struct {
  char const *name;
  char const *rcpts;
  char const *scripts[4];
  char const *codes;
  char const *text;  /* part of the first result's */
  char const *heard; /* must be part of it; 0: nothing is asked */
  char const *unheard;
} const cases[] = {
    {"one command at a time",
     "a@x",
     {EHLO "<MAIL FROM:<s@y>\n>250 ok\n<RCPT TO:<a@x>\n>250 ok\n<DATA\n>354 go\n.\n>250 2.0.0 queued as 7\n"},
     "2.0.0",
     "queued as 7",
     "DATA\r\na\r\n..b\r\n.\r\n",
     0},
    {"pipelined",
     "a@x",
     {PIPE MAIL ".\n>250 2.0.0 queued\n"},
     "2.0.0",
     "queued",
     "MAIL FROM:<s@y>\r\nRCPT TO:<a@x>\r\nDATA\r\na\r\n..b\r\n.\r\n",
     0},
    {"HELO after EHLO is refused",
     "a@x",
     {">220 hi\n<EHLO\n>502 what\n<HELO client.test\n>250 s\n<MAIL\n>250 ok\n<RCPT\n>250 ok\n<DATA\n>354 "
      "go\n.\n>250 ok\n"},
     "2.0.0",
     "250 ok",
     0,
     0},
    {"250, 550, 450",
     "a@x b@x c@x",
     {PIPE "<MAIL\n<RCPT\n<RCPT\n<RCPT\n<DATA\n>250 ok\n>250 ok\n>550 5.1.1 no\n>450 4.2.0 later\n>354 "
           "go\n.\n>250 2.6.0 ok\n"},
     "2.6.0 5.1.1 4.2.0",
     "250 2.6.0",
     0,
     0},
    {"all refused, then 354: a lone dot",
     "a@x b@x",
     {PIPE "<MAIL\n<RCPT\n<RCPT\n<DATA\n>250 ok\n>550 5.1.1 no\n>550 5.1.1 no\n>354 go\n<.\n>554 no\n"},
     "5.1.1 5.1.1",
     "550",
     "DATA\r\n.\r\n",
     "..b"},
    {"all refused, DATA too",
     "a@x",
     {PIPE "<MAIL\n<RCPT\n<DATA\n>250 ok\n>550 5.1.1 no\n>503 no\n"},
     "5.1.1",
     "550",
     0,
     "..b"},
    {"MAIL refused",
     "a@x b@x",
     {PIPE "<MAIL\n<RCPT\n<RCPT\n<DATA\n>550 5.7.1 go away\n>503 no\n>503 no\n>503 no\n"},
     "5.7.1 5.7.1",
     "go away",
     0,
     "..b"},
    {"MAIL refused, no pipelining: no RCPT",
     "a@x",
     {EHLO "<MAIL\n>451 4.3.0 later\n"},
     "4.3.0",
     "later",
     0,
     "RCPT"},
    {"SIZE is a lie",
     "a@x",
     {">220 hi\n<EHLO\n>250-PIPELINING\n>250 SIZE 1000000\n<MAIL\n<RCPT\n<DATA\n>552 5.3.4 too large\n>503 "
      "no\n>503 no\n"},
     "5.3.4",
     "too large",
     "SIZE=",
     "..b"},
    {"STARTTLS is offered, and nothing that would come of it",
     "a@x",
     {">220 hi\n<EHLO\n>250-STARTTLS\n>250 PIPELINING\n" MAIL ".\n>250 2.0.0 ok\n"},
     "2.0.0",
     "ok",
     0,
     "STARTTLS"},
    {"DATA refused",
     "a@x",
     {PIPE "<MAIL\n<RCPT\n<DATA\n>250 ok\n>250 ok\n>451 4.3.0 not now\n"},
     "4.3.0",
     "not now",
     0,
     "..b"},
    {"refused after the dot",
     "a@x b@x",
     {PIPE "<MAIL\n<RCPT\n<RCPT\n<DATA\n>250 ok\n>250 ok\n>250 ok\n>354 go\n.\n>554 5.6.0 no\n"},
     "5.6.0 5.6.0",
     "554",
     0,
     0},
    {"552 to RCPT is temporary",
     "a@x",
     {PIPE "<MAIL\n<RCPT\n<DATA\n>250 ok\n>552 5.2.2 full\n>503 no\n"},
     "4.2.2",
     "full",
     0,
     0},
    {"too many recipients: a second round",
     "a@x b@x",
     {PIPE "<MAIL\n<RCPT\n<RCPT\n<DATA\n>250 ok\n>250 ok\n>452 4.5.3 too many\n>354 go\n.\n>250 2.0.0 one\n"
           "<MAIL\n<RCPT TO:<b@x>\n<DATA\n>250 ok\n>250 ok\n>354 go\n.\n>250 2.0.0 two\n"},
     "2.0.0 2.0.0",
     "one",
     0,
     0},
    {"closed after the dot", "a@x", {PIPE MAIL ".\n"}, "4.4.2", "may have the message", 0, 0},
    {"closed before the dot",
     "a@x",
     {PIPE "<MAIL\n<RCPT\n<DATA\n>250 ok\n>250 ok\n"},
     "4.4.2",
     "closed",
     0,
     0},
    {"421 in the middle",
     "a@x",
     {PIPE "<MAIL\n<RCPT\n<DATA\n>250 ok\n>421 4.3.2 bye\n"},
     "4.3.2",
     "bye",
     0,
     0},
    {"reply before the command: greeting and more",
     "a@x",
     {"|220 hi\\r\\n250 ok\\r\\n250 ok\\r\\n\n~300\n"},
     "4.5.0",
     "not SMTP",
     0,
     "MAIL"},
    {"reply before the command: after EHLO",
     "a@x",
     {">220 hi\n<EHLO\n|250 s\\r\\n250 ok\\r\\n250 ok\\r\\n354 go\\r\\n250 ok\\r\\n\n~300\n"},
     "4.5.0",
     "not SMTP",
     0,
     "MAIL"},
    {"the answer to the dot before the dot",
     "a@x",
     {PIPE "<MAIL\n<RCPT\n<DATA\n|250 ok\\r\\n250 ok\\r\\n354 go\\r\\n250 got it\\r\\n\n~300\n",
      EHLO "<MAIL\n>250 ok\n<RCPT\n>250 ok\n<DATA\n|354 go\\r\\n250 got it\\r\\n\n~300\n"},
     "4.5.0",
     "not SMTP",
     0,
     "..b"},
    {"250 to DATA",
     "a@x",
     {PIPE "<MAIL\n<RCPT\n<DATA\n>250 ok\n>250 ok\n>250 ok\n~200\n",
      EHLO "<MAIL\n>250 ok\n<RCPT\n>250 ok\n<DATA\n>250 ok\n~200\n"},
     "4.5.0",
     "not SMTP",
     0,
     "..b"},
    {"pipelining is a lie: once more with care",
     "a@x",
     {PIPE "<MAIL\n>250 ok\n|what\\r\\n\n~300\n",
      PIPE "<MAIL\n>250 ok\n<RCPT\n>250 ok\n<DATA\n>354 go\n.\n>250 2.0.0 careful\n"},
     "2.0.0",
     "careful",
     0,
     0},
    {"hostile text",
     "a@x",
     {PIPE "<MAIL\n<RCPT\n<DATA\n>250 ok\n|553-a\\r\\n553-\\e[2J\\0evil\\r\\n553\\r\\n\n>503 no\n"},
     "5.0.0",
     "553 a  [2J evil",
     0,
     0},
    {"a line of a gigabyte",
     "a@x",
     {PIPE "<MAIL\n<RCPT\n<DATA\n*1048576\n", EHLO "<MAIL\n*1048576\n"},
     "4.5.0",
     "too long",
     0,
     0},
    {"9xx", "a@x", {PIPE "<MAIL\n<RCPT\n<DATA\n>950 x\n", EHLO "<MAIL\n>950 x\n"}, "4.5.0", "not SMTP", 0, 0},
    {"554 greeting", "a@x", {">554 5.7.1 not you\n<QUIT\n"}, "4.3.2", "not you", 0, "EHLO"},
    {"521 greeting", "a@x", {">521 no mail here\n<QUIT\n"}, "5.3.2", "no mail here", 0, "EHLO"},
    {"556 greeting", "a@x", {">556 no mail here\n"}, "5.3.2", "no mail here", 0, 0},
    {"421 greeting", "a@x", {">421 4.3.2 busy\n"}, "4.3.2", "busy", 0, 0},
    {"HELO refused",
     "a@x",
     {">220 hi\n<EHLO\n>550 no\n<HELO\n>550 5.7.1 bad name\n"},
     "5.7.1",
     "bad name",
     0,
     0},
    {"closed at once", "a@x", {""}, "4.4.2", "closed", 0, 0},
    {"silence", "a@x", {"~2500\n"}, "4.4.2", "in time", 0, 0},
    {"silence after the dot", "a@x", {PIPE MAIL ".\n~2500\n"}, "4.4.2", "may have the message", 0, 0},
};

static long memory(void)
{
  struct rusage u;
  assert_int_equal(getrusage(RUSAGE_SELF, &u), 0);
  return u.ru_maxrss; /* KiB */
}

static void test_cases(void **state)
{
  size_t i;
  long before = memory();
  (void)state;
  for (i = 0; i < sizeof cases / sizeof *cases; i++) {
    static peer p;
    peer_serve_job(&p, cases[i].scripts, 0, cases[i].rcpts);
    peer_stop(&p);
    peer_check_codes(cases[i].name, cases[i].rcpts, cases[i].codes, &p);
    peer_check(cases[i].name, "text", peer_attempt.results[0].text, cases[i].text);
    if (cases[i].heard)
      peer_check(cases[i].name, "heard", p.heard, cases[i].heard);
    if (cases[i].unheard && strstr(p.heard, cases[i].unheard))
      fail_msg("%s: heard \"%s\", and it should not", cases[i].name, cases[i].unheard);
  }
  if (memory() > before + 2048)
    fail_msg("memory grew from %ld to %ld KiB", before, memory());
}

/* ---- what is said about the message */

#define OFFERS                                                                                               \
  ">220 hi\n<EHLO\n>250-s\n>250-PIPELINING\n>250-SIZE 1000\n>250-8BITMIME\n>250-SMTPUTF8\n>250 DSN\n"

static struct {
  char const *name;
  char const *script;
  unsigned char body;
  int smtputf8;
  char const *rcpt;
  char const *message;
  char const *code;
  char const *heard; /* the line of MAIL, or 0: none may come */
} const params[] = {
    {"everything is offered", OFFERS MAIL ".\n>250 ok\n", '8', 0, "a@x", "x\ny\n", "2.0.0",
     "MAIL FROM:<s@y> SIZE=6 BODY=8BITMIME RET=HDRS ENVID=QQ314159\r\nRCPT TO:<a@x> NOTIFY=SUCCESS,DELAY "
     "ORCPT=rfc822;b+2Bc@z\r\n"},
    {"nothing is offered", EHLO "<MAIL\n>250 ok\n<RCPT\n>250 ok\n<DATA\n>354 go\n.\n>250 ok\n", '8', 0, "a@x",
     "x\ny\n", "2.0.0", "MAIL FROM:<s@y>\r\nRCPT TO:<a@x>\r\n"},
    {"SMTPUTF8 asked for, not needed, not offered", PIPE MAIL ".\n>250 ok\n", 0, 1, "a@x",
     "x: y\n\n\xc3\xa9\n", "2.0.0", "MAIL FROM:<s@y>\r\n"},
    {"SMTPUTF8 needed by the header", OFFERS MAIL ".\n>250 ok\n", 0, 1, "a@x", "x: \xc3\xa9\n\n", "2.0.0",
     "MAIL FROM:<s@y> SIZE=9 BODY=8BITMIME SMTPUTF8 RET=HDRS"},
    {"SMTPUTF8 needed by the header, not offered", PIPE "<QUIT\n", 0, 1, "a@x", "x: \xc3\xa9\n\n", "5.6.7",
     0},
    {"SMTPUTF8 needed by a recipient", OFFERS MAIL ".\n>250 ok\n", 0, 0, "\xc3\xa9@x", "x\n", "2.0.0",
     "SMTPUTF8 RET=HDRS"},
    {"SMTPUTF8 needed by a recipient, not offered", PIPE "<QUIT\n", 0, 0, "\xc3\xa9@x", "x\n", "5.6.7", 0},
    {"a bracket in an address", PIPE "<QUIT\n", 0, 0, "a@x>NOTIFY=NEVER", "x\n", "5.1.3", 0},
    {"too large", ">220 hi\n<EHLO\n>250 SIZE 3\n<QUIT\n", 0, 0, "a@x", "abcd\n", "5.3.4", 0},
    {"SIZE 0 is no bound", ">220 hi\n<EHLO\n>250-PIPELINING\n>250 SIZE 0\n" MAIL ".\n>250 ok\n", 0, 0, "a@x",
     "abcd\n", "2.0.0", "SIZE=6"},
};

static void test_params(void **state)
{
  size_t i;
  (void)state;
  for (i = 0; i < sizeof params / sizeof *params; i++) {
    static peer p;
    char const *scripts[] = {params[i].script, 0};
    job j;
    peer_prepare(2);
    peer_start_at(&p, "127.0.0.1", 0, scripts);
    peer_job(&j, "s@y", "", params[i].message, strlen(params[i].message));
    envelope_add(&j.e, params[i].rcpt, strlen(params[i].rcpt))->notify = NOTIFY_SUCCESS | NOTIFY_DELAY;
    envelope_rcpt_set(&j.e, 0, offsetof(envelope_rcpt, orcpt), "rfc822;b+2Bc@z", 14);
    envelope_set(&j.e, &j.e.envid, "QQ314159", 8);
    j.e.ret = 'H';
    j.e.body = params[i].body;
    j.e.smtputf8 = params[i].smtputf8 & 1;
    peer_route(&j, "127.0.0.1", p.port);
    attempt_run(&peer_attempt, &j);
    connection_close(&peer_attempt.k);
    job_free(&j);
    peer_finish(&p);
    if (strcmp(peer_codes(1), params[i].code))
      fail_msg("%s: got %s (%s), want %s", params[i].name, peer_codes(1), peer_attempt.results[0].text,
               params[i].code);
    if (params[i].heard)
      peer_check(params[i].name, "heard", p.heard, params[i].heard);
    else if (strstr(p.heard, "MAIL"))
      fail_msg("%s: MAIL was said", params[i].name);
  }
}

static void test_paths(void **state)
{
  static struct {
    char const *address;
    int safe;
  } const paths[] = {
      {"a@x", 1},          {"", 1},      {"\"a b\"@x", 1},  {"\"a\\\"> b\"@x", 1}, {"a b@x", 0},
      {"a@x>\r\nRSET", 0}, {"a\n@x", 0}, {"\"a\nb\"@x", 0}, {"\"a\\\nb\"@x", 0},   {"a>@x", 0},
      {"<a@x", 0},         {"\"a@x", 0}, {"\"a\\\"@x", 0},  {"a\177@x", 0},        {"\xc3\xa9@x", 1}};
  size_t i;
  (void)state;
  for (i = 0; i < sizeof paths / sizeof *paths; i++)
    if (command_path_is_safe(paths[i].address) != paths[i].safe)
      fail_msg("\"%s\": got %d, want %d", paths[i].address, !paths[i].safe, paths[i].safe);
}

/* ---- several hosts */

static void use_hosts(uint16_t port, unsigned int n)
{
  mx *l = &peer_attempt.hosts;
  unsigned int i;
  memset(l, 0, sizeof *l);
  memcpy(l->destination, "example.test", 13);
  tain_addsec_g(&l->stale, 60);
  for (i = 0; i < n; i++) {
    char ip[] = "127.0.0.1";
    ip[8] = (char)('1' + i);
    snprintf(l->host[i].name, sizeof l->host[i].name, "mx%u.example.test", i + 1);
    ip46_scan(ip, &l->host[i].ip);
    l->host[i].port = port;
  }
  l->n = n;
}

static struct {
  char const *name;
  char const *first[3];
  char const *second[2];
  char const *codes;
  char const *remote;
} const failover[] = {
    {"the first is busy",
     {">421 busy\n"},
     {PIPE MAIL ".\n>250 2.0.0 ok\n"},
     "2.0.0",
     "mx2.example.test[127.0.0.2]"},
    {"the first says 554", {">554 no\n"}, {PIPE MAIL ".\n>250 2.0.0 ok\n"}, "2.0.0", "mx2"},
    {"the first is silent", {"~3000\n"}, {PIPE MAIL ".\n>250 2.0.0 ok\n"}, "2.0.0", "mx2"},
    {"421 to MAIL", {PIPE "<MAIL\n>421 bye\n"}, {PIPE MAIL ".\n>250 2.0.0 ok\n"}, "2.0.0", "mx2"},
    {"closed in the middle",
     {PIPE "<MAIL\n<RCPT\n<DATA\n>250 ok\n"},
     {PIPE MAIL ".\n>250 2.0.0 ok\n"},
     "2.0.0",
     "mx2"},
    {"521 and 521", {">521 no\n"}, {">521 no\n"}, "5.3.2", "mx2"},
    {"421 and 521", {">421 no\n"}, {">521 no\n"}, "4.0.0", "mx2"},
    {"an answer counts: 550 at RCPT",
     {PIPE "<MAIL\n<RCPT\n<DATA\n>250 ok\n>550 5.1.1 no\n>503 no\n"},
     {""},
     "5.1.1",
     "mx1"},
    {"no second copy after the dot", {PIPE MAIL ".\n"}, {PIPE MAIL ".\n>250 2.0.0 ok\n"}, "4.4.2", "mx1"},
};

static void test_failover(void **state)
{
  size_t i;
  (void)state;
  for (i = 0; i < sizeof failover / sizeof *failover; i++) {
    static peer a, b;
    job j;
    peer_prepare(1);
    peer_start_at(&a, "127.0.0.1", 0, failover[i].first);
    peer_start_at(&b, "127.0.0.2", a.port, failover[i].second);
    use_hosts(a.port, 2);
    peer_job(&j, "s@y", "a@example.test", peer_text, sizeof peer_text - 1);
    envelope_set(&j.e, &j.domain, "Example.Test", 12);
    attempt_run(&peer_attempt, &j);
    connection_close(&peer_attempt.k);
    job_free(&j);
    peer_stop(&a);
    peer_stop(&b);
    if (strcmp(peer_codes(1), failover[i].codes))
      fail_msg("%s: got %s (%s), want %s", failover[i].name, peer_codes(1), peer_attempt.results[0].text,
               failover[i].codes);
    peer_check(failover[i].name, "remote", peer_attempt.k.remote, failover[i].remote);
  }
}

/* A host that answers no attempt to connect, here one whose queue is full, costs a few seconds and not all of
   timeoutconnect; the next message does not ask it first. */
static void test_slow_connection(void **state)
{
  static char const *const scripts[] = {PIPE MAIL ".\n>250 2.0.0 one\n<QUIT\n",
                                        PIPE MAIL ".\n>250 2.0.0 two\n<QUIT\n", 0};
  static peer b;
  struct sockaddr_in a = {.sin_family = AF_INET};
  socklen_t len = sizeof a;
  tain begin, limit;
  int full = socket(AF_INET, SOCK_STREAM, 0), i;
  job j;
  (void)state;
  peer_prepare(40);
  peer_start_at(&b, "127.0.0.2", 0, scripts);
  inet_pton(AF_INET, "127.0.0.1", &a.sin_addr);
  a.sin_port = htons(b.port);
  assert_int_equal(bind(full, (struct sockaddr *)&a, len), 0);
  assert_int_equal(listen(full, 0), 0);
  for (i = 0; i < 3; i++)
    (void)connect(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), (struct sockaddr *)&a, len);
  use_hosts(b.port, 2);
  for (i = 0; i < 2; i++) {
    tain_now_g();
    begin = STAMP;
    peer_job(&j, "s@y", "a@example.test", peer_text, sizeof peer_text - 1);
    envelope_set(&j.e, &j.domain, "example.test", 12);
    attempt_run(&peer_attempt, &j);
    connection_close(&peer_attempt.k);
    job_free(&j);
    tain_now_g();
    tain_addsec(&limit, &begin, i ? 2 : 20);
    peer_check("slow", "text", peer_attempt.results[0].text, i ? "two" : "one");
    peer_check("slow", "remote", peer_attempt.k.remote, "mx2");
    if (!tain_less(&STAMP, &limit))
      fail_msg("message %d took too long", i + 1);
  }
  assert_true(peer_attempt.hosts.host[0].slow);
  peer_stop(&b);
  close(full);
}

/* The connection comes from sourceaddress, or from nowhere. */
static void test_source(void **state)
{
  static char const *const scripts[] = {PIPE MAIL ".\n>250 2.0.0 got it\n", 0};
  static peer p;
  static char heard[64];
  struct sockaddr_in from;
  socklen_t len = sizeof from;
  job j;
  (void)state;
  peer_prepare(2);
  peer_settings.sources = 1;
  ip46_scan("127.0.0.77", peer_settings.source);
  peer_start_at(&p, "127.0.0.1", 0, scripts);
  peer_job(&j, "s@y", "a@x", peer_text, sizeof peer_text - 1);
  peer_route(&j, "127.0.0.1", p.port);
  attempt_run(&peer_attempt, &j);
  assert_int_equal(getsockname(peer_attempt.k.c.s.fd, (struct sockaddr *)&from, &len), 0);
  inet_ntop(AF_INET, &from.sin_addr, heard, sizeof heard);
  connection_close(&peer_attempt.k);
  peer_check("source", "text", peer_attempt.results[0].text, "got it");
  assert_string_equal(heard, "127.0.0.77");
  ip46_scan("192.0.2.77", peer_settings.source);
  attempt_run(&peer_attempt, &j);
  job_free(&j);
  peer_stop(&p);
  peer_settings.sources = 0;
  assert_string_equal(peer_codes(1), "4.3.5");
  peer_check("source", "text", peer_attempt.results[0].text,
             "sourceaddress is not an address of this machine");
}

static void test_refused_connection(void **state)
{
  job j;
  (void)state;
  peer_prepare(1);
  peer_job(&j, "s@y", "a@x", peer_text, sizeof peer_text - 1);
  peer_route(&j, "127.0.0.1", 1);
  attempt_run(&peer_attempt, &j);
  job_free(&j);
  assert_string_equal(peer_codes(1), "4.4.1");
  peer_check("refused", "text", peer_attempt.results[0].text, "]:1: Connection refused");
}

/* ---- the kept connection */

static void one_more(uint16_t port, char const *want)
{
  job j;
  peer_job(&j, "s@y", "a@x", peer_text, sizeof peer_text - 1);
  peer_route(&j, "127.0.0.1", port);
  attempt_run(&peer_attempt, &j);
  job_free(&j);
  peer_check("kept", "text", peer_attempt.results[0].text, want);
}

static void test_kept(void **state)
{
  static char const *const scripts[] = {
      PIPE MAIL ".\n>250 one\n" MAIL ".\n>250 two\n" /* and is dead when the third comes */,
      PIPE MAIL ".\n>250 three\n<MAIL\n>421 4.4.2 idle\n",
      PIPE "<MAIL\n<RCPT\n<DATA\n>250 ok\n>250 ok\n>451 not now\n<RSET\n>250 ok\n" MAIL
           ".\n>250 five\n<QUIT\n",
      0};
  static peer p;
  (void)state;
  peer_prepare(2);
  peer_start_at(&p, "127.0.0.1", 0, scripts);
  one_more(p.port, "250 one");
  assert_true(connection_is_open(&peer_attempt.k));
  one_more(p.port, "250 two");
  one_more(p.port, "250 three");
  one_more(p.port, "451 not now");
  one_more(p.port, "250 five");
  connection_close(&peer_attempt.k);
  peer_finish(&p);
  peer_check("kept", "heard", p.heard, "RSET\r\nMAIL");
  peer_check("kept", "heard", p.heard, "QUIT\r\n[end]");
}

/* The runner goes away before the final dot: the message is let go. */
static void test_abandoned(void **state)
{
  static char const *const scripts[] = {PIPE "<MAIL\n<RCPT\n<DATA\n>250 ok\n>250 ok\n~500\n>354 go\n~300\n",
                                        0};
  static peer p;
  job j;
  int pair[2];
  (void)state;
  peer_prepare(5);
  peer_start_at(&p, "127.0.0.1", 0, scripts);
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
  peer_attempt.door = pair[0];
  if (!fork()) {
    close(pair[0]);
    usleep(300000);
    _exit(0);
  }
  close(pair[1]);
  peer_job(&j, "s@y", "a@x", peer_text, sizeof peer_text - 1);
  peer_route(&j, "127.0.0.1", p.port);
  attempt_run(&peer_attempt, &j);
  job_free(&j);
  close(pair[0]);
  wait(0);
  peer_stop(&p);
  assert_string_equal(peer_codes(1), "4.4.2");
  peer_check("abandoned", "text", peer_attempt.results[0].text, "runner");
  if (strstr(p.heard, ".\r\n"))
    fail_msg("a dot was sent for nobody");
}

/* Many recipients with long parameters: no deadlock, whatever the windows are. */
static void test_many(void **state)
{
  static char script[65536];
  char const *scripts[] = {script, 0};
  static peer p;
  static char rcpts[100 * 240];
  job j;
  int i;
  (void)state;
  strcpy(script, PIPE "<MAIL\n>250 ok\n");
  for (i = 0; i < 100; i++) {
    sprintf(rcpts + strlen(rcpts), "%s%0200d@x", i ? " " : "", i);
    strcat(script, "<RCPT\n>250 ok\n");
  }
  strcat(script, "<DATA\n>354 go\n.\n>250 2.0.0 all\n");
  peer_prepare(5);
  peer_start_at(&p, "127.0.0.1", 0, scripts);
  peer_job(&j, "s@y", rcpts, peer_text, sizeof peer_text - 1);
  peer_route(&j, "127.0.0.1", p.port);
  attempt_run(&peer_attempt, &j);
  connection_close(&peer_attempt.k);
  job_free(&j);
  peer_stop(&p);
  for (i = 0; i < 100; i++)
    assert_int_equal(peer_attempt.results[i].class, RESULT_OK);
}

static void test_large(void **state)
{
  static char const *const scripts[] = {PIPE MAIL ".\n>250 2.0.0 all\n", 0};
  static peer p;
  static char large[700000];
  job j;
  size_t i;
  char const *at;
  (void)state;
  for (i = 0; i < sizeof large; i++)
    large[i] = i % 61 == 60 ? '\n' : 'a' + (char)(i % 23);
  peer_prepare(5);
  peer_start_at(&p, "127.0.0.1", 0, scripts);
  peer_job(&j, "s@y", "a@x", large, sizeof large);
  peer_route(&j, "127.0.0.1", p.port);
  attempt_run(&peer_attempt, &j);
  connection_close(&peer_attempt.k);
  job_free(&j);
  peer_stop(&p);
  assert_string_equal(peer_codes(1), "2.0.0");
  at = strstr(p.heard, "DATA\r\n") + 6;
  for (i = 0; i < sizeof large; i++, at++) {
    if (large[i] == '\n' && *at++ != '\r')
      fail_msg("no CR before the LF at %zu", i);
    if (*at != large[i])
      fail_msg("octet %zu: got %d, want %d", i, *at, large[i]);
  }
  assert_memory_equal(at, "\r\n.\r\n", 5);
}

int main(void)
{
  struct CMUnitTest const tests[] = {
      cmocka_unit_test(test_cases),    cmocka_unit_test(test_params),
      cmocka_unit_test(test_failover), cmocka_unit_test(test_refused_connection),
      cmocka_unit_test(test_kept),     cmocka_unit_test(test_abandoned),
      cmocka_unit_test(test_many),     cmocka_unit_test(test_large),
      cmocka_unit_test(test_paths),    cmocka_unit_test(test_slow_connection),
      cmocka_unit_test(test_source),
  };
  return cmocka_run_group_tests(tests, 0, 0);
}
