/* self - who this process has become, for good, and where his mail goes when he says nothing. */
#ifndef TERN_LOCAL_SELF_H
#define TERN_LOCAL_SELF_H

#include <stddef.h>
#include "lib/control.h"
#include "lib/identity.h"
#include "lib/job.h"
#include "lib/result.h"
#include "lib/user.h"

#define SELF_PATH_MAX 512u /* octets, with the NUL */

/* Descriptors of a user's process; 0, 1 are /dev/null, 2 is the log. */
#define SELF_CHANNEL 3 /* to the runner */
#define SELF_GONE 4    /* a pipe: its end means that the root door is gone, or wants this process replaced */

enum self_place {
  SELF_NOWHERE, /* the setting `mailbox` is empty */
  SELF_SPOOL,   /* a file in a folder of mailboxes: for a process of kind mailbox alone */
  SELF_MAILDIR  /* a folder in the home */
};

typedef struct self_s self;
struct self_s {
  enum process_kind kind;
  char const *asked; /* the name that the runner gave to the root door: no job of another is touched */
  int is_root;       /* the name is root: the mailbox is ternm's, there is no home and no .forward */
  user u;
  control const *c;
  int home;           /* O_PATH of the home while jobs are worked on; -1: there is none */
  int home_error;     /* then errno says why */
  int no_forward;     /* a .forward was looked for since self_enter, and there is none */
  int no_qmail;       /* the same for a .qmail */
  int is_edited;      /* the home is sticky: who comes from qmail says so that he is editing his .qmail */
  char const *unsafe; /* why a .forward in it is not obeyed; 0: it is */
};

/* Where mail goes that nothing else is said about. path: the spool's file, or the Maildir relative to the
   home. A process of kind mailbox always has a spool's file. */
extern enum self_place self_place_of(self const *me, char path[SELF_PATH_MAX]);

enum self_home { SELF_HOME, SELF_HOMELESS, SELF_HOME_ERROR };
/* Opens the home and looks who may write in it. SELF_HOMELESS: it does not exist; SELF_HOME_ERROR: as
   EACCES or EIO: nobody knows what stands in it, so mail waits. home_error tells of both. */
extern enum self_home self_enter(self *me);
extern void self_leave(self *me);

/* Is the runner gone? Asked before what can't be taken back: a job whose answer nobody waits for is let go.
 */
extern int self_is_alone(void);
/* True once the root door is gone or has new settings: end after the job in hand. */
extern int self_is_leaving(void);

#endif
