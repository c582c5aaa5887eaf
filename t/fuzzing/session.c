/* A whole session. The first octet: bits 0 and 1 who speaks (a stranger, a known client, a local program, a proxy),
   bit 2 whether bare CR and LF are normalized. */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "smtpd/crowd.h"
#include "smtpd/session.h"
#include "t/fuzzing/fuzz.h"

#define INPUT_MAX 60000u /* octets: what a socket holds without a reader */

static policy strict = POLICY_ZERO, normal = POLICY_ZERO;
static session s;
static struct {
  int open;
  size_t messages;
} state;

static enum meaning exists(session *me, result *r, tain const *deadline)
{
  (void)deadline;
  PROMISE(me->address.len && !memchr(me->address.s, 0, me->address.len));
  result_set(r, RESULT_TEMPORARY, STATUS_SYSTEM, "fuzz");
  static char const meanings[] = {MEANING_USER, MEANING_UNKNOWN, MEANING_LATER, MEANING_ELSEWHERE};
  return (enum meaning)meanings[(unsigned char)me->address.s[0] % 4];
}

static int open_message(session *me, result *r, tain const *deadline)
{
  (void)r;
  (void)deadline;
  PROMISE(!state.open && envelope_count(&me->e));
  for (size_t i = 0; i < me->e.text.len; i++)
    PROMISE((unsigned char)me->e.text.s[i] >= 32 || !me->e.text.s[i]);
  state.open = 1;
  return 1;
}

static int body(session *me, char const *octets, size_t len, tain const *deadline)
{
  (void)deadline;
  PROMISE(state.open);
  if (me->rules == DATA_STRICT || me->rules == DATA_NORMALIZE)
    PROMISE(!len || !memchr(octets, '\r', len));
  return 1;
}

static enum backend_end end(session *me, result *r, char id_text[ID_LEN + 1], tain const *deadline)
{
  (void)me;
  (void)r;
  (void)deadline;
  PROMISE(state.open);
  state.open = 0;
  state.messages++;
  memset(id_text, '0', ID_LEN);
  id_text[ID_LEN] = 0;
  return BACKEND_TOOK;
}

static void take_back(session *me)
{
  (void)me;
  PROMISE(state.open);
  state.open = 0;
}

static backend const fake = {
    .exists = &exists, .open = &open_message, .body = &body, .end = &end, .abort = &take_back};

static void put(char const *name, char const *text)
{
  char path[64];
  snprintf(path, sizeof path, "control/%s", name);
  FILE *f = fopen(path, "w");
  PROMISE(f && fputs(text, f) >= 0 && !fclose(f));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
  static char folder[] = "/tmp/tern-fuzz.XXXXXX";
  stralloc problem = STRALLOC_ZERO;
  int here = open(".", O_RDONLY | O_DIRECTORY);
  (void)argc;
  (void)argv;
  signal(SIGPIPE, SIG_IGN);
  tain_now_set_stopwatch_g();
  PROMISE(mkdtemp(folder) && !chdir(folder) && !mkdir("control", 0700));
  put("me", "here.test");
  put("relaydomains", "backup.test");
  put("virtualdomains", "v.test:joe\nann@w.test:joe");
  put("relayclients", "192.0.2.0/24");
  put("databytes", "20000");
  put("maxrecipients", "20");
  put("badmailfrom", "@bad.test\nx@y.test");
  put("badrcptto", "@.bad.test");
  put("badhelo", ".bad.test");
  put("users", "ann\nbob@backup.test # bob\n");
  put("recipientsfile", "backup.test:control/users");
  put("access", "203.0.113.0/24 ok\n198.51.100.0/24 refuse why not");
  put("xclient", "192.0.2.0/24");
  put("proxyprotocol", "10.0.0.0/8");
  PROMISE(policy_read(&strict, 0, &problem));
  put("barelinefeed", "normalize");
  PROMISE(policy_read(&normal, 0, &problem));
  PROMISE(!fchdir(here));
  char command[64];
  snprintf(command, sizeof command, "rm -rf %s", folder);
  PROMISE(!system(command));
  close(here);
  session_init(&s, &fake, 0);
  return 0;
}

/* Replies are lines with three digits, CRLF at their ends alone. */
static void judge_replies(int fd)
{
  static char heard[1 << 20];
  size_t len = 0;
  ssize_t r;
  while (len < sizeof heard && (r = recv(fd, heard + len, sizeof heard - len, MSG_DONTWAIT)) > 0)
    len += (size_t)r;
  for (size_t at = 0; at < len;) {
    char *lf = memchr(heard + at, '\n', len - at);
    PROMISE(lf && lf - (heard + at) >= 4 && lf[-1] == '\r');
    PROMISE(heard[at] >= '2' && heard[at] <= '5' && (heard[at + 3] == ' ' || heard[at + 3] == '-'));
    PROMISE(!memchr(heard + at, '\r', (size_t)(lf - 1 - (heard + at))));
    PROMISE(lf - (heard + at) < 512);
    at = (size_t)(lf - heard) + 1;
  }
}

int LLVMFuzzerTestOneInput(uint8_t const *octets, size_t len)
{
  static char const *const who[] = {"198.18.0.1", "192.0.2.1", "", "10.0.0.1"};
  int fd[2], size = 1 << 21;
  ip46 client;
  if (!len || len > INPUT_MAX)
    return 0;
  policy const *p = *octets & 4 ? &normal : &strict;
  unsigned int k = *octets & 3;
  PROMISE(!socketpair(AF_UNIX, SOCK_STREAM, 0, fd));
  (void)setsockopt(fd[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  PROMISE(write(fd[0], octets + 1, len - 1) == (ssize_t)(len - 1));
  shutdown(fd[0], SHUT_WR);
  state.messages = 0;
  if (k == 2)
    (void)session_serve_local(&s, p, fd[1], fd[1]);
  else {
    PROMISE(ip46_scan(who[k], &client));
    (void)session_serve(&s, p, fd[1], CROWD_PLACES, &client);
  }
  PROMISE(!state.open);
  PROMISE(state.messages <= len / 5);
  judge_replies(fd[0]);
  close(fd[0]);
  close(fd[1]);
  return 0;
}
