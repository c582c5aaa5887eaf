/* disk - what a disk may hold after a power cut: every choice that a file system has, one after the other or by chance. */
#ifndef TERN_T_CRASH_DISK_H
#define TERN_T_CRASH_DISK_H

#include "t/crash/recording.h"

/* Names and data come in the order of a journal's promises: no block shows another file; names in any order; by POSIX alone a
   file's sync does not carry its name. */
enum disk_model { DISK_JOURNAL, DISK_BARE, DISK_POSIX };
enum disk_name { NAME_NONE, NAME_QUEUE, NAME_BAD, NAME_BOTH };

typedef struct fate_s fate; /* of a file at a cut */
struct fate_s {
  int acked, over; /* over: it was unlinked or moved before, synced or not */
  int moved;
  int spoilt;
  unsigned int known;  /* the image that is on the disk for certain */
  unsigned int newest; /* the last one; what lies between may be there or not */
  int strange;         /* it was built with blocks of other files */
  enum disk_name name;
  size_t len;
};

/* The choices: all of them in order until choice_next gives 0, or by chance. */
extern void choice_all(void);
extern void choice_chance(unsigned int seed);
extern unsigned int choice(unsigned int n);
extern int choice_next(void);

/* Puts file k, as it may be after the first n ops, into the current folder's queue/. */
extern void disk_build(enum disk_model model, unsigned int k, unsigned int n, fate *f);

#endif
