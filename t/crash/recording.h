/* recording - what the queue's library does to files, call by call, and how each file looked after each of its calls. The
   library is linked with --wrap, so that every call of it passes here. Calls are recorded while `recording_on`. */
#ifndef TERN_T_CRASH_RECORDING_H
#define TERN_T_CRASH_RECORDING_H

#include <stddef.h>
#include "lib/id.h"

#define OPS 512u
#define FILES 32u
#define IMAGES 24u

enum op_kind { OP_CREATE, OP_CHANGE, OP_SYNC, OP_SYNC_FOLDER, OP_UNLINK, OP_RENAME, OP_ACK };
typedef struct op_s op;
struct op_s {
  enum op_kind kind;
  unsigned int file;
  unsigned int image; /* how many images the file has after it */
};

typedef struct image_s image;
struct image_s {
  char *s;
  size_t len;
};

typedef struct recorded_s recorded;
struct recorded_s {
  id i;
  char folder;
  unsigned int n; /* images[0] is empty */
  image images[IMAGES];
  size_t end; /* of the body: what was acknowledged; 0: nothing was */
  size_t rcpts;
  unsigned int spoilt; /* the first image that was damaged on purpose; 0: none was */
};

extern int recording_on;
extern op ops[OPS];
extern unsigned int n_ops;
extern recorded files[FILES];
extern unsigned int n_files;
extern void recording_clear(void);
/* The last file was acknowledged: its body ends where its last image does. */
extern void recording_ack(size_t rcpts);

#endif
