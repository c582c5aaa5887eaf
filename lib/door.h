/* door - the Unix sockets in run/ at which the suite's programs knock: who may, and how their frames look.

   A frame is a unixmessage of skalibs (length, number of descriptors, bytes) whose first byte is DOOR_VERSION
   and whose second is its type; records (lib/record) follow. No frame is longer than DOOR_MAX bytes; who
   announces more is disconnected before a byte of it is stored. Descriptors are refused unless the receiver
   asked for them. The same type serves a client that waits (deadlines) and a loop that must not (door_get,
   door_flush). No sending here raises SIGPIPE; a program that also writes to a door's fd itself (a body) must
   ignore SIGPIPE, as service_start does. */
#ifndef TERN_DOOR_H
#define TERN_DOOR_H

#include <stddef.h>
#include <sys/types.h>
#include <skalibs/cbuffer.h>
#include <skalibs/stralloc.h>
#include <skalibs/tai.h>
#include <skalibs/unixmessage.h>

#define DOOR_VERSION 1
#define DOOR_MAX 65536u   /* bytes of a frame, version and type included */
#define DOOR_HEAD 6u      /* bytes before a frame: its length (4), its number of descriptors (2) */
#define DOOR_FRAME_MIN 2u /* version and type */
#define DOOR_BUFFER 4096u /* bytes read ahead */

enum door_descriptors { DOOR_REFUSE_FDS, DOOR_ACCEPT_FDS };

typedef struct door_s door;
struct door_s {
  int fd; /* -1: closed */
  unixmessage_sender out;
  unixmessage_receiver in;
  char mainbuf[DOOR_BUFFER + 1];
  char auxbuf[UNIXMESSAGE_AUXBUFSIZE];
};

#define DOOR_CLOSED_ALREADY                                                                                  \
  {                                                                                                          \
    .fd = -1                                                                                                 \
  }

typedef struct frame_s frame;
struct frame_s {
  unsigned char type;
  char const *s; /* the records; valid until the next door_get */
  size_t len;
  int fd; /* -1, or a descriptor that came along and now belongs to the caller */
};

enum door_got { DOOR_NOTHING, DOOR_FRAME, DOOR_CLOSED, DOOR_BROKEN };

/* Takes over a connected socket (made non-blocking and close-on-exec). A door must not move in memory: its
   receiver points into it. */
extern void door_init(door *d, int fd, enum door_descriptors fds);
/* The same for a socket that is non-blocking and close-on-exec already (accept4): two system calls fewer. */
extern void door_start(door *d, int fd, enum door_descriptors fds);
/* Frees, but leaves the socket open: for a worker of a pool, whose client the pool closes. */
extern void door_free(door *d);
extern void door_close(door *d); /* closes and frees; a closed door (fd -1) may be closed again */

/* Connects to run/NAME below the current folder; who is known to the other side is who the caller is now.
   0: errno says why (ENOENT, ECONNREFUSED: the service is down; ETIMEDOUT, EAGAIN: it is too busy). */
extern int door_knock(door *d, char const *name, enum door_descriptors fds, tain const *deadline);

/* Queues a frame. 0: no memory, or too long (EMSGSIZE). */
extern int door_put(door *d, unsigned char type, char const *s, size_t len);
/* The same with a descriptor, which is closed here as soon as it is sent, or by door_close. On 0 it is still
 * the caller's. */
extern int door_put_fd(door *d, unsigned char type, char const *s, size_t len, int fd);
#define door_wants_flush(d) (!unixmessage_sender_isempty(&(d)->out))
/* Sends what is queued as far as it goes. 1: all; 0: errno is EAGAIN for "later", else the door is broken. */
extern int door_flush(door *d);
/* Takes one frame without waiting. DOOR_CLOSED: the other side ended between two frames. DOOR_BROKEN: too
   long, wrong version, an end within a frame, descriptors that nobody asked for (EPROTO), no memory, no
   descriptor free (EMFILE), or an error of the socket. */
extern enum door_got door_get(door *d, frame *f);
/* The same for a socket that blocks: waits until something comes, a signal (EINTR) or the socket's SO_RCVTIMEO ends it
   (DOOR_NOTHING). One system call for what a poll before door_get needs two. */
extern enum door_got door_await(door *d, frame *f);
/* True if door_get may have a frame without another read: ask before waiting in poll. */
#define door_has_frame(d) unixmessage_receiver_hasmsginbuf(&(d)->in)
/* True in the middle of a frame or with bytes read ahead: the other side has not finished what it says. */
#define door_is_mid_frame(d) ((d)->in.maindata.len != (d)->in.mainlen || !cbuffer_isempty(&(d)->in.mainb))

/* For clients that wait. 0: errno (ETIMEDOUT; EPIPE or ECONNRESET: the other side went away; EPROTO). */
extern int door_send(door *d, tain const *deadline); /* all that is queued */
extern int door_wait(door *d, frame *f, tain const *deadline);
/* One question, one answer. */
extern int door_ask(door *d, unsigned char type, char const *s, size_t len, frame *f, tain const *deadline);

/* The bytes that a door's receiver read ahead of its last frame, for streams that follow a frame: moves up to
   max of them to s, gives their number. */
extern size_t door_readahead(door *d, char *s, size_t max);

/* Who knocked: the uid that connected (SO_PEERCRED). 0: errno. */
extern int door_peer(int fd, uid_t *uid);

#endif
