/* store_open - takes a message in hand: open, lock, judge, and put right what a crash left.

   found                                              a notice told of it     a scan found it
   nothing of that name, or unlinked meanwhile        STORE_GONE              STORE_GONE
   somebody holds the lock                            STORE_BUSY              STORE_BUSY
   head or body wrong, nothing in the state           damage                  never acknowledged: unlinked
   head or body wrong, something in the state         damage                  damage
   right, a sector of the state torn                  its recipients are new  its recipients are new
   right                                              as it says              as it says
   Damage goes to queue/bad/. A torn sector is overwritten with zeros before anybody gets a descriptor: on a
   file system without a journal it may show what another file held. For the same reason nothing stays behind
   the last whole note. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <skalibs/alloc.h>
#include <skalibs/djbunix.h>
#include "queue/contents.h"
#include "queue/file.h"
#include "queue/lock.h"
#include "queue/notes.h"
#include "queue/store.h"

#define FLAGS (O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)

void store_close(store_message *m)
{
  int e = errno;
  if (m->fd >= 0)
    fd_close(m->fd);
  m->fd = -1;
  m->ahead = 0;
  if (m->state.rcpt)
    alloc_free(m->state.rcpt);
  m->state.rcpt = 0;
  errno = e;
}

static enum store_opened give_up(store_message *m, enum store_opened opened)
{
  store_close(m);
  return opened;
}

static enum store_opened damaged(store_message *m, char const *why)
{
  return store_quarantine(m, why) ? STORE_DAMAGED : STORE_ERROR;
}

/* Opens and locks. STORE_OPENED: go on. */
static enum store_opened take(store_message *m, struct stat *st, char *why)
{
  char path[FILE_PATH];
  file_path(path, &m->i);
  m->fd = open(path, O_RDWR | FLAGS);
  if (m->fd < 0) {
    if (errno != ELOOP && errno != EISDIR && errno != ENXIO)
      return errno == ENOENT ? STORE_GONE : STORE_ERROR;
    snprintf(why, STORE_WHY, "it is no file");
    return damaged(m, why);
  }
  switch (lock_take(m->fd)) {
  case LOCK_BUSY: return give_up(m, STORE_BUSY);
  case LOCK_ERROR: return give_up(m, STORE_ERROR);
  case LOCK_TAKEN: break;
  }
  if (fstat(m->fd, st) < 0)
    return give_up(m, STORE_ERROR);
  if (!st->st_nlink)
    return give_up(m, STORE_GONE);
  if (!S_ISREG(st->st_mode) || st->st_mode & S_IWOTH) {
    snprintf(why, STORE_WHY, S_ISREG(st->st_mode) ? "everybody may write to it" : "it is no file");
    return damaged(m, why);
  }
  return STORE_OPENED;
}

/* Head or body are wrong: is it damage, or the rest of a message that was never acknowledged? */
static enum store_opened refuse(store_message *m, enum store_check check, char const *why)
{
  int has_state = check == STORE_SCAN ? contents_has_state(m) : 1;
  if (has_state < 0)
    return give_up(m, STORE_ERROR);
  if (has_state)
    return damaged(m, why);
  return store_remove(m) ? STORE_UNDONE : STORE_ERROR;
}

/* Zeros for each sector that is neither empty nor right, also those beyond the recipients. 0: errno. */
static int repair_state(store_message *m)
{
  static char const zeros[FILE_SECTOR];
  char s[FILE_STATE];
  file_sector sector;
  if (!contents_pread(m, s, sizeof s, 0))
    return 0;
  for (unsigned int k = 0; k < FILE_SECTORS; k++)
    if (file_sector_unpack(&sector, s + k * FILE_SECTOR, &m->i, k) == FILE_SECTOR_TORN &&
        pwrite(m->fd, zeros, FILE_SECTOR, (off_t)(k * FILE_SECTOR)) != (ssize_t)FILE_SECTOR)
      return 0;
  return 1;
}

static int repair_notes(store_message *m)
{
  uint64_t end;
  if (m->end == m->body + m->length)
    return 1;
  if (!notes_end(m, &end))
    return 0;
  if (end < m->end && ftruncate(m->fd, (off_t)end) < 0)
    return 0;
  m->end = end;
  return 1;
}

static enum contents judge(store_message *m, id const *i, uint64_t size, envelope *e, enum store_check check,
                           contents_found *found, char *why)
{
  enum contents c = contents_read(m, i, size, e, found, why);
  /* with a torn sector, too, and before it is mended: afterwards nothing would tell damage from a crash */
  if (c == CONTENTS_RIGHT &&
      (check == STORE_FIRST || (check == STORE_SCAN && (!found->has_state || found->torn)))) {
    c = contents_check_body(m, why);
    m->checked = c == CONTENTS_RIGHT;
  }
  return c;
}

enum store_opened store_open(store_message *m, id const *i, envelope *e, enum store_check check, char *why)
{
  struct stat st;
  contents_found found;
  *m = (store_message){.i = *i, .fd = -1};
  *why = 0;
  enum store_opened taken = take(m, &st, why);
  if (taken != STORE_OPENED)
    return taken;
  switch (judge(m, i, (uint64_t)st.st_size, e, check, &found, why)) {
  case CONTENTS_ERROR: return give_up(m, STORE_ERROR);
  case CONTENTS_FOREIGN: return give_up(m, STORE_FOREIGN);
  case CONTENTS_WRONG: return refuse(m, check, why);
  case CONTENTS_RIGHT: break;
  }
  if ((found.torn && !repair_state(m)) || !repair_notes(m))
    return give_up(m, STORE_ERROR);
  return STORE_OPENED;
}

int store_reader(store_message const *m)
{
  char path[FILE_PATH];
  file_path(path, &m->i);
  return open(path, O_RDONLY | FLAGS);
}

int store_remove(store_message *m)
{
  char path[FILE_PATH];
  file_path(path, &m->i);
  int ok = unlink(path) >= 0 || errno == ENOENT;
  store_close(m);
  return ok;
}

/* Beside the file, for whoever looks into queue/bad/ later than the log goes back. */
static void leave_reason(id const *i, char const *why)
{
  char path[sizeof "queue/bad/.why" + ID_LEN] = "queue/bad/";
  id_fmt(path + 10, i);
  memcpy(path + 10 + ID_LEN, ".why", 5);
  int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0660);
  if (fd < 0)
    return;
  if (dprintf(fd, "%s\n", why) < 0)
    unlink(path);
  fd_close(fd);
}

/* The reason first: whoever is killed in between does all of it again. Where a power cut left both names of a file
   that was on its way, rename does nothing (POSIX), and the old name would stay for ever. */
int store_quarantine(store_message *m, char const *why)
{
  char path[FILE_PATH], bad[sizeof "queue/bad/" + ID_LEN] = "queue/bad/";
  file_path(path, &m->i);
  id_fmt(bad + 10, &m->i);
  int ok = mkdir("queue/bad", 0770) >= 0 || errno == EEXIST;
  if (ok) {
    leave_reason(&m->i, why);
    ok = rename(path, bad) >= 0 && (unlink(path) >= 0 || errno == ENOENT);
  }
  store_close(m);
  return ok;
}
