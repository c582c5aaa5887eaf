/* store_look - shows a message to tern-showq: nothing is locked, changed, moved or unlinked, and what is half
   written is no error of anybody. Five system calls for a small message: open, the question who holds the
   lock, a read of head to notes, one of the state, close. */
#include <errno.h>
#include <fcntl.h>
#include <skalibs/alloc.h>
#include <skalibs/djbunix.h>
#include "queue/contents.h"
#include "queue/file.h"
#include "queue/lock.h"
#include "queue/store.h"

#define LOOKS 3u /* at a state that is being written just now */

static enum store_opened told(store_message *m, int active)
{
  int has_state = active ? 0 : contents_has_state(m);
  store_close(m);
  return has_state < 0 ? STORE_ERROR : has_state ? STORE_DAMAGED : STORE_UNDONE;
}

static enum store_opened look(store_message *m, id const *i, envelope *e, int *active, int *torn)
{
  char why[STORE_WHY];
  char path[FILE_PATH];
  contents_found found = {0};
  static contents_ahead ahead; /* one message is looked at at a time */
  file_path(path, i);
  *m = (store_message){
      .i = *i, .ahead = &ahead, .fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)};
  if (m->fd < 0)
    return errno == ENOENT ? STORE_GONE : errno == ELOOP ? STORE_DAMAGED : STORE_ERROR;
  if (!lock_ask(m->fd, active)) {
    store_close(m);
    return STORE_ERROR;
  }
  enum contents c = contents_read_ahead(&ahead, m->fd)
                        ? contents_read(m, i, CONTENTS_SIZE_UNKNOWN, e, &found, why)
                        : CONTENTS_ERROR;
  *torn = !!found.torn;
  if (c == CONTENTS_WRONG)
    return told(m, *active);
  int no_file = c == CONTENTS_ERROR && (errno == ESPIPE || errno == EISDIR || errno == EINVAL);
  if (c != CONTENTS_RIGHT)
    store_close(m);
  return c == CONTENTS_RIGHT     ? STORE_OPENED
         : c == CONTENTS_FOREIGN ? STORE_FOREIGN
         : no_file               ? STORE_DAMAGED
                                 : STORE_ERROR;
}

enum store_opened store_look(store_message *m, id const *i, envelope *e, int *active)
{
  enum store_opened opened = STORE_ERROR;
  int torn = 1;
  *active = 0;
  for (unsigned int k = 0; torn && k < LOOKS; k++) {
    if (k) {
      store_close(m);
      if (e)
        envelope_clear(e);
    }
    torn = 0;
    opened = look(m, i, e, active, &torn);
    if (opened != STORE_OPENED || !*active)
      break;
  }
  return opened;
}
