/* watch - many descriptors in one wait: epoll where the kernel has it, poll elsewhere. A module that has a
   descriptor says what it waits for and is called back; nobody else knows the descriptor. */
#ifndef TERN_SEND_WATCH_H
#define TERN_SEND_WATCH_H

#include <skalibs/genalloc.h>
#include <skalibs/tai.h>

enum watch_for { WATCH_NOTHING = 0, WATCH_READ = 1, WATCH_WRITE = 2 };

typedef struct watched_s watched;
struct watched_s {
  int fd;            /* -1: not watched */
  unsigned int want; /* of enum watch_for */
  size_t place;
  void (*act)(void *data, unsigned int got);
  void *data;
};
#define WATCHED_ZERO                                                                                         \
  {                                                                                                          \
    .fd = -1                                                                                                 \
  }

enum watch_how { WATCH_BEST, WATCH_POLL };
#define WATCH_BATCH 64u /* of what is ready, in one turn */

typedef struct watch_s watch;
struct watch_s {
  int epfd;     /* -1: by poll */
  genalloc all; /* watched *, in no order */
  genalloc fds; /* struct pollfd, the same order; by poll only */
  size_t turn;  /* by poll: where to look first, so that none is starved */
  watched *batch[WATCH_BATCH];
  unsigned int got[WATCH_BATCH];
  unsigned int n;
};

extern int watch_init(watch *w, enum watch_how how); /* 0: errno */
extern void watch_free(watch *w);
/* x must stay where it is until watch_remove. An end or an error of the descriptor is told as WATCH_READ. 0:
 * errno. */
extern int watch_add(watch *w, watched *x, int fd, unsigned int want, void (*act)(void *, unsigned int),
                     void *data);
extern void watch_want(watch *w, watched *x, unsigned int want);
extern void watch_remove(watch *w,
                         watched *x); /* before its descriptor is closed; also while watch_wait acts */
/* Waits until the deadline at most, then calls who is ready, and refreshes STAMP. 0: errno. */
extern int watch_wait(watch *w, tain const *deadline);

#endif
