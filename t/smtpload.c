/* smtpload HOST PORT NAME COUNT SESSIONS RCPT... - sends COUNT messages with the subjects NAME-1 ..
   NAME-COUNT, one a session, from SESSIONS processes at once, to the recipients in turn. Prints the subject
   of each message that was acknowledged with 250. Exits 0 if every one was; else 1, with a line on standard
   error for each that was refused or cut, and where. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static int dial(char const *host, int port)
{
  struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons((in_port_t)port)};
  struct timeval const patience = {.tv_sec = 60};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd == -1 || inet_pton(AF_INET, host, &sa.sin_addr) != 1)
    return -1;
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(fd, (struct sockaddr *)&sa, sizeof sa) == -1)
    fd = (close(fd), -1);
  return fd;
}

/* Reads one whole answer; 0 at the end of file. */
static int answer(FILE *in, char *line, size_t max)
{
  while (fgets(line, (int)max, in))
    if (strlen(line) < 4 || line[3] != '-')
      return atoi(line);
  *line = 0;
  return 0;
}

static int one(char const *host, int port, char const *subject, char const *rcpt)
{
  char text[512], line[1024];
  char const *const say[] = {
      "EHLO load.test\r\n", "MAIL FROM:<load@else.test>\r\n", text, "DATA\r\n", text, "QUIT\r\n"};
  static int const want[] = {2, 2, 2, 3, 2, 2};
  int fd = dial(host, port), acknowledged = 0;
  FILE *in = fd == -1 ? 0 : fdopen(fd, "r");
  unsigned int step = 0;
  int code = in ? answer(in, line, sizeof line) : 0;
  for (; code / 100 == (step ? want[step - 1] : 2) && step < 6; step++) {
    acknowledged = step == 5;
    if (step == 2)
      snprintf(text, sizeof text, "RCPT TO:<%s>\r\n", rcpt);
    if (step == 4)
      snprintf(text, sizeof text, "Subject: %s\r\n\r\nload\r\n.\r\n", subject);
    if (send(fd, say[step], strlen(say[step]), MSG_NOSIGNAL) == -1)
      break;
    code = answer(in, line, sizeof line);
  }
  if (!acknowledged)
    fprintf(stderr, "%s: at step %u: %s\n", subject, step, !in ? "no connection" : *line ? line : "cut");
  if (in)
    fclose(in);
  return acknowledged;
}

static int session(char **argv, int first, int argc)
{
  int count = atoi(argv[4]), sessions = atoi(argv[5]), bad = 0;
  char subject[128];
  for (int i = first; i <= count; i += sessions) {
    snprintf(subject, sizeof subject, "%s-%d", argv[3], i);
    if (one(argv[1], atoi(argv[2]), subject, argv[6 + i % (argc - 6)]))
      dprintf(1, "%s\n", subject);
    else
      bad = 1;
  }
  return bad;
}

int main(int argc, char **argv)
{
  int wstat, bad = 0;
  if (argc < 7)
    return 2;
  for (int i = 1; i <= atoi(argv[5]); i++)
    if (!fork())
      _exit(session(argv, i, argc));
  while (wait(&wstat) > 0)
    bad |= wstat != 0;
  return bad;
}
