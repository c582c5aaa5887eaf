/* target - what a .forward, an included file or an alias names, one by one: a program, a file, a Maildir,
   one's own mailbox, an address. Programs and files keep their order; an address named twice is there once.
 */
#ifndef TERN_LOCAL_TARGET_H
#define TERN_LOCAL_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <skalibs/avltree.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>

#define TARGETS_MAX 100000u /* of one recipient */

enum target_kind {
  TARGET_PROGRAM, /* for /bin/sh -c */
  TARGET_FILE,    /* an absolute path, an mbox */
  TARGET_MAILDIR, /* an absolute path that ends with / */
  TARGET_SELF,    /* where mail goes that nothing is said about */
  TARGET_ADDRESS  /* local@domain */
};

typedef struct target_s target;
struct target_s {
  enum target_kind kind;
  uint32_t text; /* an offset */
  uint32_t line; /* of the outermost file that leads to it; 0: there is none */
};

typedef struct targets_s targets;
struct targets_s {
  stralloc text;
  genalloc list; /* target */
  avltree addresses;
  size_t n_addresses;
  uint32_t line; /* that is being read: what is added has it */
  int has_self;
};

extern void targets_init(targets *t); /* the tree points into it: it must not move */
extern void targets_free(targets *t);
#define targets_count(t) genalloc_len(target, &(t)->list)
#define targets_get(t) genalloc_s(target, &(t)->list)
#define targets_text(t, one) ((t)->text.s + (one)->text)

/* 1: it is in the list now, or was. 0: no memory (ENOMEM), too many (E2BIG). */
extern int targets_add(targets *t, enum target_kind kind, char const *s, size_t len);
/* Forgets all but the first n. Nothing can be added any more. */
extern void targets_cut(targets *t, size_t n);

#endif
