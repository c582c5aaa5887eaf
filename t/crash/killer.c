/* proofkill - ends a process by SIGKILL before its n-th system call. A tool of t/proof; in nobody's way otherwise.

   proofkill attach N REPORT PID... [+ PID...]
      watches the pids, says "ready", and counts the calls of the one that accepts a connection, from there on. Those after
      the + are killed with it. The report: "killed CALL AFTER SECONDS", or "missed COUNT" if it waits for the next before; " early" if
      it answered before it synced anything.
   proofkill start PLAN PROGRAM [ARGUMENT...]
      becomes PROGRAM. If there is a file PLAN ("N start|notice SNAPSHOT"), which is removed, PROGRAM is killed at its n-th
      call since its start, or since its first read of ids that were told. Before that queue/ is copied to SNAPSHOT. The
      report is PLAN.report: "watched PID", then the same; SIGTERM makes the watcher (PID) say "missed COUNT". */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PIDS 64u
#define NOTICES 65536u /* octets that the runner asks run/notice for */

enum trigger { AT_START, AT_NOTICE, AT_ACCEPT };
static struct {
  enum trigger trigger;
  unsigned int n, seen;
  int synced, early; /* early: it answered before anything was synced */
  pid_t target;      /* 0: nobody has triggered yet */
  pid_t also[PIDS];
  unsigned int n_also;
  long last;            /* the call before */
  unsigned long asked;  /* octets that it asked for */
  char const *snapshot; /* 0: none */
  FILE *report;
} job;
static volatile sig_atomic_t stopped;

static void stop(int sig)
{
  (void)sig;
  stopped = 1;
}

static void hear_stop(void)
{
  struct sigaction sa = {.sa_handler = &stop};
  sigaction(SIGTERM, &sa, 0);
}

static char const *name_of(long nr)
{
  static struct {
    long nr;
    char const *name;
  } const names[] = {
      {SYS_accept4, "accept4"},     {SYS_openat, "openat"},   {SYS_fcntl, "fcntl"},
      {SYS_newfstatat, "fstat"},    {SYS_pwritev, "pwritev"}, {SYS_pwrite64, "pwrite"},
      {SYS_fsync, "fsync"},         {SYS_close, "close"},     {SYS_sendmsg, "sendmsg"},
      {SYS_recvmsg, "recvmsg"},     {SYS_write, "write"},     {SYS_read, "read"},
      {SYS_unlink, "unlink"},       {SYS_rename, "rename"},   {SYS_ftruncate, "ftruncate"},
      {SYS_lseek, "lseek"},         {SYS_pread64, "pread"},   {SYS_epoll_wait, "epoll_wait"},
      {SYS_getdents64, "getdents"}, {SYS_statfs, "statfs"},   {SYS_fdatasync, "fdatasync"},
      {SYS_execve, "execve"},       {SYS_mmap, "mmap"},       {SYS_epoll_ctl, "epoll_ctl"},
      {SYS_socket, "socket"},       {SYS_connect, "connect"}, {SYS_sync_file_range, "sync_file_range"}};
  static char other[32];
  for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
    if (names[k].nr == nr)
      return names[k].name;
  snprintf(other, sizeof other, "call-%ld", nr);
  return other;
}

static void take_snapshot(void)
{
  pid_t pid = job.snapshot ? fork() : -1;
  if (!pid) {
    execlp("cp", "cp", "-a", "queue", job.snapshot, (char *)0);
    _exit(127);
  }
  while (pid > 0 && waitpid(pid, 0, 0) < 0 && errno == EINTR)
    ;
}

static void kill_it(long nr)
{
  struct timespec now;
  take_snapshot();
  kill(job.target, SIGKILL);
  for (unsigned int k = 0; k < job.n_also; k++)
    kill(job.also[k], SIGKILL);
  while (waitpid(job.target, 0, __WALL) < 0 && errno == EINTR)
    ;
  clock_gettime(CLOCK_REALTIME, &now);
  fprintf(job.report, "killed %s", name_of(nr));
  fprintf(job.report, " %s %lld.%06ld%s\n", name_of(job.last), (long long)now.tv_sec, now.tv_nsec / 1000,
          job.trigger == AT_ACCEPT && job.early ? " early" : "");
  exit(fflush(job.report) ? 1 : 0);
}

static void missed(void)
{
  fprintf(job.report, "missed %u%s\n", job.seen, job.trigger == AT_ACCEPT && job.early ? " early" : "");
  exit(fflush(job.report) ? 1 : 0);
}

static void begin_call(pid_t pid, long nr, unsigned long asked)
{
  if (pid == job.target) {
    job.synced |= nr == SYS_fsync;
    job.early |= nr == SYS_sendmsg && !job.synced;
    if (++job.seen == job.n)
      kill_it(nr);
    if (job.trigger == AT_ACCEPT && nr == SYS_accept4)
      missed();
  }
  if (job.trigger != AT_ACCEPT || pid == job.target) {
    job.last = nr;
    job.asked = asked;
  }
}

static void end_call(pid_t pid, long nr, long long result)
{
  if (job.target)
    return;
  if (job.trigger == AT_ACCEPT ? nr == SYS_accept4 && result >= 0
                               : nr == SYS_read && job.asked == NOTICES && result >= 16) {
    job.target = pid;
    job.last = nr;
  }
}

static void system_call(pid_t pid)
{
  static long calls[PIDS];
  struct __ptrace_syscall_info info;
  if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0)
    return;
  if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
    calls[pid % PIDS] = (long)info.entry.nr;
    begin_call(pid, (long)info.entry.nr, info.entry.args[2]);
  } else if (info.op == PTRACE_SYSCALL_INFO_EXIT)
    end_call(pid, calls[pid % PIDS], info.exit.is_error ? -1 : info.exit.rval);
}

/* Goes on with one that stopped; wstat says why it did. */
static void go_on(pid_t pid, int wstat)
{
  int sig = WSTOPSIG(wstat), event = wstat >> 16;
  if (sig == (SIGTRAP | 0x80)) {
    system_call(pid);
    sig = 0;
  } else if (event) {
    if (event == PTRACE_EVENT_EXEC && job.trigger == AT_START)
      job.target = pid;
    sig = 0;
  }
  ptrace(PTRACE_SYSCALL, pid, 0, sig);
}

static void watch(unsigned int to_be_ready)
{
  for (;;) {
    int wstat;
    pid_t pid = waitpid(-1, &wstat, __WALL);
    if (stopped)
      missed();
    if (pid < 0 && errno != EINTR)
      missed();
    if (pid <= 0 || !WIFSTOPPED(wstat))
      continue;
    go_on(pid, wstat);
    if (to_be_ready && wstat >> 16 == PTRACE_EVENT_STOP && !--to_be_ready && puts("ready") >= 0)
      fflush(stdout);
  }
}

static int seize(pid_t pid)
{
  return !ptrace(PTRACE_SEIZE, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEEXEC);
}

static int attach(char **argv)
{
  unsigned int n = 0;
  job.trigger = AT_ACCEPT;
  job.n = (unsigned int)atoi(argv[0]);
  job.report = fopen(argv[1], "w");
  if (!job.report)
    return 1;
  for (argv += 2; *argv && strcmp(*argv, "+"); argv++)
    n += seize(atoi(*argv)) && !ptrace(PTRACE_INTERRUPT, atoi(*argv), 0, 0);
  for (; *argv && *++argv && job.n_also < PIDS;)
    job.also[job.n_also++] = atoi(*argv);
  if (!n)
    return puts("refused") < 0;
  watch(n);
  return 0;
}

/* In a process of its own, which is nobody's child. */
static void watch_parent(pid_t pid, int ready)
{
  hear_stop();
  if (setsid() < 0 || !seize(pid) || write(ready, "y", 1) != 1)
    _exit(1);
  for (int fd = 0; fd < 256; fd++)
    if (fd != fileno(job.report))
      close(fd);
  fprintf(job.report, "watched %d\n", (int)getpid());
  fflush(job.report);
  watch(0);
}

/* 1: somebody watches this process from its next exec on. */
static int be_watched(void)
{
  char c;
  int p[2];
  pid_t self = getpid(), pid;
  if (pipe2(p, O_CLOEXEC) < 0)
    return 0;
  (void)prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
  pid = fork();
  if (!pid) {
    if (!fork())
      watch_parent(self, p[1]);
    _exit(0);
  }
  close(p[1]);
  (void)waitpid(pid, 0, 0);
  int ok = read(p[0], &c, 1) == 1;
  close(p[0]);
  return ok;
}

static int start(char **argv)
{
  static char snapshot[4096], kind[16], path[4096];
  FILE *plan = fopen(argv[0], "re");
  if (plan && fscanf(plan, "%u %15s %4095s", &job.n, kind, snapshot) == 3) {
    job.trigger = strcmp(kind, "start") ? AT_NOTICE : AT_START;
    job.snapshot = snapshot;
    snprintf(path, sizeof path, "%s.report", argv[0]);
    job.report = fopen(path, "we");
    if (!job.report || unlink(argv[0]) < 0 || !be_watched())
      return 1;
    fclose(job.report);
  }
  if (plan)
    fclose(plan);
  execv(argv[1], argv + 1);
  return 127;
}

int main(int argc, char **argv)
{
  if (argc >= 4 && !strcmp(argv[1], "start"))
    return start(argv + 2);
  hear_stop();
  if (argc >= 5 && !strcmp(argv[1], "attach"))
    return attach(argv + 2);
  return 2;
}
