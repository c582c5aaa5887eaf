/* database - the format of aliases.cdb. The file was written by root or the owner, still nothing in it is
   believed beyond the bytes that are there. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <skalibs/bytestr.h>
#include <skalibs/djbunix.h>
#include "alias/database.h"

#define VERSION "tern aliases 1"
#define ENTRY_LINE (1 | RECORD_MUST)

void database_close(database *d)
{
  if (d->open)
    cdb_free(&d->c);
  d->open = 0;
}

/* skalibs checks keys against the file's size, the length of a value is for the caller to check. */
static enum database_found find(database const *d, char const *key, size_t len, cdb_data *data)
{
  int r = d->open ? cdb_find(&d->c, data, key, (uint32_t)len) : -1;
  if (r == 1 && (data->s < d->c.map || data->len > d->c.size - (size_t)(data->s - d->c.map)))
    r = -1;
  if (r == -1)
    errno = EPROTO;
  return r == 1 ? DATABASE_FOUND : r ? DATABASE_ERROR : DATABASE_ABSENT;
}

static int is_ours(database const *d)
{
  cdb_data data;
  if (find(d, "?", 1, &data) == DATABASE_FOUND && data.len == sizeof VERSION - 1 &&
      !memcmp(data.s, VERSION, data.len))
    return 1;
  errno = EPROTO;
  return 0;
}

static int reopen(database *d)
{
  struct stat st;
  cdb_data data;
  int e;
  int fd = open(DATABASE_FILE, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd == -1)
    return 0;
  if (fstat(fd, &st) == -1 || !cdb_init_fromfd(&d->c, fd)) {
    e = errno;
    fd_close(fd);
    return (errno = e, 0);
  }
  fd_close(fd);
  d->open = 1;
  if (!is_ours(d)) {
    database_close(d);
    return (errno = EPROTO, 0);
  }
  d->dev = st.st_dev;
  d->ino = st.st_ino;
  d->has_virtual = find(d, "fv", 2, &data) == DATABASE_FOUND;
  return 1;
}

/* While a file is mapped its inode is not free, so the same number is the same file. */
int database_refresh(database *d)
{
  struct stat st;
  if (fstatat(AT_FDCWD, DATABASE_FILE, &st, 0) == -1) {
    int e = errno;
    database_close(d);
    return (errno = e, 0);
  }
  if (d->open && st.st_ino == d->ino && st.st_dev == d->dev)
    return 1;
  database_close(d);
  return reopen(d);
}

static size_t make_key(char *key, enum database_map map, char const *name, size_t len)
{
  key[0] = (char)map;
  memcpy(key + 1, name, len);
  case_lowerb(key + 1, len);
  return len + 1;
}

enum database_found database_find(database const *d, enum database_map map, char const *name, size_t len,
                                  database_entry *e)
{
  char key[DATABASE_NAME_MAX + 1];
  cdb_data data;
  record one;
  enum database_found found;
  if (len > DATABASE_NAME_MAX)
    return DATABASE_ABSENT;
  found = find(d, key, make_key(key, map, name, len), &data);
  if (found != DATABASE_FOUND)
    return found;
  e->targets.s = data.s;
  e->targets.len = data.len;
  if (record_next(&e->targets, &one) == RECORD_ONE && one.type == ENTRY_LINE && record_number(&one, &e->line))
    return DATABASE_FOUND;
  errno = EPROTO;
  return DATABASE_ERROR;
}

int database_target(database_entry *e, target *t)
{
  record one;
  enum record_found found = record_next(&e->targets, &one);
  if (found != RECORD_ONE)
    return found == RECORD_END ? 0 : -1;
  if (one.type != TARGET_ADDRESS && one.type != TARGET_USER && one.type != TARGET_COMMAND)
    return -1;
  t->kind = (enum target_kind)one.type;
  t->s = one.s;
  t->len = one.len;
  return 1;
}

void database_source(database const *d, enum database_map map, char *path, size_t max)
{
  char const key[2] = {'f', (char)map};
  cdb_data data;
  size_t len = 0;
  if (find(d, key, 2, &data) == DATABASE_FOUND) {
    len = data.len < max ? data.len : max - 1;
    memcpy(path, data.s, len);
  }
  path[len] = 0;
}

int database_put_header(cdbmaker *m, enum database_map map, char const *path)
{
  char const key[2] = {'f', (char)map};
  if (map == DATABASE_ALIAS && !cdbmake_add(m, "?", 1, VERSION, sizeof VERSION - 1))
    return 0;
  return !*path || cdbmake_add(m, key, 2, path, (unsigned int)strlen(path));
}

int database_put(cdbmaker *m, enum database_map map, char const *name, size_t len, char const *value,
                 size_t vlen)
{
  char key[DATABASE_NAME_MAX + 1];
  if (len > DATABASE_NAME_MAX)
    return (errno = ENAMETOOLONG, 0);
  return cdbmake_add(m, key, (unsigned int)make_key(key, map, name, len), value, (unsigned int)vlen);
}

int database_begin_value(stralloc *value, uint64_t line)
{
  value->len = 0;
  return record_put_number(value, ENTRY_LINE, line);
}

int database_add_target(stralloc *value, target const *t)
{
  return record_put(value, (unsigned char)t->kind, t->s, t->len);
}
