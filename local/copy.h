/* copy - one recipient's copy of a message: the descriptor that the runner gave, where the body stands in
   it, and whom it is from and to. Read with pread through one buffer that all messages of the process share;
   what is larger is copied in the kernel. The descriptor shows this message and no other. */
#ifndef TERN_LOCAL_COPY_H
#define TERN_LOCAL_COPY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>
#include "lib/job.h"
#include "local/headers.h"

#define COPY_BUFFER 65536u /* octets read at once */

typedef struct copy_s copy;
struct copy_s {
  int fd; /* the job's */
  uint64_t offset;
  uint64_t length;
  job const *j;
  char const *sender;
  char const *recipient;
  char const *original;
  int loaded;
  headers h; /* right once loaded */
};

/* The copy for recipient i of j, which must stay as long as m is used. */
extern void copy_init(copy *m, job const *j, size_t i);
/* Reads and scans the header, once. 0: errno (EIO: the file is shorter than the runner said). */
extern int copy_load(copy *m);

/* The next octets of the body from *at (0 at first) on, without what is left out; they stay until the next
   call for any message. >0: their number, *at is moved; 0: the end; -1: errno. */
extern ssize_t copy_next(copy *m, uint64_t *at, char const **s);

/* Octets of the copy, with the three fields on top; m is loaded. */
extern uint64_t copy_size(copy const *m);
/* Return-Path, X-Original-To and Delivered-To; gives their length. s: HEADERS_TOP octets. */
extern size_t copy_top(copy const *m, char *s);
/* Writes the three fields and the message to a file, in one write if it is small. 0: errno; how much is
   written then is open. */
extern int copy_write(copy *m, int fd);
/* Writes all of v, which is used up. 0: errno. */
extern int copy_writev(int fd, struct iovec *v, unsigned int n);

#endif
