/* stream - the connection to another host: whole writes, reads into a small buffer, each with a deadline.

   The socket blocks, in slices of a second (SO_RCVTIMEO), so that a reply costs one system call and yet
   nothing waits past its deadline, nor for a runner that is gone. */
#ifndef TERN_REMOTE_STREAM_H
#define TERN_REMOTE_STREAM_H

#include <stddef.h>
#include <skalibs/tai.h>

#define STREAM_BUFFER 4096u /* octets: also the longest line that is taken */
#define STREAM_SLICE 1      /* seconds */

typedef struct stream_s stream;
struct stream_s {
  int fd;    /* -1: closed */
  int door;  /* the runner's connection; -1: nobody to look for */
  tain look; /* stream_may_commit takes it for granted until then that nothing has changed */
  size_t pos;
  size_t len;
  char in[STREAM_BUFFER];
};

/* Takes over a connected socket: blocking in slices, TCP_NODELAY. 0: errno. */
extern int stream_init(stream *s, int fd, int door);
extern void stream_close(stream *s);

/* True once the runner has closed its connection: the job in hand is nobody's any more. */
extern int stream_abandoned(stream const *s);
/* Time begins in which nobody looks: the runner was there just now. */
extern void stream_trust(stream *s);
#define STREAM_TRUST 200 /* milliseconds */
/* The last look before a final dot, unless it comes within STREAM_TRUST of stream_trust: the runner is there, and the
   other side has not said anything before its turn. 0: errno: ECANCELED, EPROTO. */
extern int stream_may_commit(stream const *s);
/* The other side has said nothing, nor closed. */
extern int stream_is_quiet(stream const *s);
/* Sends all of it. 0: errno: ETIMEDOUT, EPIPE, ECONNRESET, ...; ECANCELED: the runner is gone. */
extern int stream_send(stream *s, char const *octets, size_t len, tain const *deadline);
/* Reads what comes next behind what the buffer holds. 0: errno as above; EPIPE: the other side closed;
   ENOBUFS: the buffer is full. */
extern int stream_fill(stream *s, tain const *deadline);
/* The next line without its end (LF, or CRLF), which stays valid until the next call. 0: errno as above. */
extern int stream_line(stream *s, char **line, size_t *len, tain const *deadline);
/* Octets that were read and not used. */
#define stream_leftover(s) ((s)->len - (s)->pos)

/* A sentence for what errno means here. */
extern char const *stream_problem(int e);

#endif
