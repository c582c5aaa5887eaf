/* setup_mailbox - the settings as a whole, and what follows from one of them: root's mailbox belongs to ternm,
   as whom mail for root is delivered. An old one is given to him; root reads it still. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>
#include <skalibs/stralloc.h>
#include "lib/control.h"
#include "tools/setup.h"

/* By descriptor: the folder is the group mail's, who may rename what lies in it meanwhile. A file with two
   links is left alone: it may be anybody's. */
static void give(char const *path, uid_t uid)
{
  struct stat st;
  int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (fd == -1 && (errno == ENOENT || errno == ELOOP || errno == ENOTDIR))
    return;
  if (fd == -1 || fstat(fd, &st) == -1)
    setup_fail(EX_CANTCREAT, "look at root's mailbox", path);
  if (S_ISREG(st.st_mode) && st.st_nlink == 1 && st.st_uid != uid && fchown(fd, uid, (gid_t)-1) == -1)
    setup_fail(EX_CANTCREAT, "give root's mailbox to the user that writes it:", path);
  close(fd);
}

void setup_mailbox(setup const *s)
{
  enum control_name all[CONTROL_N];
  control c = CONTROL_ZERO;
  stralloc path = STRALLOC_ZERO;
  char const *mailbox;
  for (unsigned int i = 0; i < CONTROL_N; i++)
    all[i] = (enum control_name)i;
  if (!control_read(&c, all, CONTROL_N, s->ids.root, &path))
    setup_refuse(EX_CONFIG, path.s);
  mailbox = control_line(&c, CONTROL_MAILBOX);
  path.len = 0;
  if (s->ids.root && *mailbox == '/') {
    if (!stralloc_catb(&path, mailbox, strlen(mailbox) - 2) || !stralloc_cats(&path, "root") ||
        !stralloc_0(&path))
      setup_fail(EX_OSERR, "look at", "root's mailbox");
    give(path.s, s->ids.uid[TERNM]);
  }
  stralloc_free(&path);
  control_free(&c);
}
