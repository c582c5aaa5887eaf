/* privileges_jail - a seccomp filter that refuses (EPERM) what a program that reads hostile input has no
   business to call. It lists what is refused: libc stays free to use whatever else it needs; but a call that
   is younger than this file does not exist in it (ENOSYS). A call by another architecture's numbers ends the
   process.

   After JAIL_NO_FILES there is still read, write, poll, epoll, socket (AF_UNIX, AF_INET, AF_INET6), connect,
   accept, sendmsg, recvmsg, mmap of memory, clocks, getrandom, signals to oneself, and exit. */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "lib/privileges.h"

#if defined(__x86_64__)
#define JAIL_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define JAIL_ARCH AUDIT_ARCH_AARCH64
#endif

#ifdef JAIL_ARCH

#define YOUNGEST 462u    /* mseal, Linux 6.10: the last number that this file has judged */
#define X32 0x40000000u  /* x86_64: numbers of the x32 kind begin here */
#define NONE 0xffffffffu /* what a tracer makes of a call that it skips: strace, to inject an error */
#define NR_FCHMODAT2 452 /* younger than the headers of Debian 12 */
#define PROGRAM_MAX 512u /* instructions */

/* clang-format off */
static int const no_exec[] = {
    SYS_execve, SYS_execveat, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev,
    SYS_process_madvise, SYS_pidfd_getfd, SYS_kcmp, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot,
    SYS_setns, SYS_unshare, SYS_move_mount, SYS_open_tree, SYS_fsopen, SYS_fsconfig, SYS_fsmount,
    SYS_fspick, SYS_mount_setattr, SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_keyctl,
    SYS_add_key, SYS_request_key, SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load, SYS_kexec_file_load,
    SYS_reboot, SYS_swapon, SYS_swapoff, SYS_acct, SYS_io_uring_setup, SYS_io_uring_enter,
    SYS_io_uring_register, SYS_personality, SYS_settimeofday, SYS_clock_settime, SYS_sethostname,
    SYS_setdomainname, SYS_quotactl, SYS_syslog, SYS_open_by_handle_at, SYS_name_to_handle_at,
#ifdef __x86_64__
    SYS_iopl, SYS_ioperm, SYS_modify_ldt,
#endif
};

static int const no_process[] = {
    SYS_clone3, SYS_kill, SYS_tkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo, SYS_pidfd_open,
    SYS_pidfd_send_signal, SYS_setpriority, SYS_ioprio_set, SYS_sched_setaffinity,
    SYS_sched_setscheduler, SYS_sched_setparam, SYS_sched_setattr, SYS_migrate_pages, SYS_move_pages,
    SYS_shmget, SYS_shmat, SYS_msgget, SYS_semget, SYS_mq_open, SYS_clone,
#ifdef __x86_64__
    SYS_fork, SYS_vfork,
#endif
};

static int const no_files[] = {
    SYS_openat, SYS_openat2, SYS_renameat, SYS_renameat2, SYS_linkat, SYS_symlinkat, SYS_unlinkat,
    SYS_mkdirat, SYS_mknodat, SYS_fchmod, SYS_fchmodat, NR_FCHMODAT2, SYS_fchown, SYS_fchownat,
    SYS_truncate, SYS_utimensat, SYS_chdir, SYS_fchdir, SYS_readlinkat, SYS_faccessat, SYS_faccessat2, SYS_setxattr,
    SYS_lsetxattr, SYS_fsetxattr, SYS_getxattr, SYS_lgetxattr, SYS_removexattr, SYS_lremovexattr,
    SYS_fremovexattr, SYS_inotify_add_watch, SYS_fanotify_init, SYS_listen, SYS_statfs,
#ifdef __x86_64__
    SYS_open, SYS_creat, SYS_rename, SYS_link, SYS_symlink, SYS_unlink, SYS_mkdir, SYS_rmdir, SYS_mknod,
    SYS_chmod, SYS_chown, SYS_lchown, SYS_utime, SYS_utimes, SYS_futimesat, SYS_readlink, SYS_access,
#endif
};
/* clang-format on */

typedef struct program_s program;
struct program_s {
  struct sock_filter s[PROGRAM_MAX];
  unsigned short n;
};

static void add(program *p, unsigned short code, unsigned int k, unsigned char yes, unsigned char no)
{
  if (p->n < PROGRAM_MAX)
    p->s[p->n++] = (struct sock_filter){.code = code, .jt = yes, .jf = no, .k = k};
}

#define REFUSE(e) (SECCOMP_RET_ERRNO | ((e)&SECCOMP_RET_DATA))
#define LOAD(p, where) add((p), BPF_LD | BPF_W | BPF_ABS, (unsigned int)(where), 0, 0)
#define ANSWER(p, what) add((p), BPF_RET | BPF_K, (what), 0, 0)
/* The next instruction only if the number in hand is (or is not) k. */
#define IF(p, k) add((p), BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)(k), 0, 1)
#define UNLESS(p, k) add((p), BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)(k), 1, 0)
#define ARG(i)                                                                                               \
  (offsetof(struct seccomp_data, args) + 8 * (i)) /* the low half: both architectures are little-endian */

static void begin(program *p)
{
  LOAD(p, offsetof(struct seccomp_data, arch));
  UNLESS(p, JAIL_ARCH);
  ANSWER(p, SECCOMP_RET_KILL_PROCESS);
  LOAD(p, offsetof(struct seccomp_data, nr));
  IF(p, NONE);
  ANSWER(p, REFUSE(ENOSYS));
#ifdef __x86_64__
  add(p, BPF_JMP | BPF_JGE | BPF_K, X32, 0, 1);
  ANSWER(p, SECCOMP_RET_KILL_PROCESS);
#endif
  add(p, BPF_JMP | BPF_JGT | BPF_K, YOUNGEST, 0, 1);
  ANSWER(p, REFUSE(ENOSYS));
}

static void refuse(program *p, int const *list, size_t n)
{
  size_t i = 0;
  for (; i < n; i++) {
    IF(p, list[i]);
    ANSWER(p, REFUSE(EPERM));
  }
}

/* A call that is judged by one of its arguments: `judge` is put after the argument has been loaded, and ends
   in an answer for each case. */
static void look_at(program *p, int nr, unsigned int arg, void (*judge)(program *))
{
  unsigned short jump = p->n;
  add(p, BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)nr, 0, 0);
  LOAD(p, ARG(arg));
  (*judge)(p);
  if (jump < PROGRAM_MAX)
    p->s[jump].jf = (unsigned char)(p->n - jump - 1);
}

/* raise and abort: signals to oneself */
static void judge_target(program *p)
{
  UNLESS(p, getpid());
  ANSWER(p, REFUSE(EPERM));
  ANSWER(p, SECCOMP_RET_ALLOW);
}

/* prlimit64 is also how libc asks for its own limits */
static void judge_self(program *p)
{
  UNLESS(p, 0);
  ANSWER(p, REFUSE(EPERM));
  ANSWER(p, SECCOMP_RET_ALLOW);
}

static void judge_family(program *p)
{
  static int const families[] = {AF_UNIX, AF_INET, AF_INET6};
  size_t i = 0;
  for (; i < sizeof families / sizeof *families; i++) {
    IF(p, families[i]);
    ANSWER(p, SECCOMP_RET_ALLOW);
  }
  ANSWER(p, REFUSE(EAFNOSUPPORT));
}

/* By the length of an internet address. A Unix socket's could be as long, and would still need a folder that the process
   may write to. */
static void judge_address(program *p)
{
  static size_t const lengths[] = {sizeof(struct sockaddr_in), sizeof(struct sockaddr_in6)};
  size_t i = 0;
  for (; i < sizeof lengths / sizeof *lengths; i++) {
    IF(p, lengths[i]);
    ANSWER(p, SECCOMP_RET_ALLOW);
  }
  ANSWER(p, REFUSE(EPERM));
}

/* no new code: nothing is loaded any more */
static void judge_protection(program *p)
{
  add(p, BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1);
  ANSWER(p, REFUSE(EPERM));
  ANSWER(p, SECCOMP_RET_ALLOW);
}

#define REFUSE_ALL(p, list) refuse((p), (list), sizeof(list) / sizeof *(list))

static void write_program(program *p, enum privileges_jail level)
{
  p->n = 0;
  begin(p);
  REFUSE_ALL(p, no_exec);
  if (level >= JAIL_NO_PROCESS) {
    REFUSE_ALL(p, no_process);
    look_at(p, SYS_tgkill, 0, &judge_target);
    look_at(p, SYS_prlimit64, 0, &judge_self);
  }
  if (level >= JAIL_NO_FILES) {
    IF(p, SYS_bind);
    ANSWER(p, REFUSE(EPERM));
  }
  if (level >= JAIL_NO_FILES_BUT_BIND) {
    REFUSE_ALL(p, no_files);
    look_at(p, SYS_bind, 2, &judge_address);
    look_at(p, SYS_socket, 0, &judge_family);
    look_at(p, SYS_mmap, 2, &judge_protection);
    look_at(p, SYS_mprotect, 2, &judge_protection);
    look_at(p, SYS_pkey_mprotect, 2, &judge_protection);
  }
  ANSWER(p, SECCOMP_RET_ALLOW);
}

static int install(enum privileges_jail level, int *jailed)
{
  program p;
  struct sock_fprog f = {.filter = p.s};
  if (prctl(PR_GET_SECCOMP, 0, 0, 0, 0) < 0) /* EINVAL: a kernel without it */
    return errno == EINVAL;
  write_program(&p, level);
  f.len = p.n;
  if (p.n == PROGRAM_MAX)
    return (errno = E2BIG, 0);
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &f) < 0)
    return errno == ENOSYS;
  *jailed = 1;
  return 1;
}

#else

static int install(enum privileges_jail level, int *jailed)
{
  (void)level;
  (void)jailed;
  return 1;
}

#endif

int privileges_jail(enum privileges_jail level, int *jailed)
{
  int in_force = 0;
  int ok = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) >= 0 && install(level, &in_force);
  if (jailed)
    *jailed = in_force;
  return ok;
}
