/* store_scan - walks through the folders of the queue, one name at a time: its memory does not grow with the
 * queue. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <skalibs/direntry.h>
#include "queue/file.h"
#include "queue/store.h"

/* Names that start with a dot are nobody's business; ids are written in one way only, in the folder of their
   last letter. */
static int is_message(char const *name, char folder, id *i)
{
  char s[ID_LEN + 1];
  if (!id_scan(i, name, strlen(name)))
    return 0;
  id_fmt(s, i);
  return !strcmp(s, name) && s[ID_LEN - 1] == folder;
}

static void tell(void (*stray)(char const *), char const *folder, char const *name)
{
  char path[300];
  if (!stray || *name == '.')
    return;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  (*stray)(path);
}

int store_scan_next(store_scan *s, id *i, void (*stray)(char const *))
{
  char folder[] = "queue/?";
  struct dirent *d;
  for (; s->folder < sizeof STORE_FOLDERS - 1; s->folder++) {
    folder[6] = STORE_FOLDERS[s->folder];
    if (!s->dir && !(s->dir = opendir(folder)))
      return -1;
    while (errno = 0, (d = readdir(s->dir))) {
      if (is_message(d->d_name, folder[6], i))
        return 1;
      tell(stray, folder, d->d_name);
    }
    if (errno)
      return -1;
    dir_close(s->dir);
    s->dir = 0;
  }
  return 0;
}

void store_scan_end(store_scan *s)
{
  if (s->dir)
    dir_close(s->dir);
  *s = (store_scan)STORE_SCAN_ZERO;
}
