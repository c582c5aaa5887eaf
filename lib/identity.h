/* identity - the users that the suite runs as, and what a uid is to it.

   In an instance whose HOME is root's each program has a user of its own, named in conf-users; they are looked up in
   /etc/passwd by fgetpwent, never through NSS. In anyone else's instance every one of them is HOME's owner. */
#ifndef TERN_IDENTITY_H
#define TERN_IDENTITY_H

#include <sys/types.h>
#include <skalibs/stralloc.h>

enum identity {
  TERND, /* tern-smtpd */
  TERNQ, /* tern-queue, tern-showq */
  TERNS, /* tern-send (group: ternq) */
  TERNR, /* tern-remote */
  TERNA, /* tern-alias */
  TERNL, /* s6-log */
  TERNX, /* programs and files of the aliases file */
  TERNM, /* root's mailbox */
  IDENTITY_N
};

typedef struct identities_s identities;
struct identities_s {
  int root; /* true: HOME is root's */
  uid_t owner;
  gid_t owner_gid;
  uid_t uid[IDENTITY_N];
  gid_t gid[IDENTITY_N];
};

extern char const *const identity_names[IDENTITY_N]; /* from conf-users */

/* Reads HOME's owner (the current folder) and the users. 0: `problem` says what is wrong and what to type: a user is
   missing, HOME may be written by others, or we are root in somebody else's HOME. */
extern int identities_load(identities *ids, stralloc *problem);
/* True if uid is one of the suite's own in a root's instance (ternx and ternm are not: they count as users). */
extern int identity_is_suite(identities const *ids, uid_t uid);
/* True if uid is any of the eight, or 0: nobody whom mail may be delivered as (root's instance only). */
extern int identity_is_reserved(identities const *ids, uid_t uid);

enum knock {                /* who may knock, for one door */
             KNOCK_ANYBODY, /* every user but the suite's own, except those named */
             KNOCK_NAMED    /* only those named */
};
/* May uid knock at a door? `named` is a set of 1u << identity. root and the owner of the instance always may where
   everybody may. */
extern int identity_may_knock(identities const *ids, uid_t uid, enum knock who, unsigned int named);

#endif
