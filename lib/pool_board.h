/* pool_board - what the master of a pool and its workers share: a page of anonymous memory with one byte a
   slot, and a pipe to wake the master. For lib/pool alone.

   A worker writes its own byte, and counts the others by reading them: there is no counter that a killed
   worker could leave wrong. The master believes its own table of processes; the bytes only tell it how many
   more to make. */
#ifndef TERN_POOL_BOARD_H
#define TERN_POOL_BOARD_H

#include <stdatomic.h>
#include <stddef.h>
#include "lib/pool.h"

#define POOL_SLOTS 3072u /* the most workers: with the head it stays within a page */

enum pool_state {
  POOL_NOBODY = 0,
  POOL_FRESH, /* forked, not yet ready for a client: counts as idle */
  POOL_IDLE,
  POOL_BUSY
};

typedef struct pool_board_s pool_board;
struct pool_board_s {
  atomic_uint generation; /* of the settings */
  atomic_uint low;        /* the fewest idle workers since the master last looked */
  atomic_uint slots;      /* bytes in use: one more than the highest slot ever taken */
  atomic_uchar state[POOL_SLOTS];
};

extern unsigned int pool_board_idle(pool_board *b); /* FRESH or IDLE */

/* The life of a worker; wake is the writing end of the master's pipe, generation that of the settings it was
 * forked with. */
extern void pool_worker(pool_spec const *spec, pool_board *b, unsigned int slot, int wake,
                        unsigned int generation) __attribute__((noreturn));

#endif
