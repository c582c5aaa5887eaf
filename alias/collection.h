/* collection - what newaliases read from one file, before it is written: names with their targets, the first
   of each name, and what was wrong in words. */
#ifndef TERN_ALIAS_COLLECTION_H
#define TERN_ALIAS_COLLECTION_H

#include <stddef.h>
#include <stdint.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include "alias/database.h"

#define COLLECTION_SAID_MAX 20u /* complaints in words; the rest is counted */

typedef struct collection_item_s collection_item;
struct collection_item_s {
  size_t name; /* offset in bytes; its value follows it */
  uint32_t len, vlen;
  unsigned int line;
};

typedef struct collection_s collection;
struct collection_s {
  enum database_map map;
  char const *path;
  stralloc bytes;
  genalloc items; /* collection_item, in the order of their names once sorted */
  stralloc value; /* of the item in the making */
  stralloc said;  /* complaints, a line each */
  unsigned int errors, warnings;
  size_t longest, total; /* octets of right sides; of names and right sides */
};
#define COLLECTION_ZERO(m, p)                                                                                \
  {                                                                                                          \
    .map = (m), .path = (p), .bytes = STRALLOC_ZERO                                                          \
  }

enum collection_weight { COLLECTION_ERROR, COLLECTION_WARNING };

#define collection_count(c) genalloc_len(collection_item, &(c)->items)
#define collection_items(c) genalloc_s(collection_item, &(c)->items)
#define collection_name(c, i) ((c)->bytes.s + collection_items(c)[i].name)

/* "path:line: what". */
extern void collection_say(collection *c, enum collection_weight weight, unsigned int line, char const *what);
/* Adds a name, kept in lower case, with c->value; rhs: octets of its right side as written. 0: no memory. */
extern int collection_add(collection *c, char const *name, size_t len, unsigned int line, size_t rhs);
/* Sorts by name and keeps the first of each, with a warning for the others. */
extern void collection_sort(collection *c);
/* After the sort: where the name is, or collection_count. */
extern size_t collection_find(collection const *c, char const *name, size_t len);
extern int collection_write(collection const *c, cdbmaker *m); /* 0: errno */
extern void collection_free(collection *c);

#endif
