/* contents - what stands in a queue file that is open: read and judged, never changed. Inside queue/ only:
   store_open acts on it, store_look shows it. */
#ifndef TERN_CONTENTS_H
#define TERN_CONTENTS_H

#include <sys/types.h>
#include "queue/file.h"
#include "queue/store.h"

enum contents {
  CONTENTS_RIGHT,
  CONTENTS_WRONG,   /* `why` */
  CONTENTS_FOREIGN, /* `why` */
  CONTENTS_ERROR    /* errno: nothing is known */
};
typedef struct contents_found_s contents_found;
struct contents_found_s {
  int has_state; /* something stands in the state, right or torn */
  uint32_t torn; /* a bit for each sector that was torn */
};

#define CONTENTS_SIZE_UNKNOWN UINT64_MAX
/* Fills in all of m but its fd, from the file of `size` bytes (or CONTENTS_SIZE_UNKNOWN); adds the envelope
   to e, which may be 0. m->state.rcpt is allocated exactly if it gives CONTENTS_RIGHT. */
extern enum contents contents_read(store_message *m, id const *i, uint64_t size, envelope *e,
                                   contents_found *found, char *why);
/* Is the body's checksum right? CONTENTS_FOREIGN is never given. */
extern enum contents contents_check_body(store_message const *m, char *why);
/* Does anything stand in the state, whatever the head says? -1: errno. */
extern int contents_has_state(store_message const *m);
/* Reads len bytes at `at`. 1; 0: the file is shorter, or errno is not 0. */
extern int contents_pread(store_message const *m, char *s, size_t len, uint64_t at);

/* For tern-showq, which only looks: the state's first block and the beginning of the rest, as they are now. What is read of
   a message whose `ahead` points to this comes from here as far as it goes. */
#define CONTENTS_STATE_BLOCK 4096u
#define CONTENTS_FIRST 8192u /* bytes of head, envelope and body that are read at once: often all of it */
struct contents_ahead_s {
  size_t state_len, len;
  char state[CONTENTS_STATE_BLOCK];
  char s[CONTENTS_FIRST];
};
typedef struct contents_ahead_s contents_ahead;
extern int contents_read_ahead(contents_ahead *a, int fd); /* 0: errno */

#endif
