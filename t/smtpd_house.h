/* smtpd_house - a house around a session for the tests of smtpd: a HOME with settings, doors `alias` and
   `queue` that are answered by small programs of the test, and a client that says what it is told to.
   Everything on loopback, in a folder of its own. */
#ifndef TERN_T_SMTPD_HOUSE_H
#define TERN_T_SMTPD_HOUSE_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "smtpd/crowd.h"
#include "smtpd/session.h"
#include "t/smtpd_doors.h"

static char house_folder[] = "/tmp/tern-smtpd.XXXXXX";
static pid_t house_alias, house_queue;
static policy house_policy = POLICY_ZERO;
static session house_session;
static unsigned int house_slot = CROWD_PLACES; /* nobody counts */

static void house_put(char const *name, char const *text)
{
  char path[80];
  snprintf(path, sizeof path, "control/%s", name);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
}

static void house_settings(void)
{
  stralloc problem = STRALLOC_ZERO;
  if (!policy_read(&house_policy, 0, &problem))
    fail_msg("settings: %s", problem.s);
  stralloc_free(&problem);
}

static int house_enter(void **state)
{
  (void)state;
  signal(SIGPIPE, SIG_IGN);
  alarm(300); /* whatever hangs ends */
  tain_now_set_stopwatch_g();
  if (!mkdtemp(house_folder) || chdir(house_folder) || mkdir("control", 0755) || mkdir("run", 0755) ||
      mkdir("out", 0755))
    return 1;
  house_put("me", "here.test");
  house_put("relaydomains", "backup.test");
  house_put("virtualdomains", "v.test:joe");
  house_put("relayclients", "192.0.2.0/24");
  house_put("access", "127.0.0.1 ok"); /* the test says all at once: text before its turn is smtpd_strict's */
  house_put("maxrecipients", "10000");
  house_put("databytes", "300000");
  house_put("timeoutsmtpd", "20");
  house_settings();
  house_alias = house_fork("alias", &house_be_alias);
  house_queue = house_fork("queue", &house_be_queue);
  return house_alias < 0 || house_queue < 0;
}

static int house_leave(void **state)
{
  (void)state;
  house_end(house_alias);
  house_end(house_queue);
  policy_free(&house_policy);
  return system("rm -rf control run out log") || chdir("/") || rmdir(house_folder);
}

/* Two ends of a TCP connection on 127.0.0.1. */
static void house_pair(int fd[2])
{
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof at;
  int on = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(bind(listener, (struct sockaddr *)&at, sizeof at), 0);
  input_prepare(listener, (unsigned int)policy_number(&house_policy, CONTROL_TIMEOUTSMTPD));
  assert_int_equal(listen(listener, 1), 0);
  getsockname(listener, (struct sockaddr *)&at, &len);
  fd[0] = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(connect(fd[0], (struct sockaddr *)&at, sizeof at), 0);
  fd[1] = accept(listener, 0, 0);
  setsockopt(fd[0], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  close(listener);
}

/* A session in a process of its own. *client: the client's end. */
static pid_t house_serve(int *client)
{
  int fd[2];
  house_pair(fd);
  pid_t pid = fork();
  if (!pid) {
    ip46 peer;
    uint16_t port;
    close(fd[0]);
    close(2);
    open("log", O_WRONLY | O_CREAT | O_APPEND, 0600);
    socket_remote46(fd[1], &peer, &port);
    session_init(&house_session, &doors, 0);
    int stay = session_serve(&house_session, &house_policy, fd[1], house_slot, &peer);
    _exit(stay ? 0 : 1);
  }
  close(fd[1]);
  *client = fd[0];
  return pid;
}

/* Sends all, `piece` octets at a time (0: at once), while it collects what comes, until the server closes. */
static void house_talk(int fd, char const *s, size_t len, size_t piece, stralloc *heard)
{
  static char part[65536];
  size_t at = 0;
  fcntl(fd, F_SETFL, O_NONBLOCK);
  for (;;) {
    struct pollfd x = {.fd = fd, .events = (short)(at < len ? POLLIN | POLLOUT : POLLIN)};
    if (poll(&x, 1, 60000) != 1)
      fail_msg("nothing happens");
    if (x.revents & POLLOUT) {
      size_t n = piece && piece < len - at ? piece : len - at;
      ssize_t w = send(fd, s + at, n, MSG_NOSIGNAL);
      at = w > 0 ? at + (size_t)w : errno == EAGAIN ? at : len;
    }
    if (x.revents & (POLLIN | POLLHUP | POLLERR)) {
      ssize_t r = read(fd, part, sizeof part);
      if (!r || (r < 0 && errno != EAGAIN))
        return;
      if (r > 0)
        stralloc_catb(heard, part, (size_t)r);
    }
  }
}

/* Does what was heard consist of replies that begin like this? `want`: beginnings with | between them; of a
   reply of several lines the last one counts. */
static void house_compare(char const *name, char const *heard, char const *want)
{
  char const *h = heard, *w = want;
  while (*h) {
    char const *end = strstr(h, "\r\n");
    if (!end)
      fail_msg("%s: a line without its end: %s", name, h);
    if (end - h > 510)
      fail_msg("%s: a reply of %zd octets", name, end - h);
    if (h[3] != '-') {
      size_t n = strcspn(w, "|");
      if ((size_t)(end - h) < n || memcmp(h, w, n) || !n)
        fail_msg("%s: got \"%.*s\", want \"%.*s\", in\n%s", name, (int)(end - h), h, (int)n, w, heard);
      w += n + (w[n] == '|');
    }
    h = end + 2;
  }
  if (*w)
    fail_msg("%s: got no more, want \"%s\", in\n%s", name, w, heard);
}

/* Takes the oldest message that was stored; 0: there is none. */
__attribute__((unused)) static int house_take(stralloc *out)
{
  static unsigned int n;
  char path[32], part[4096];
  size_t r;
  snprintf(path, sizeof path, "out/%u", n + 1);
  FILE *f = fopen(path, "r");
  if (!f)
    return 0;
  n++;
  out->len = 0;
  while ((r = fread(part, 1, sizeof part, f)) > 0)
    stralloc_catb(out, part, r);
  fclose(f);
  unlink(path);
  stralloc_0(out);
  out->len--;
  return 1;
}

/* A whole session. Gives the process's exit code: 1 if the session called it odd. */
__attribute__((unused)) static int house_session_of(char const *name, char const *s, size_t len, size_t piece,
                                                    char const *want)
{
  stralloc heard = STRALLOC_ZERO;
  int fd, wstat;
  pid_t pid = house_serve(&fd);
  house_talk(fd, s, len, piece, &heard);
  close(fd);
  waitpid(pid, &wstat, 0);
  stralloc_0(&heard);
  house_compare(name, heard.s, want);
  stralloc_free(&heard);
  if (!WIFEXITED(wstat))
    fail_msg("%s: the process died of signal %d", name, WTERMSIG(wstat));
  return WEXITSTATUS(wstat);
}

#endif
