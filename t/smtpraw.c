/* smtpraw HOST PORT [SECONDS] - copies standard input to an SMTP server as it is, without waiting for
   answers, and what comes back to standard output, until the server closes the connection. For tests: it
   sends what no client would. Exits 0 when the server closed, 1 if it was silent for SECONDS (60), 2 if
   nobody listens. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static int dial(char const *host, char const *port)
{
  struct addrinfo const hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
  struct addrinfo *a;
  int fd;
  if (getaddrinfo(host, port, &hints, &a))
    return -1;
  fd = socket(a->ai_family, SOCK_STREAM, 0);
  if (fd != -1 && connect(fd, a->ai_addr, a->ai_addrlen) == -1)
    fd = (close(fd), -1);
  freeaddrinfo(a);
  return fd;
}

/* Shows what came. 0: the end. */
static int show(int fd)
{
  char s[8192];
  ssize_t r = read(fd, s, sizeof s);
  if (r <= 0)
    return r < 0 && errno == EINTR;
  fwrite(s, 1, (size_t)r, stdout);
  fflush(stdout);
  return 1;
}

int main(int argc, char **argv)
{
  static char buffer[65536];
  size_t have = 0, sent = 0;
  int seconds = argc > 3 ? atoi(argv[3]) : 60;
  int more = 1;
  int fd = argc > 2 ? dial(argv[1], argv[2]) : -1;
  if (fd < 0)
    return 2;
  signal(SIGPIPE, SIG_IGN);
  for (;;) {
    struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = -1, .events = POLLIN}};
    if (sent < have)
      p[0].events |= POLLOUT;
    else if (more)
      p[1].fd = 0;
    if (poll(p, 2, seconds * 1000) <= 0)
      return 1;
    if (p[0].revents & (POLLIN | POLLHUP | POLLERR) && !show(fd))
      return 0;
    if (p[0].revents & POLLOUT) {
      ssize_t r = send(fd, buffer + sent, have - sent, MSG_DONTWAIT);
      if (r > 0)
        sent += (size_t)r;
      else if (errno != EAGAIN)
        more = 0, sent = have = 0;
    }
    if (p[1].revents) {
      ssize_t r = read(0, buffer, sizeof buffer);
      more = r > 0;
      sent = 0;
      have = more ? (size_t)r : 0;
    }
  }
}
