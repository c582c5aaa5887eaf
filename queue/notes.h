/* notes - where a file's notes end. Inside queue/ only; store.h has what others use. */
#ifndef TERN_NOTES_H
#define TERN_NOTES_H

#include "queue/store.h"

/* *end: after the last whole note. 0: no memory or an error of the disk. */
extern int notes_end(store_message const *m, uint64_t *end);

#endif
