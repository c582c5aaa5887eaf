/* notice - how tern-queue tells tern-send of a new message: run/notice, a FIFO of NOTICE-byte records, never
   waited for.

   A record is a packed id (lib/id), or NOTICE bytes of 0xff: "scan". A FIFO that is found full, or a record
   that was lost, means that the reader must scan the queue. */
#ifndef TERN_NOTICE_H
#define TERN_NOTICE_H

#include <sys/types.h>
#include "lib/id.h"

#define NOTICE ID_PACK

enum notice_got { NOTICE_NONE, NOTICE_ID, NOTICE_SCAN, NOTICE_ERROR };

/* tern-send: makes the FIFO if it is missing (mode 0620, the writers' group set) and opens it so that it
   never sees the end of file. Called before the drop as root, else as the owner. -1: errno. */
extern int notice_open(uid_t reader, gid_t writers);
typedef struct notice_reader_s notice_reader;
struct notice_reader_s {
  int fd;
  size_t have, at;
  int scan; /* the FIFO was full, or held nonsense: a scan is due after what was read */
  char s[65536];
};
extern enum notice_got notice_get(notice_reader *r, id *i);

/* tern-queue: one try, no waiting. 1: told, or nobody reads (the runner scans when it starts). 0: the FIFO
   was full or broken: `notice_scan` is due later (errno EAGAIN: full; then the reader scans by itself). *fd
   is opened when needed (-1 at first) and reopened when the reader is another. */
extern int notice_tell(int *fd, id const *i);
extern int notice_scan(int *fd);

#endif
