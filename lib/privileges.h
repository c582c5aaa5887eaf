/* privileges - giving them away, once, for good, and making sure. The privileges*.c are the only files that
   call setuid, setgroups and chroot, Landlock and seccomp. */
#ifndef TERN_PRIVILEGES_H
#define TERN_PRIVILEGES_H

#include <sys/types.h>

enum privileges_root { PRIVILEGES_KEEP_ROOT_FOLDER, PRIVILEGES_CHROOT };

/* Becomes uid:gid with the given supplementary groups only (n may be 0), after a chroot to the current folder
   if that is asked for; then checks all three ids and that none can be regained. When the caller is not root
   it only checks that it already is uid. 0: errno; the caller must exit. */
extern int privileges_drop(uid_t uid, gid_t gid, gid_t const *groups, size_t n, enum privileges_root root);

/* For the root door, which must stay root: keeps CAP_SETUID, CAP_SETGID and CAP_KILL, nothing else. 1 also when the caller
   is not root, who has none to give. 0: errno; the caller must exit. */
extern int privileges_only_become(void);

/* What a process that reads hostile input may still do. Each level is an addition to the one before. */
enum privileges_jail {
  JAIL_NO_EXEC,           /* no exec, no ptrace, no mount, no new privileges */
  JAIL_NO_PROCESS,        /* also: no fork, no kill of others */
  JAIL_NO_FILES_BUT_BIND, /* also: no open, no rename, link, unlink, chmod; no listen, no new code; sockets of
                             AF_INET, AF_INET6 and AF_UNIX, connect, and bind to an internet address (a
                             source address), stay possible */
  JAIL_NO_FILES           /* also: no bind */
};
/* What libc loads or opens late (NSS, getifaddrs, resolv.conf, a time zone) has to be had before
   JAIL_NO_FILES_BUT_BIND. seccomp where the kernel has it (a refused call gives EPERM), no_new_privs always. 1: done
   as far as this kernel can; 0: the kernel has it and it failed. `jailed` (may be 0) tells whether the filter
   is in force. */
extern int privileges_jail(enum privileges_jail level, int *jailed);
/* Landlock where the kernel has it: below the folders named (relative to the current one), reading only;
   nothing else of the file system. A list of 0 names: no file at all. Same return. */
extern int privileges_readonly(char const *const *folders, size_t n, int *jailed);

#endif
