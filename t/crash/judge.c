/* judge - knows what was acknowledged, and lets the queue's own scan say what is there. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "queue/file.h"
#include "queue/store.h"
#include "t/crash/judge.h"

#define WHY 200u
#define SECTOR 512u

static int wrong(char *why, unsigned int k, char const *what)
{
  char s[ID_LEN + 1];
  id_fmt(s, &files[k].i);
  snprintf(why, WHY, "message %u (%s): %s", k, s, what);
  return 0;
}

static unsigned int which(id const *i)
{
  unsigned int k = 0;
  while (k < n_files && id_cmp(&files[k].i, i))
    k++;
  return k;
}

/* Was this recipient ever marked so, in any image up to the cut? */
static int was_marked(recorded const *r, unsigned int newest, size_t rcpt, unsigned char what)
{
  size_t at = rcpt / FILE_SECTOR_RCPTS * SECTOR + 64 + rcpt % FILE_SECTOR_RCPTS;
  for (unsigned int j = 0; j <= newest; j++)
    if (at < r->images[j].len && (unsigned char)r->images[j].s[at] == what)
      return 1;
  return what == STORE_NEW;
}

static int judge_marks(store_message const *m, unsigned int k, fate const *f, char *why)
{
  for (size_t n = 0; n < m->state.n; n++) {
    if (!was_marked(files + k, f->newest, n, m->state.rcpt[n]))
      return wrong(why, k, "a recipient has a mark that nobody made");
    if (f->known == f->newest && !f->strange && f->known && m->state.rcpt[n] == STORE_NEW &&
        was_marked(files + k, f->known, n, STORE_DONE))
      return wrong(why, k, "a mark that was synced is not there");
  }
  return 1;
}

/* All that a descriptor of the file shows is this message's: its marks, itself, its notes. */
static int judge_octets(store_message const *m, unsigned int k, char *why)
{
  static char s[1 << 20];
  recorded const *r = files + k;
  file_sector sector;
  file_note note;
  int fd = store_reader(m);
  ssize_t len = fd < 0 ? -1 : pread(fd, s, sizeof s, 0);
  if (fd >= 0)
    close(fd);
  if (len < (ssize_t)r->end)
    return wrong(why, k, "it is short");
  for (unsigned int n = 0; n < FILE_SECTORS; n++)
    if (file_sector_unpack(&sector, s + n * SECTOR, &m->i, n) == FILE_SECTOR_TORN)
      return wrong(why, k, "a sector of its state shows strange octets");
  for (unsigned int j = r->n - 1; j; j--)
    if (r->images[j].len >= r->end && (!r->spoilt || j < r->spoilt)) {
      if (memcmp(s + FILE_STATE, r->images[j].s + FILE_STATE, r->end - FILE_STATE))
        return wrong(why, k, "it is not what was taken");
      break;
    }
  for (size_t at = r->end; at < (size_t)len; at += note.bytes)
    if (!file_note_unpack(&note, s + at, (size_t)len - at, &m->i))
      return wrong(why, k, "behind its notes there are strange octets");
  return 1;
}

/* As the runner: a scan first, then, before it delivers, with the body. */
static enum store_opened take(store_message *m, id const *i, envelope *e)
{
  char why[STORE_WHY];
  enum store_opened opened = store_open(m, i, e, STORE_SCAN, why);
  if (opened != STORE_OPENED)
    return opened;
  store_close(m);
  envelope_clear(e);
  return store_open(m, i, e, STORE_FIRST, why);
}

/* Moved to bad/: it had marks that were lost with it, or it was there before. Never without a journal's absence, and never what
   was acknowledged and not delivered. */
static int may_be_bad(enum disk_model model, fate const *f)
{
  return f->spoilt || (model != DISK_JOURNAL && f->over && f->strange) || !f->acked;
}

static int judge_one(enum disk_model model, id const *i, fate const *f, unsigned int k, int *there, char *why)
{
  static envelope e;
  store_message m;
  int ok = 1;
  envelope_clear(&e);
  switch (take(&m, i, &e)) {
  case STORE_OPENED:
    *there = 1;
    ok = judge_octets(&m, k, why) && judge_marks(&m, k, f, why);
    if (ok && envelope_count(&e) != files[k].rcpts)
      ok = wrong(why, k, "its recipients are others");
    if (ok)
      store_remove(&m);
    else
      store_close(&m);
    return ok;
  case STORE_UNDONE: return 1;
  case STORE_DAMAGED: return may_be_bad(model, f) || wrong(why, k, "it went to queue/bad/");
  default: return wrong(why, k, "it can't be opened");
  }
}

/* No file stays in the queue; queue/bad/ is emptied, once it was judged. */
static int is_empty(char *why)
{
  char path[400];
  struct dirent *e;
  store_scan s = STORE_SCAN_ZERO;
  id i;
  int found = store_scan_next(&s, &i, 0);
  store_scan_end(&s);
  if (found)
    return wrong(why, which(&i), "its file stays for ever");
  DIR *dir = opendir("queue/bad");
  while (dir && (e = readdir(dir)))
    if (*e->d_name != '.') {
      snprintf(path, sizeof path, "queue/bad/%s", e->d_name);
      unlink(path);
    }
  return dir && !closedir(dir);
}

int judge_scan(enum disk_model model, fate const *fates, unsigned int const *built, unsigned int n, char *why)
{
  int there[FILES] = {0};
  store_scan s = STORE_SCAN_ZERO;
  id i;
  while (store_scan_next(&s, &i, 0) > 0) {
    unsigned int k = which(&i);
    if (k == n_files || !judge_one(model, &i, fates + k, k, there + k, why)) {
      store_scan_end(&s);
      return 0;
    }
  }
  store_scan_end(&s);
  for (unsigned int j = 0; j < n; j++) {
    fate const *f = fates + built[j];
    if (f->acked && !f->over && !f->spoilt && !there[built[j]])
      return wrong(why, built[j], "it was acknowledged and is lost");
  }
  return is_empty(why);
}
