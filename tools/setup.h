/* setup - what tern-setup does, a file each: users, folders, settings, services. Every step may be done
   again: what is right is left alone, what is there is never lost. Functions exit with sysexits(3) codes and
   one sentence. */
#ifndef TERN_SETUP_H
#define TERN_SETUP_H

#include <sys/types.h>
#include "lib/identity.h"

typedef struct setup_s setup;
struct setup_s {
  char const *home; /* absolute; the current folder once setup_home is done */
  char bin[4096];   /* the folder that this program lies in: run scripts name it */
  identities ids;
};

extern void setup_fail(int code, char const *what, char const *object)
    __attribute__((noreturn)); /* with errno */
extern void setup_refuse(int code, char const *sentence) __attribute__((noreturn));

/* Runs a program to its end. 1: it exited 0. */
extern int setup_command(char const *const *argv);

/* Makes HOME where it is missing, refuses another's (77) and one that others may write, changes into it. */
extern void setup_home(char const *home);
/* As root: makes the users and groups of conf-users that are missing. */
extern void setup_users(void);
/* The folders with their owners and modes. Waits until no other tern-setup is at work here. */
extern void setup_folders(setup const *s);
/* A folder with exactly this owner and mode (made if missing, mended if wrong). */
extern void setup_folder(char const *path, uid_t uid, gid_t gid, mode_t mode);
/* Writes a file beside its place, syncs and renames it: readers see the old or the new one whole. Mode 0644
   or 0755 whatever the umask; nothing is written when the content is the same. */
extern void setup_file(char const *path, char const *s, size_t len, mode_t mode);

/* Judges SETTING=VALUE without touching anything (64 if it makes no sense). */
extern void setup_judge(char const *argument);
extern void setup_set(char const *argument);
/* Gives every setting that is there its owner and mode, and names files that are no setting. */
extern void setup_control(void);
/* Writes control/me where it is missing: this host's name, fully qualified where the system knows it. */
extern void setup_me(void);

extern void setup_services(setup const *s);
/* Reads all settings as the programs will (78 if one makes no sense); gives root's mailbox to ternm. */
extern void setup_mailbox(setup const *s);

#endif
