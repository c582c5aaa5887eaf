/* smtpidle [-q] HOST PORT COUNT [PER-ADDRESS] - opens COUNT connections one after the other, waits for the greeting of
   each, prints "N greeted, N refused, slowest S" and holds them until standard input ends; with -q each is closed at
   once. With PER-ADDRESS each so many come from another address of 127.1.0.0/16. For tests of what idle clients cost,
   and of restarts. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/resource.h>
#include <sys/time.h>

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* '2': greeted; else the first octet of what was said, 0 if nothing was. */
static int greet(struct sockaddr_in const *to, struct sockaddr_in const *from, int quick)
{
  struct timeval const limit = {.tv_sec = 60};
  char c = 0;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  if (fd < 0 || (from && bind(fd, (struct sockaddr const *)from, sizeof *from) < 0) ||
      connect(fd, (struct sockaddr const *)to, sizeof *to) < 0) {
    perror("connect");
    exit(1);
  }
  if (recv(fd, &c, 1, 0) != 1 || c != '2' || quick)
    close(fd);
  return c;
}

int main(int argc, char **argv)
{
  struct sockaddr_in to = {.sin_family = AF_INET}, from = {.sin_family = AF_INET};
  struct rlimit files;
  unsigned int greeted = 0, refused = 0;
  double slowest = 0;
  int quick = argc > 1 && !strcmp(argv[1], "-q");
  argc -= quick;
  argv += quick;
  if (argc < 4 || inet_pton(AF_INET, argv[1], &to.sin_addr) != 1)
    return 2;
  to.sin_port = htons((unsigned short)atoi(argv[2]));
  unsigned int n = (unsigned int)atoi(argv[3]), each = argc > 4 ? (unsigned int)atoi(argv[4]) : 0;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  for (unsigned int i = 0; i < n; i++) {
    double start = now();
    from.sin_addr.s_addr = each ? htonl(0x7f010000u + i / each + 1) : 0;
    if (greet(&to, each ? &from : 0, quick) == '2')
      greeted++;
    else
      refused++;
    if (now() - start > slowest)
      slowest = now() - start;
  }
  printf("%u greeted, %u refused, slowest %.3f\n", greeted, refused, slowest);
  fflush(stdout);
  while (!quick && getchar() != EOF)
    ;
  return quick && refused;
}
