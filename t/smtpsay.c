/* smtpsay HOST PORT - a small SMTP client that shows what is said: reads commands from standard input, one a
   line, sends each when the answer to the one before has come, and prints both sides. After an answer 354 the
   lines go out as they are, up to and including a line of a single dot. Exits 0 if the last answer before the
   end was 2xx or 3xx, 1 if not, 2 for trouble. */
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int dial(char const *host, char const *port)
{
  struct addrinfo const hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
  struct timeval const patience = {.tv_sec = 60};
  struct addrinfo *a;
  int fd;
  if (getaddrinfo(host, port, &hints, &a))
    return -1;
  fd = socket(a->ai_family, SOCK_STREAM, 0);
  if (fd != -1 && connect(fd, a->ai_addr, a->ai_addrlen) == -1)
    fd = (close(fd), -1);
  freeaddrinfo(a);
  if (fd != -1)
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  return fd;
}

/* Prints one whole answer; gives its code, 0 at the end. */
static int answer(FILE *in)
{
  char line[2048];
  while (fgets(line, sizeof line, in)) {
    line[strcspn(line, "\r\n")] = 0;
    printf("< %s\n", line);
    fflush(stdout);
    if (strlen(line) < 4 || line[3] != '-')
      return atoi(line);
  }
  printf("(the server closed the connection)\n");
  return 0;
}

int main(int argc, char **argv)
{
  char line[65536];
  FILE *in, *out;
  int fd, code;
  if (argc != 3 || (fd = dial(argv[1], argv[2])) == -1 || !(in = fdopen(fd, "r")) ||
      !(out = fdopen(dup(fd), "w"))) {
    fprintf(stderr, "smtpsay: unable to talk to %s port %s\n", argc > 1 ? argv[1] : "?",
            argc > 2 ? argv[2] : "?");
    return 2;
  }
  code = answer(in);
  while (code && fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    printf("> %s\n", line);
    fprintf(out, "%s\r\n", line);
    if (code == 354 && strcmp(line, "."))
      continue;
    if (fflush(out))
      return 2;
    code = answer(in);
  }
  return code ? code >= 400 : 1;
}
