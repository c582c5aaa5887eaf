/* selection - which messages of the queue are meant: by id, sender, recipient and domain, as people say it to mailq and
   tern-queuectl, as it goes through door `showq` (lib/listing.h), and as a message is judged by it.

   Words of one kind are alternatives; all kinds that are named must be true of a message, so each more of them means
   fewer messages. Nothing named means every message. */
#ifndef TERN_SELECTION_H
#define TERN_SELECTION_H

#include <stddef.h>
#include <skalibs/genalloc.h>
#include <skalibs/stralloc.h>
#include "lib/id.h"

enum selection_kind {
  SELECTION_SENDER, /* an address, empty for the null sender */
  SELECTION_RCPT,   /* an address of one of those who still wait */
  SELECTION_DOMAIN, /* of one of those who still wait; ".domain" means all below it */
  SELECTION_KINDS
};

#define SELECTION_WORDS_MAX 100u /* of one kind: each message is compared with each */

typedef struct selection_s selection;
struct selection_s {
  genalloc ids;                    /* id */
  stralloc words[SELECTION_KINDS]; /* each with its NUL */
  unsigned int n[SELECTION_KINDS];
  int mine; /* only those that the asker may change */
};
#define SELECTION_ZERO                                                                                       \
  {                                                                                                          \
    .mine = 0                                                                                                \
  }

/* 0: no memory, a control character or nothing where something must be (EINVAL), more than an address holds
   (ENAMETOOLONG), or too many words (E2BIG). */
extern int selection_add(selection *s, enum selection_kind kind, char const *word, size_t len);
extern int selection_add_id(selection *s, id const *i);
extern void selection_sort_ids(selection *s); /* by age, each once */
#define selection_ids(s) genalloc_s(id, &(s)->ids)
#define selection_id_count(s) genalloc_len(id, &(s)->ids)
/* Is something said about senders, recipients or domains? */
extern int selection_has_words(selection const *s);
extern void selection_free(selection *s);

/* As records of lib/listing.h. 0: no memory. More than DOOR_MAX of it is the caller's to notice. */
extern int selection_pack(selection const *s, stralloc *out);
/* Adds what the records say. 0: they make no sense, or no memory. */
extern int selection_unpack(selection *s, char const *records, size_t len);

/* ---- judging: a message is meant if selection_from is true of its sender, and if selection_to has, for its waiting
   recipients together, given all that selection_needs asks for */
extern int selection_from(selection const *s, char const *sender);
extern unsigned int selection_needs(selection const *s); /* bits 1u << kind */
extern unsigned int selection_to(selection const *s, char const *rcpt);

#endif
