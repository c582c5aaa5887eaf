/* smtpsink [-s] ADDRESS PORT FOLDER - an SMTP server that takes everything, and keeps in FOLDER/N.data each
   octet that the client sent from DATA to the end of the session, for a test that looks at line ends; in
   FOLDER/N.envelope the commands before it. -s: it accepts connections and never says a word. Ends when it is
   killed, and its children with it. */
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

static char const *folder;

static FILE *keep(char const *what)
{
  char path[4096];
  snprintf(path, sizeof path, "%s/%d.%s", folder, (int)getpid(), what);
  return fopen(path, "a");
}

static int say(int fd, char const *s)
{
  return write(fd, s, strlen(s)) > 0;
}

/* Everything up to CRLF.CRLF goes into the file. 0: the client went away. */
static int body(FILE *in, FILE *out)
{
  static char const end[] = "\r\n.\r\n";
  unsigned int at = 2; /* the line before it has ended */
  int c;
  while ((c = getc(in)) != EOF) {
    putc(c, out);
    at = c == end[at] ? at + 1 : c == '\r' ? 1 : 0;
    if (at == 5)
      return !fflush(out);
  }
  return 0;
}

static void serve(int fd)
{
  char line[4096];
  FILE *in = fdopen(fd, "r"), *envelope = keep("envelope"), *data = keep("data");
  if (!in || !envelope || !data || !say(fd, "220 sink.test\r\n"))
    return;
  while (fgets(line, sizeof line, in)) {
    char const *answer = "250 2.0.0 Ok\r\n";
    fputs(line, envelope);
    fflush(envelope);
    if (!strncasecmp(line, "EHLO", 4))
      answer = "250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE\r\n";
    if (!strncasecmp(line, "DATA", 4)) {
      if (!say(fd, "354 go on\r\n") || !body(in, data))
        return;
    }
    if (!say(fd, !strncasecmp(line, "QUIT", 4) ? "221 bye\r\n" : answer) || !strncasecmp(line, "QUIT", 4))
      return;
  }
}

int main(int argc, char **argv)
{
  int silent = argc > 1 && !strcmp(argv[1], "-s");
  struct sockaddr_in a = {.sin_family = AF_INET};
  int const on = 1;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  argv += silent;
  if (argc - silent != 4 || inet_pton(AF_INET, argv[1], &a.sin_addr) != 1)
    return 2;
  a.sin_port = htons((in_port_t)atoi(argv[2]));
  folder = argv[3];
  signal(SIGCHLD, SIG_IGN);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr *)&a, sizeof a) || listen(listener, 100)) {
    perror("smtpsink");
    return 1;
  }
  for (;;) {
    int fd = accept(listener, 0, 0);
    if (fd < 0 || silent)
      continue;
    if (!fork()) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      close(listener);
      serve(fd);
      _exit(0);
    }
    close(fd);
  }
}
