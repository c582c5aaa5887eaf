/* slowsink ADDRESS PORT FILE SECONDS - a small SMTP server that takes everything, and its time: SECONDS between the
   final dot and its 250. It appends the Subject of each message to FILE when the dot has come ("dot SUBJECT") and
   when the client has had its answer ("end SUBJECT"). One process a client; runs until it is killed or its parent is gone. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static int note; /* FILE */
static unsigned int seconds;

static void write_down(char const *event, char const *subject)
{
  dprintf(note, "%s %s\n", event, subject);
}

/* After 354: until the dot. 0: the client went away. */
static int message(FILE *in, FILE *out)
{
  char line[2048], subject[256] = "";
  for (;;) {
    if (!fgets(line, sizeof line, in))
      return 0;
    line[strcspn(line, "\r\n")] = 0;
    if (!strcmp(line, "."))
      break;
    if (!strncasecmp(line, "Subject: ", 9))
      snprintf(subject, sizeof subject, "%.200s", line + 9);
  }
  write_down("dot", subject);
  sleep(seconds);
  if (fputs("250 2.0.0 taken\r\n", out) < 0 || fflush(out))
    return 0;
  write_down("end", subject);
  return 1;
}

static void serve(int fd)
{
  char line[2048];
  FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");
  fputs("220 sink.test ESMTP\r\n", out);
  while (!fflush(out) && fgets(line, sizeof line, in)) {
    if (!strncasecmp(line, "DATA", 4)) {
      fputs("354 go on\r\n", out);
      if (fflush(out) || !message(in, out))
        break;
    } else if (!strncasecmp(line, "EHLO", 4))
      fputs("250-sink.test\r\n250-8BITMIME\r\n250 PIPELINING\r\n", out);
    else if (!strncasecmp(line, "QUIT", 4)) {
      fputs("221 bye\r\n", out);
      fflush(out);
      break;
    } else
      fputs("250 2.0.0 ok\r\n", out);
  }
  _exit(0);
}

int main(int argc, char **argv)
{
  struct sockaddr_in sa = {.sin_family = AF_INET};
  int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
  if (argc != 5 || fd == -1 || inet_pton(AF_INET, argv[1], &sa.sin_addr) != 1)
    return 2;
  sa.sin_port = htons((in_port_t)atoi(argv[2]));
  seconds = (unsigned int)atoi(argv[4]);
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* the test's end is ours */
  note = open(argv[3], O_WRONLY | O_CREAT | O_APPEND, 0644);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGCHLD, SIG_IGN);
  if (note == -1 || bind(fd, (struct sockaddr *)&sa, sizeof sa) == -1 || listen(fd, 128) == -1)
    return 1;
  for (;;) {
    int client = accept(fd, 0, 0);
    if (client == -1)
      continue;
    if (!fork()) {
      close(fd);
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      serve(client);
    }
    close(client);
  }
}
