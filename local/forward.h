/* forward - ~/.forward: finding it, judging whether it is to be obeyed, and its grammar (man/forward.5). */
#ifndef TERN_LOCAL_FORWARD_H
#define TERN_LOCAL_FORWARD_H

#include <stddef.h>
#include <sys/types.h>
#include <skalibs/stralloc.h>
#include "lib/result.h"
#include "local/self.h"
#include "local/target.h"

#define FORWARD_MAX 65536u           /* octets of a .forward */
#define FORWARD_INCLUDE_MAX 8388608u /* octets of an included file */
#define FORWARD_INCLUDES 64u         /* included files, in all */
#define FORWARD_DEPTH 8u             /* of files that include files */

enum forward_found {
  FORWARD_ABSENT,  /* there is none */
  FORWARD_NONE,    /* it holds nothing: the mailbox */
  FORWARD_OBEY,    /* t holds what it says */
  FORWARD_IGNORED, /* *why it is not obeyed: the mailbox */
  FORWARD_ERROR    /* *r: it can't be read or understood: the mail waits, so that nothing is lost by a slip */
};

/* Looks for .forward+ext, if there is an extension, then for .forward, in me->home. path: what was found. */
extern enum forward_found forward_find(self *me, char const *ext, targets *t, char path[SELF_PATH_MAX],
                                       char const **why, result *r);

/* One thing as a file or an alias names it, without the quotes around the whole: "|program", "/file",
   "/dir/", "~/file",
   "\user", "user", "a@b", "Name <a@b>", ":include:/path". 0: *r. */
typedef struct forward_reader_s forward_reader;
struct forward_reader_s {
  self const *me;
  targets *t;
  unsigned int includes; /* files read so far */
  unsigned int depth;
  struct {
    dev_t dev;
    ino_t ino;
  } chain[FORWARD_DEPTH]; /* the files that are being read, each included by the one before */
  int is_placed;          /* a failure names its file and line already */
  int addresses_only;     /* others may write the file: what it names must not run or be written as us */
};
extern int forward_item(forward_reader *f, char const *s, size_t len, result *r);
/* The whole text of a file. 0: *r, which names the file and the line. */
extern int forward_parse(forward_reader *f, char const *file, char const *s, size_t len, result *r);

#endif
