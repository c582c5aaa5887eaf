/* sendmail as a whole but its main, against doors that the test answers: which message comes to the queue,
   with which envelope, and what the caller hears. */
#include "smtpd_doors.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <time.h>
#include "tools/sendmail.h"

static char folder[] = "/tmp/tern-message.XXXXXX";
static pid_t alias_pid, queue_pid;
static unsigned int stored;

static int enter(void **state)
{
  (void)state;
  if (!mkdtemp(folder) || chdir(folder) || mkdir("run", 0755) || mkdir("control", 0755) ||
      mkdir("out", 0755) || system("echo me.test >control/me; echo 4000000 >control/databytes"))
    return 1;
  setenv("TERN_HOME", folder, 1);
  setenv("TZ", "UTC0", 1);
  setenv("USER", "u1", 1);
  unsetenv("MAILUSER");
  unsetenv("MAILHOST");
  unsetenv("MAILNAME");
  alias_pid = house_fork("alias", house_be_alias);
  queue_pid = house_fork("queue", house_be_queue);
  return 0;
}

static int leave(void **state)
{
  (void)state;
  house_end(alias_pid);
  house_end(queue_pid);
  char command[64];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  return chdir("/") || system(command);
}

/* What a child that is sendmail exits with. */
static int run(char const *const *argv, char const *in, size_t len, int (*mode)(sendmail *))
{
  FILE *f = fopen("in", "w");
  assert_non_null(f);
  if (len)
    fwrite(in, 1, len, f);
  fclose(f);
  fflush(stdout);
  pid_t pid = fork();
  if (!pid) {
    static sendmail s = {.o = OPTIONS_ZERO, .l = LETTER_ZERO};
    char problem[OPTIONS_PROBLEM];
    int said = open("said", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(open("in", O_RDONLY), 0);
    dup2(said, 1);
    dup2(said, 2);
    tain_now_set_stopwatch_g();
    if (!options_read(&s.o, argv, problem))
      _exit(sendmail_say(EX_USAGE, 0, problem));
    int code = sendmail_begin(&s);
    if (!code)
      code = (*mode)(&s);
    fflush(stdout);
    _exit(code);
  }
  int wstat;
  assert_int_equal(waitpid(pid, &wstat, 0), pid);
  return WIFEXITED(wstat) ? WEXITSTATUS(wstat) : 256 + wstat;
}

static void slurp(char const *path, char *s, size_t max)
{
  FILE *f = fopen(path, "r");
  size_t n = f ? fread(s, 1, max - 1, f) : 0;
  s[n] = 0;
  if (f)
    fclose(f);
}

/* The next message that the queue got; what differs from run to run is cut out. "" if there is none. */
static void next_message(char *s, size_t max)
{
  char path[32];
  *s = 0;
  snprintf(path, sizeof path, "out/%u", stored + 1);
  if (access(path, F_OK))
    return;
  slurp(path, s, max);
  stored++;
  char *at = strstr(s, "Date: "), *end = at ? strchr(at, '\n') : 0;
  if (end && strstr(at, "+0000"))
    memmove(at + 6, end, strlen(end) + 1);
  at = strstr(s, "Message-ID: <");
  end = at ? strstr(at, "@me.test>") : 0;
  if (end)
    memmove(at + 13, end, strlen(end) + 1);
}

#define ADDED "Date: \nFrom: u1@me.test\nMessage-ID: <@me.test>\n"

static void messages(void **state)
{
  static struct {
    char const *argv[10];
    char const *in;
    int code;
    char const *want; /* in the queue; "" for nothing */
    char const *said; /* a part of what the caller hears */
  } const table[] = {
      {{"sendmail", "u1"}, "hi\n", 0, "from u1@me.test\nclient   \nto u1@me.test\n\n" ADDED "\nhi\n", ""},
      {{"sendmail", "-f", "", "u1"},
       "From: x@y\nDate: d\nMessage-ID: i\n\n",
       0,
       "from \nclient   \nto u1@me.test\n\nFrom: x@y\nDate: d\nMessage-ID: i\n\n",
       ""},
      {{"sendmail", "-f<>", "u1"}, "", 0, "from \nclient   \nto u1@me.test\n\n" ADDED "\n", ""},
      {{"sendmail", "-f", "Joe <j@x.other>", "-F", "Joe", "u1,a@b.other", "u1@me.test", "u1@ME.test"},
       "x",
       0,
       "from j@x.other\nclient   \nto u1@me.test\nto a@b.other\n\nDate: \nFrom: \"Joe\" <j@x.other>\n"
       "Message-ID: <@me.test>\n\nx\n",
       ""},
      {{"sendmail", "-t", "u1"},
       "To: U2\nBcc: a@b.other\n\n.\n",
       0,
       "from u1@me.test\nclient   \nto u1@me.test\nto U2@me.test\nto a@b.other\n\nTo: U2@me.test\n" ADDED
       "\n",
       ""},
      {{"sendmail", "-ti"},
       "Bcc: u1\n\n.\n",
       0,
       "from u1@me.test\nclient   \nto u1@me.test\n\n" ADDED "\n.\n",
       ""},
      {{"sendmail", "-N", "success,delay", "-Rhdrs", "-Vabc", "u1"},
       "x\xff\n",
       0,
       "from u1@me.test\nclient   \nenvid abc ret H body 8 smtputf8 0\nto u1@me.test orcpt  notify 10 "
       "original \n\n" ADDED "\nx\xff\n",
       ""},
      {{"sendmail", "\xc3\xa9"},
       "x\n",
       0,
       "from u1@me.test\nclient   \nenvid  ret - body - smtputf8 1\nto \xc3\xa9@me.test\n\n" ADDED "\nx\n",
       ""},
      {{"sendmail", "nobody"}, "x\n", EX_NOUSER, "", "nobody@me.test"},
      {{"sendmail", "nobody", "none"}, "x\n", EX_NOUSER, "", "none@me.test"},
      {{"sendmail", "nobody", "u1"},
       "x\n",
       0,
       "from u1@me.test\nclient   \nto nobody@me.test\nto u1@me.test\n\n" ADDED "\nx\n",
       ""},
      {{"sendmail", "later"}, "x\n", 0, "from u1@me.test\nclient   \nto later@me.test\n\n" ADDED "\nx\n", ""},
      {{"sendmail", "--", "-oQ/tmp"}, "x\n", EX_NOUSER, "", "-oQ/tmp@me.test"},
      {{"sendmail"}, "x\n", EX_USAGE, "", "no recipient"},
      {{"sendmail", ","}, "x\n", EX_USAGE, "", "no recipient"},
      {{"sendmail", "-t"}, "Subject: x\n\n", EX_DATAERR, "", "no recipient"},
      {{"sendmail", "-t"}, "To: a@b c@d\n\n", EX_DATAERR, "", "to: "},
      {{"sendmail", "-t"}, "To: u1, a@b..c\n\n", EX_DATAERR, "", "to: "},
      {{"sendmail", "-t"}, "To: u1, a@-b\n\n", EX_DATAERR, "", "a@-b"},
      {{"sendmail", "a@b@c"}, "", EX_DATAERR, "", "a@b@c"},
      {{"sendmail", "u1\nBcc: x"}, "", EX_DATAERR, "", "u1?Bcc"},
      {{"sendmail", "-f", "a b@c@d", "u1"}, "", EX_USAGE, "", "-f wants"},
      {{"sendmail", "-f", "a,b", "u1"}, "", EX_USAGE, "", "-f wants"},
      {{"sendmail", "-X/etc/passwd", "u1"}, "", EX_USAGE, "", "-X"},
      {{"sendmail", "-f", "loop@x.test", "u1"}, "x", EX_UNAVAILABLE, "", "too many hops"},
      {{"sendmail", "-f", "full@x.test", "u1"}, "x", EX_TEMPFAIL, "", "no space"},
      {{"sendmail", "-v", "-f", "drain@x.test", "u1"},
       "From: x@y\nDate: d\nMessage-ID: i\n\n",
       0,
       "from drain@x.test\nclient   \nto u1@me.test\n\nFrom: x@y\nDate: d\nMessage-ID: i\n\n",
       "0000000000000000000V: Ok"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    static char got[65536], said[4096];
    int code = run(table[i].argv, table[i].in, strlen(table[i].in), message_run);
    next_message(got, sizeof got);
    slurp("said", said, sizeof said);
    if (code != table[i].code || strcmp(got, table[i].want) || !strstr(said, table[i].said) ||
        (*said && strchr(said, '\n') == said))
      fail_msg("%zu: got %d [%s] [%s], want %d [%s] [%s]", i, code, got, said, table[i].code, table[i].want,
               table[i].said);
  }
}

static void sizes(void **state)
{
  static char const *const argv[] = {"sendmail", "-i", "u1", 0};
  static char const *const no_room[] = {"sendmail", "-i", "-fu1", "u1", 0};
  static char text[4100000];
  char got[200];
  struct stat st;
  (void)state;
  memset(text, 'x', sizeof text);
  assert_int_equal(run(argv, text, 3900000, message_run), 0);
  snprintf(got, sizeof got, "out/%u", ++stored);
  assert_return_code(stat(got, &st), 0);
  assert_true(st.st_size > 3900000 && st.st_size < 3900300);
  assert_int_equal(run(argv, text, 4000001, message_run), EX_UNAVAILABLE);
  setenv("TMPDIR", "/nonexistent", 1);
  assert_int_equal(run(no_room, text, 3000000, message_run), EX_TEMPFAIL);
  unsetenv("TMPDIR");
  next_message(got, sizeof got);
  assert_string_equal(got, "");
}

static void names(void **state)
{
  static struct {
    char const *user, *host, *name, *logname, *want;
  } const table[] = {
      {"joe", 0, 0, 0, "from joe@me.test\n"},
      {"joe", "x.test", "Joe \"Q\"", 0, "From: \"Joe \\\"Q\\\"\" <joe@x.test>\n"},
      {"a b", 0, 0, 0, "from \"a b\"@me.test\n"},
      {"a\nb", 0, 0, "sue", "from sue@me.test\n"},
      {"a@b", 0, 0, 0, "from \"a@b\"@me.test\n"},
      {"joe", "-o", 0, 0, "from joe@me.test\n"},
      {"joe", 0, "a\nBcc: x", 0, "From: joe@me.test\n"},
      {"", 0, 0, "sue", "from sue@me.test\n"},
  };
  static char const *const argv[] = {"sendmail", "u1", 0};
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    static char got[65536];
    char const *const values[] = {"USER",     table[i].user, "MAILHOST", table[i].host,
                                  "MAILNAME", table[i].name, "LOGNAME",  table[i].logname};
    for (size_t k = 0; k < 8; k += 2)
      values[k + 1] ? setenv(values[k], values[k + 1], 1) : unsetenv(values[k]);
    assert_int_equal(run(argv, "x\n", 2, message_run), 0);
    next_message(got, sizeof got);
    if (!strstr(got, table[i].want))
      fail_msg("%s: got %s, want %s", table[i].user, got, table[i].want);
  }
  unsetenv("MAILHOST");
  unsetenv("MAILNAME");
  setenv("USER", "u1", 1);
}

static void asked(void **state)
{
  static struct {
    char const *argv[6];
    int code;
    char const *said;
  } const table[] = {
      {{"sendmail", "-bv", "u1"}, 0, "u1@me.test: a user"},
      {{"sendmail", "-bv", "u1", "x@v.test", "y@z.other"}, 0, "y@z.other: it is sent to another machine"},
      {{"sendmail", "-bv", "u1", "nobody"}, EX_NOUSER, "nobody@me.test: nobody here has this name: fake"},
      {{"sendmail", "-bv", "later", "u1"}, EX_TEMPFAIL, "later@me.test: nobody can say now"},
      {{"sendmail", "-bv", "later", "nobody"}, EX_NOUSER, "nobody"},
      {{"sendmail", "-bv"}, EX_USAGE, "wants addresses"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    char said[4096];
    int code = run(table[i].argv, "", 0, verify_run);
    slurp("said", said, sizeof said);
    if (code != table[i].code || !strstr(said, table[i].said))
      fail_msg("%zu: got %d [%s], want %d [%s]", i, code, said, table[i].code, table[i].said);
  }
}

/* The codes at the line starts of what was said, without what stands between. */
static void codes(char *out, char const *said)
{
  for (char const *s = said; s && *s; s = strchr(s, '\n'), s += s != 0)
    if (s[3] == ' ') {
      memcpy(out, s, 4);
      out += 4;
    }
  *out = 0;
}

static void spoken(void **state)
{
  static char const *const argv[] = {"sendmail", "-bs", 0};
  static struct {
    char const *in, *codes, *want; /* "": nothing came to the queue */
  } const table[] = {
      {"EHLO x\r\nMAIL FROM:<u1>\r\nRCPT TO:<u1>\r\nDATA\r\n..a\r\n.b\r\n.\r\nQUIT\r\n",
       "220 250 250 250 354 250 221 ", "from u1@me.test\nclient   \nto u1@me.test\n\n" ADDED "\n.a\nb\n"},
      {"HELO x\nMAIL FROM:<> BODY=8BITMIME SIZE=5\nRCPT TO:<nobody>\nRCPT TO:<a@b.other>\nDATA\nBcc: "
       "x\n\n.\n",
       "220 250 250 550 250 354 250 ",
       "from \nclient   \nenvid  ret - body 8 smtputf8 0\nto a@b.other\n\nDate: \nFrom: postmaster@me.test\n"
       "Message-ID: <@me.test>\n\n"},
      {"MAIL FROM:<a> SIZE=4000001\nMAIL FROM:<a> X=y\nRCPT TO:<u1>\nDATA\nRSET\nNOOP\nVRFY "
       "u1\nHELP\nXYZ\nMAIL FROM:<a\n"
       "MAIL FROM:<a>\nMAIL FROM:<b>\nRCPT TO:<>\nRCPT TO:u1 x\nQUIT\n",
       "220 552 555 503 503 250 250 252 214 500 501 250 503 501 555 221 ", ""},
      {"MAIL FROM:<u1>\nRCPT TO:<u1>\nDATA\nnot the end\n", "220 250 250 354 ", ""},
      {"MAIL FROM:<full@x.test>\nRCPT TO:<u1>\nDATA\n.\nMAIL FROM:<loop@x.test>\nRCPT TO:<u1>\nDATA\n.\n",
       "220 250 250 354 452 250 250 354 554 ", ""},
      /* what tern-smtpd offers: the dialogue is the same */
      {"EHLO x\r\nMAIL FROM:<u1> RET=HDRS ENVID=e\r\nRCPT TO:<u1> NOTIFY=NEVER\r\nBDAT 6\r\na: b\r\nBDAT 5 "
       "LAST\r\n\r\nx\r\n"
       "ETRN x\r\nEXPN x\r\nQUIT\r\n",
       "220 250 250 250 250 250 502 502 221 ",
       "from u1@me.test\nclient   \nenvid e ret H body - smtputf8 0\nto u1@me.test orcpt  notify 1 original "
       "\n\na: b\n" ADDED "\nx\n"},
      {"", "220 ", ""},
  };
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    static char got[65536], said[65536], short_said[4096];
    int code = run(argv, table[i].in, strlen(table[i].in), dialogue_run);
    next_message(got, sizeof got);
    slurp("said", said, sizeof said);
    codes(short_said, said);
    if (strcmp(short_said, table[i].codes) || strcmp(got, table[i].want))
      fail_msg("%zu: got %d [%s] [%s], want [%s] [%s]", i, code, short_said, got, table[i].codes,
               table[i].want);
  }
}

static void long_lines(void **state)
{
  static char const *const argv[] = {"sendmail", "-bs", 0};
  static char text[300000], said[65536], short_said[4096];
  (void)state;
  memset(text, 'x', sizeof text);
  memcpy(text + 200000, "\r\nNOOP\r\n", 8);
  memcpy(text + 203000, "\nNOOP\n", 6);
  memcpy(text + sizeof text - 6, "\nQUIT\n", 6);
  run(argv, text, sizeof text, dialogue_run);
  slurp("said", said, sizeof said);
  codes(short_said, said);
  assert_string_equal(short_said, "220 500 250 500 250 500 221 ");
}

static void down(void **state)
{
  static char const *const argv[] = {"sendmail", "nobody", 0};
  static char const *const verify[] = {"sendmail", "-bv", "u1", 0};
  static char got[4096], said[4096];
  (void)state;
  assert_return_code(unlink("run/alias"), 0);
  assert_int_equal(run(argv, "x\n", 2, message_run), 0); /* queued as it is */
  next_message(got, sizeof got);
  assert_non_null(strstr(got, "to nobody@me.test\n"));
  assert_int_equal(run(verify, "", 0, verify_run), EX_TEMPFAIL);
  assert_return_code(unlink("run/queue"), 0);
  assert_int_equal(run(argv, "x\n", 2, message_run), EX_TEMPFAIL);
  slurp("said", said, sizeof said);
  assert_non_null(strstr(said, "the mail queue does not answer"));
  assert_int_equal(system(">control/me"), 0);
  assert_int_equal(run(argv, "x\n", 2, message_run), EX_CONFIG);
  setenv("TERN_HOME", "/nonexistent", 1);
  assert_int_equal(run(argv, "x\n", 2, message_run), EX_CONFIG);
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(messages), cmocka_unit_test(sizes),
                                     cmocka_unit_test(names),    cmocka_unit_test(asked),
                                     cmocka_unit_test(spoken),   cmocka_unit_test(long_lines),
                                     cmocka_unit_test(down)};
  return cmocka_run_group_tests(tests, enter, leave);
}
