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
extern int contents_has_state(int fd);
/* For tern-showq, which only looks: reads the state's first block and the beginning of the rest of fd, as they are
   now; what is read of fd after this comes from there, until contents_forget (store_close calls it), or until
   another file is read ahead. One file at a time. 0: errno. */
extern int contents_ahead(int fd);
extern void contents_forget(int fd);
/* Reads len bytes at `at`. 1; 0: the file is shorter, or errno is not 0. */
extern int contents_pread(int fd, char *s, size_t len, uint64_t at);

#endif
