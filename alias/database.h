/* database - aliases.cdb: the compiled aliases and virtual addresses. Its format is written and read here
   only.

   Keys are a letter (enum database_map) and a name in lower case; "?" holds the version; "f" and the letter
   hold the path of the file that was compiled. A value is records: the number of the line, then the targets
   in order (alias/target). */
#ifndef TERN_ALIAS_DATABASE_H
#define TERN_ALIAS_DATABASE_H

#include <stddef.h>
#include <sys/types.h>
#include <skalibs/cdb.h>
#include <skalibs/cdbmake.h>
#include <skalibs/stralloc.h>
#include "lib/record.h"
#include "alias/target.h"

#define DATABASE_FILE "aliases.cdb" /* in HOME */
#define DATABASE_NAME_MAX 400u      /* octets of a name: no longer one is in it */

enum database_map { DATABASE_ALIAS = 'a', DATABASE_VIRTUAL = 'v' };

typedef struct database_s database;
struct database_s {
  cdb c;
  dev_t dev;
  ino_t ino;
  int open;
  int has_virtual; /* true: a file of virtual addresses was compiled */
};
#define DATABASE_ZERO                                                                                        \
  {                                                                                                          \
    .c = CDB_ZERO, .open = 0                                                                                 \
  }

/* What a name leads to; valid until the next database_refresh. */
typedef struct database_entry_s database_entry;
struct database_entry_s {
  record_reader targets;
  uint64_t line;
};

enum database_found { DATABASE_FOUND, DATABASE_ABSENT, DATABASE_ERROR };

/* Makes sure that the file which has the name now is the one that is open. 0: errno (ENOENT: newaliases never
   ran; EPROTO: this is no file of newaliases); then nothing can be found. */
extern int database_refresh(database *d);
extern void database_close(database *d);
/* The name's case does not count. DATABASE_ERROR: the file is damaged, or is not open. */
extern enum database_found database_find(database const *d, enum database_map map, char const *name,
                                         size_t len, database_entry *e);
/* 1: the next target; 0: there are no more (e is used up); -1: the file is damaged. */
extern int database_target(database_entry *e, target *t);
/* The path of the file that was compiled, as much as fits, or "". */
extern void database_source(database const *d, enum database_map map, char *path, size_t max);

/* Writing: 0 is errno. The value of an entry is begun with its line, then its targets are added. */
extern int database_put_header(cdbmaker *m, enum database_map map, char const *path);
extern int database_put(cdbmaker *m, enum database_map map, char const *name, size_t len, char const *value,
                        size_t vlen);
extern int database_begin_value(stralloc *value, uint64_t line);
extern int database_add_target(stralloc *value, target const *t);

#endif
