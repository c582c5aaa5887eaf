/* What the tests of the store share: a queue in a folder of its own, and files of it as bytes. */
#ifndef TERN_T_QUEUE_FILES_H
#define TERN_T_QUEUE_FILES_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <skalibs/stralloc.h>
#include "queue/file.h"
#include "queue/lock.h"
#include "queue/store.h"

#define MAYBE __attribute__((unused))

static char home[] = "/tmp/tern-store.XXXXXX";

MAYBE static int set_up(void **state)
{
  char folder[] = "queue/?";
  (void)state;
  umask(077);
  if (!mkdtemp(home) || chdir(home) < 0 || mkdir("queue", 0770) < 0 || mkdir("queue/bad", 0770) < 0)
    return -1;
  for (char const *p = STORE_FOLDERS; *p; p++) {
    folder[6] = *p;
    if (mkdir(folder, 0770) < 0)
      return -1;
  }
  return 0;
}

MAYBE static int tear_down(void **state)
{
  char command[64];
  (void)state;
  snprintf(command, sizeof command, "rm -rf %s", home);
  return chdir("/") < 0 || system(command);
}

MAYBE static void make_envelope(envelope *e, size_t rcpts)
{
  char address[48];
  assert_true(envelope_set_sender(e, "alice@example.org", 17));
  for (size_t k = 0; k < rcpts; k++)
    assert_non_null(envelope_add(e, address, (size_t)sprintf(address, "user%zu@example.org", k)));
}

/* A committed message with this body, given in `pieces` writes. */
MAYBE static id commit(size_t rcpts, char const *body, size_t len, unsigned int pieces)
{
  envelope e = ENVELOPE_ZERO;
  stralloc records = STRALLOC_ZERO;
  store_new m = STORE_NEW_ZERO;
  make_envelope(&e, rcpts);
  assert_true(envelope_pack_all(&e, &records));
  assert_true(store_begin(&m, 7, &records, rcpts, 1234));
  for (; pieces > 1; pieces--) {
    struct iovec v[2] = {{.iov_base = (char *)body, .iov_len = len / pieces / 2}, {.iov_base = 0}};
    v[1] = (struct iovec){.iov_base = (char *)body + v[0].iov_len, .iov_len = len / pieces - v[0].iov_len};
    assert_true(store_write(&m, v, 2));
    body += len / pieces;
    len -= len / pieces;
  }
  struct iovec last = {.iov_base = (char *)body, .iov_len = len};
  assert_true(store_commit(&m, &last, 1));
  envelope_free(&e);
  stralloc_free(&records);
  return m.i;
}

MAYBE static char *slurp(id const *i, size_t *len)
{
  char path[FILE_PATH];
  struct stat st;
  file_path(path, i);
  int fd = open(path, O_RDONLY);
  assert_true(fd >= 0 && !fstat(fd, &st));
  char *s = malloc((size_t)st.st_size + 1);
  assert_true(s && pread(fd, s, (size_t)st.st_size, 0) == st.st_size);
  close(fd);
  *len = (size_t)st.st_size;
  return s;
}

/* Writes only what is not zeros, so that holes stay holes. */
MAYBE static void spill(id const *i, char const *s, size_t len)
{
  char path[FILE_PATH];
  file_path(path, i);
  int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0660);
  assert_true(fd >= 0 && !ftruncate(fd, (off_t)len));
  for (size_t at = 0; at < len;) {
    size_t n = len - at < FILE_SECTOR ? len - at : FILE_SECTOR;
    for (size_t k = 0; k < n; k++)
      if (s[at + k]) {
        assert_true(pwrite(fd, s + at, n, (off_t)at) == (ssize_t)n);
        break;
      }
    at += n;
  }
  close(fd);
}

MAYBE static int exists(char const *path)
{
  return !access(path, F_OK);
}

MAYBE static char const *const opened_names[] = {"opened",  "gone",    "busy", "undone",
                                                 "damaged", "foreign", "error"};

MAYBE static void expect(enum store_opened got, enum store_opened want, char const *what, size_t at)
{
  if (got != want)
    fail_msg("%s %zu: got %s, want %s", what, at, opened_names[got], opened_names[want]);
}

MAYBE static void remove_bad(id const *i)
{
  char s[ID_LEN + 1], path[64];
  id_fmt(s, i);
  sprintf(path, "queue/bad/%s", s);
  if (!exists(path))
    fail_msg("%s: got nothing, want a file", path);
  unlink(path);
  strcat(path, ".why");
  if (!exists(path))
    fail_msg("%s: got nothing, want a reason", path);
  unlink(path);
}

#endif
