/* A scripted SMTP server in a process of its own, and the job that is sent to it. One script a connection, in
   lines:
   ">text" says text and CRLF, "|text" says it with \r \n \0 decoded and nothing added, "<VERB" expects a line
   that begins so,
   "." takes a message up to its final dot, "~N" sleeps N milliseconds, "*N" says N kilobytes of junk. After
   the last line it closes; what it read is kept, octet for octet. */
#ifndef TERN_T_REMOTE_PEER_H
#define TERN_T_REMOTE_PEER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include "remote/attempt.h"

typedef struct peer_s peer;
struct peer_s {
  pid_t pid;
  uint16_t port;
  int log;
  char heard[1 << 20];
  size_t len;
};

typedef struct peer_in_s peer_in;
struct peer_in_s {
  int fd, log;
  size_t pos, len;
  char s[65536];
};

static int peer_octet(peer_in *in)
{
  if (in->pos == in->len) {
    ssize_t r = recv(in->fd, in->s, sizeof in->s, 0);
    if (r <= 0)
      return -1;
    in->pos = 0;
    in->len = (size_t)r;
    if (write(in->log, in->s, in->len) < 0)
      _exit(99);
  }
  return (unsigned char)in->s[in->pos++];
}

static int peer_line(peer_in *in, char *line, size_t max)
{
  size_t n = 0;
  for (;;) {
    int c = peer_octet(in);
    if (c < 0)
      return 0;
    if (c == '\n')
      break;
    if (n < max - 1)
      line[n++] = (char)c;
  }
  line[n] = 0;
  return 1;
}

static int peer_say(peer_in *in, char const *s, size_t len)
{
  return send(in->fd, s, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static int peer_say_raw(peer_in *in, char const *s, size_t len)
{
  char out[8192];
  size_t n = 0, i;
  for (i = 0; i < len; i++) {
    if (s[i] == '\\' && i + 1 < len) {
      i++;
      out[n++] = s[i] == 'r' ? '\r' : s[i] == 'n' ? '\n' : s[i] == '0' ? 0 : s[i] == 'e' ? 27 : s[i];
    } else
      out[n++] = s[i];
  }
  return peer_say(in, out, n);
}

static int peer_message(peer_in *in)
{
  static char line[1 << 17];
  while (peer_line(in, line, sizeof line))
    if (!strcmp(line, ".\r"))
      return 1;
  return 0;
}

static int peer_step(peer_in *in, char const *s, size_t len)
{
  char line[8192];
  switch (*s) {
  case '>':
    memcpy(line, s + 1, len - 1);
    memcpy(line + len - 1, "\r\n", 2);
    return peer_say(in, line, len + 1);
  case '|': return peer_say_raw(in, s + 1, len - 1);
  case '<': return peer_line(in, line, sizeof line) && !strncasecmp(line, s + 1, len - 1);
  case '.': return peer_message(in);
  case '~': usleep((useconds_t)atoi(s + 1) * 1000); return 1;
  case '*':
    for (int i = atoi(s + 1); i > 0; i--) {
      static char junk[1024];
      memset(junk, 'x', sizeof junk);
      if (!peer_say(in, junk, sizeof junk))
        return 1;
    }
    return 1;
  }
  return 0;
}

static void peer_talk(int fd, int log, char const *script)
{
  static peer_in in;
  in = (peer_in){.fd = fd, .log = log};
  while (*script) {
    size_t len = strcspn(script, "\n");
    if (len && !peer_step(&in, script, len)) {
      dprintf(log, "[step %.*s failed]", (int)len, script);
      break;
    }
    script += len + (script[len] == '\n');
  }
  dprintf(log, "[end]");
  shutdown(fd, SHUT_WR);
  close(fd);
}

static void peer_run(int listener, int log, char const *const *scripts)
{
  for (; *scripts; scripts++) {
    int fd = accept(listener, 0, 0);
    if (fd < 0)
      _exit(98);
    peer_talk(fd, log, *scripts);
  }
  _exit(0);
}

/* At a Unix socket. */
__attribute__((unused)) static void peer_start_socket(peer *p, char const *path, char const *const *scripts)
{
  struct sockaddr_un a = {.sun_family = AF_UNIX};
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  memcpy(a.sun_path, path, strlen(path) + 1);
  unlink(path);
  if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 16) < 0 || chmod(path, 0666) < 0)
    abort();
  p->log = memfd_create("heard", 0);
  p->pid = fork();
  if (!p->pid) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    peer_run(fd, p->log, scripts);
  }
  close(fd);
}

/* port 0: any. */
__attribute__((unused)) static void peer_start_at(peer *p, char const *ip, uint16_t port,
                                                  char const *const *scripts)
{
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
  socklen_t len = sizeof a;
  int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;
  inet_pton(AF_INET, ip, &a.sin_addr);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, (struct sockaddr *)&a, sizeof a) < 0 || listen(fd, 16) < 0 ||
      getsockname(fd, (struct sockaddr *)&a, &len) < 0)
    abort();
  p->port = ntohs(a.sin_port);
  p->log = memfd_create("heard", 0);
  p->pid = fork();
  if (!p->pid) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    peer_run(fd, p->log, scripts);
  }
  close(fd);
}

/* Ends it, and reads what it heard. */
static void peer_stop(peer *p)
{
  kill(p->pid, SIGTERM);
  waitpid(p->pid, 0, 0);
  ssize_t r = pread(p->log, p->heard, sizeof p->heard - 1, 0);
  p->len = r > 0 ? (size_t)r : 0;
  p->heard[p->len] = 0;
  close(p->log);
}

/* Waits until all its scripts are through. */
static void peer_finish(peer *p)
{
  for (int i = 0; i < 300 && waitpid(p->pid, 0, WNOHANG) == 0; i++)
    usleep(10000);
  peer_stop(p);
}

/* ---- a job */

static settings peer_settings = SETTINGS_ZERO;
static attempt peer_attempt;

static void peer_prepare(unsigned int seconds)
{
  tain_now_set_stopwatch_g();
  peer_settings.helo = "client.test";
  peer_settings.c.number[CONTROL_TIMEOUTCONNECT] = seconds;
  peer_settings.c.number[CONTROL_TIMEOUTREMOTE] = seconds;
  peer_settings.c.number[CONTROL_TIMEOUTDONE] = seconds;
  attempt_init(&peer_attempt, &peer_settings);
}

/* rcpts: separated by spaces. */
static void peer_job(job *j, char const *sender, char const *rcpts, char const *octets, size_t len)
{
  *j = (job)JOB_ZERO;
  memcpy(j->id, "00000000000000000000", 21);
  envelope_set_sender(&j->e, sender, strlen(sender));
  while (*rcpts) {
    size_t n = strcspn(rcpts, " ");
    envelope_add(&j->e, rcpts, n);
    rcpts += n + (rcpts[n] == ' ');
  }
  j->fd = memfd_create("message", 0);
  j->offset = 100;
  j->length = len;
  if (pwrite(j->fd, octets, len, 100) != (ssize_t)len)
    abort();
}

__attribute__((unused)) static void peer_lmtp(job *j, char const *ip, uint16_t port)
{
  char s[64];
  int n = snprintf(s, sizeof s, "lmtp:%s:%u", ip, port);
  envelope_set(&j->e, &j->route, s, (size_t)n);
}

__attribute__((unused)) static void peer_route(job *j, char const *ip, uint16_t port)
{
  char s[64];
  int n = snprintf(s, sizeof s, "%s:%u", ip, port);
  envelope_set(&j->e, &j->route, s, (size_t)n);
}

/* "2.1.0 4.0.0": the codes of the n results. */
__attribute__((unused)) static char const *peer_codes(size_t n)
{
  static char s[2048];
  char code[12];
  s[0] = 0;
  for (size_t i = 0; i < n; i++) {
    strcat(s, i ? " " : "");
    strcat(s, result_code(peer_attempt.results + i, code));
  }
  return s;
}

/* ---- a job from its beginning to what came of it; with cmocka */

static char const peer_text[] = "a\n.b\n";

static size_t peer_words(char const *s)
{
  size_t n = 1;
  for (; *s; s++)
    n += *s == ' ';
  return n;
}

/* A message to rcpts, to a host that says what is in the scripts. The caller ends the host. */
__attribute__((unused)) static void peer_serve_job(peer *p, char const *const *scripts, int lmtp,
                                                   char const *rcpts)
{
  job j;
  peer_prepare(1);
  peer_start_at(p, "127.0.0.1", 0, scripts);
  peer_job(&j, "s@y", rcpts, peer_text, sizeof peer_text - 1);
  (lmtp ? peer_lmtp : peer_route)(&j, "127.0.0.1", p->port);
  attempt_run(&peer_attempt, &j);
  connection_close(&peer_attempt.k);
  job_free(&j);
}

__attribute__((unused)) static void peer_check_codes(char const *name, char const *rcpts, char const *want,
                                                     peer const *p)
{
  char const *got = peer_codes(peer_words(rcpts));
  if (strcmp(got, want))
    fail_msg("%s: got \"%s\" (%s), want \"%s\"; heard %s", name, got, peer_attempt.results[0].text, want,
             p->heard);
}

__attribute__((unused)) static void peer_check(char const *name, char const *what, char const *got,
                                               char const *want)
{
  if (!strstr(got, want))
    fail_msg("%s: %s: got \"%s\", want \"%s\"", name, what, got, want);
}

#endif
