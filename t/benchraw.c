/* benchraw FOLDER MILLISECONDS - what the machine itself allows, the limits beside t/bench's rows: durable commits a second (a new
   file of 4,096 octets, written and synced) with 1, 8 and 16 processes in FOLDER; TCP connections a second with one process
   that accepts; forks a second. Prints "NAME RATE", a line each; removes its files. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double length; /* seconds of each measurement */

static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fail(char const *what)
{
  perror(what);
  exit(1);
}

static void commit(long n)
{
  static char const data[4096];
  char name[64];
  snprintf(name, sizeof name, "raw.%ld.%ld", (long)getpid(), n);
  int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, 0600);
  if (fd < 0 || write(fd, data, sizeof data) != sizeof data || fsync(fd) < 0)
    fail("commit");
  close(fd);
}

static void forget(long n)
{
  char name[64];
  while (n--) {
    snprintf(name, sizeof name, "raw.%ld.%ld", (long)getpid(), n);
    unlink(name);
  }
}

static double commits(int processes)
{
  long *made = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  long sum = 0;
  double start = now();
  if (made == MAP_FAILED)
    fail("mmap");
  for (int k = 0; k < processes; k++) {
    pid_t pid = fork();
    if (pid < 0)
      fail("fork");
    if (!pid) {
      while (now() - start < length)
        commit(made[k]++);
      forget(made[k]);
      _exit(0);
    }
  }
  while (wait(0) > 0)
    ;
  for (int k = 0; k < processes; k++)
    sum += made[k];
  munmap(made, 4096);
  return (double)sum / length;
}

static double connects(void)
{
  struct sockaddr_in sa = {.sin_family = AF_INET};
  socklen_t len = sizeof sa;
  char c;
  long n = 0;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (struct sockaddr *)&sa, sizeof sa) < 0 || listen(listener, 128) < 0 ||
      getsockname(listener, (struct sockaddr *)&sa, &len) < 0)
    fail("listen");
  pid_t pid = fork();
  if (!pid)
    for (;;) {
      int fd = accept(listener, 0, 0);
      (void)!write(fd, "2", 1);
      close(fd);
    }
  double start = now();
  for (; now() - start < length; n++) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(fd, (struct sockaddr *)&sa, sizeof sa) < 0 || read(fd, &c, 1) != 1)
      fail("connect");
    close(fd);
  }
  kill(pid, 9);
  waitpid(pid, 0, 0);
  close(listener);
  return (double)n / length;
}

static double forks(void)
{
  long n = 0;
  double start = now();
  for (; now() - start < length; n++) {
    pid_t pid = fork();
    if (!pid)
      _exit(0);
    if (pid < 0 || waitpid(pid, 0, 0) < 0)
      fail("fork");
  }
  return (double)n / length;
}

int main(int argc, char **argv)
{
  if (argc != 3 || chdir(argv[1]) < 0)
    return 2;
  length = atof(argv[2]) / 1000;
  setvbuf(stdout, 0, _IOLBF, 0);
  printf("commits_1 %.0f\n", commits(1));
  printf("commits_8 %.0f\n", commits(8));
  printf("commits_16 %.0f\n", commits(16));
  printf("connects %.0f\n", connects());
  printf("forks %.0f\n", forks());
  return 0;
}
