/* benchload PORT SESSIONS COUNT KEEP BYTES RCPTS USERS DOMAIN - sends COUNT messages of BYTES octets to 127.0.0.1:PORT from
   SESSIONS sessions at once, each to RCPTS of the recipients u1 .. uUSERS@DOMAIN in turn. KEEP 1: many messages a session; 0:
   one. Waits for each answer before the next command, as the plainest client does. Prints the seconds that it took; exits 1,
   with the answer on standard error, at the first one that is not wanted. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SESSIONS_MAX 256
#define PATIENCE 120000 /* milliseconds without any answer */

enum step { GREETED, HELO, MAIL, RCPT, DATA, DOT, QUIT, OVER };

struct session {
  enum step step; /* whose answer is waited for */
  int rcpts;      /* of this message, so far */
  size_t sent;    /* octets of the body */
  char answer[1024];
  size_t len;
};

static struct session all[SESSIONS_MAX];
static struct pollfd fds[SESSIONS_MAX];
static int port, sessions, keep, rcpts, users;
static long count, begun, done, turn;
static char const *domain;
static char *body;
static size_t body_len;

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fail(char const *what)
{
  fprintf(stderr, "benchload: %s\n", what);
  exit(1);
}

static void dial(int k)
{
  struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
  int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (fd < 0 || connect(fd, (struct sockaddr *)&sa, sizeof sa) < 0)
    fail("no connection");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  fcntl(fd, F_SETFL, O_NONBLOCK);
  all[k] = (struct session){.step = GREETED};
  fds[k] = (struct pollfd){.fd = fd, .events = POLLIN};
  begun += !keep;
}

static void say(int k, enum step next, char const *text)
{
  size_t len = strlen(text);
  if (send(fds[k].fd, text, len, MSG_NOSIGNAL) != (ssize_t)len)
    fail("a command did not go out");
  all[k].step = next;
}

static void send_body(int k)
{
  struct session *s = all + k;
  ssize_t r = send(fds[k].fd, body + s->sent, body_len - s->sent, MSG_NOSIGNAL);
  if (r > 0)
    s->sent += (size_t)r;
  fds[k].events = s->sent < body_len ? POLLIN | POLLOUT : POLLIN;
}

static void next_message(int k)
{
  if (keep && begun >= count) {
    say(k, QUIT, "QUIT\r\n");
    return;
  }
  begun += keep;
  all[k].rcpts = 0;
  say(k, MAIL, "MAIL FROM:<load@else.test>\r\n");
}

static void next_rcpt(int k)
{
  char text[300];
  if (all[k].rcpts++ == rcpts) {
    say(k, DATA, "DATA\r\n");
    return;
  }
  snprintf(text, sizeof text, "RCPT TO:<u%ld@%.200s>\r\n", turn++ % users + 1, domain);
  say(k, RCPT, text);
}

static void end(int k)
{
  close(fds[k].fd);
  fds[k].fd = -1;
  all[k].step = OVER;
  if (!keep && begun < count)
    dial(k);
}

static void answered(int k)
{
  struct session *s = all + k;
  if (*s->answer != (s->step == DATA ? '3' : '2'))
    fail(s->answer);
  switch (s->step) {
  case GREETED: say(k, HELO, "HELO load.test\r\n"); break;
  case HELO: next_message(k); break;
  case MAIL:
  case RCPT: next_rcpt(k); break;
  case DATA:
    s->step = DOT;
    s->sent = 0;
    send_body(k);
    break;
  case DOT:
    done++;
    if (keep)
      next_message(k);
    else
      say(k, QUIT, "QUIT\r\n");
    break;
  default: end(k); break;
  }
}

static void hear(int k)
{
  struct session *s = all + k;
  ssize_t r = recv(fds[k].fd, s->answer + s->len, sizeof s->answer - 1 - s->len, 0);
  if (r <= 0)
    fail("a session was cut");
  s->len += (size_t)r;
  s->answer[s->len] = 0;
  if (s->answer[s->len - 1] != '\n')
    return;
  s->len = 0;
  answered(k);
}

static void make_body(size_t bytes)
{
  static char const head[] = "From: <load@else.test>\r\nTo: <list@else.test>\r\nSubject: load\r\n"
                             "Date: Tue, 24 Nov 2026 00:00:00 +0000\r\nMessage-ID: <1@load.test>\r\n\r\n";
  body = malloc(bytes + 200 + sizeof head);
  if (!body)
    fail("no memory");
  memcpy(body, head, body_len = sizeof head - 1);
  while (body_len < bytes) {
    memset(body + body_len, 'x', 70);
    memcpy(body + body_len + 70, "\r\n", 2);
    body_len += 72;
  }
  memcpy(body + body_len, ".\r\n", 3);
  body_len += 3;
}

int main(int argc, char **argv)
{
  if (argc != 9)
    return 2;
  port = atoi(argv[1]), sessions = atoi(argv[2]), count = atol(argv[3]), keep = atoi(argv[4]) != 0;
  rcpts = atoi(argv[6]), users = atoi(argv[7]), domain = argv[8];
  if (sessions < 1 || sessions > SESSIONS_MAX || users < 1)
    return 2;
  if (sessions > count)
    sessions = (int)count;
  make_body((size_t)atol(argv[5]));
  double start = now();
  for (int k = 0; k < sessions; k++)
    dial(k);
  for (int open = sessions; open;) {
    if (poll(fds, (nfds_t)sessions, PATIENCE) <= 0)
      fail("no answer came");
    open = 0;
    for (int k = 0; k < sessions; k++) {
      if (fds[k].fd >= 0 && fds[k].revents & POLLOUT)
        send_body(k);
      if (fds[k].fd >= 0 && fds[k].revents & ~POLLOUT)
        hear(k);
      open += fds[k].fd >= 0;
    }
  }
  printf("%.3f\n", now() - start);
  return done != count;
}
