/* transmit - a message's body as DATA wants it (RFC 5321 sections 2.3.8 and 4.5.2): every line ends with
   CRLF, a dot that begins a line is doubled, no CR or LF stands alone; then the final dot.

   The body lies in the queue file with LF. A CR before an LF is the same line end; any other CR becomes a
   space. A NUL that begins a line becomes one too: a host that drops NULs would see another line begin (SMTP
   smuggling). */
#ifndef TERN_REMOTE_TRANSMIT_H
#define TERN_REMOTE_TRANSMIT_H

#include <stddef.h>
#include <stdint.h>
#include <skalibs/tai.h>
#include "remote/stream.h"

#define TRANSMIT_PIECE 65536u /* octets read at once */
#define TRANSMIT_OUT                                                                                         \
  (2u * TRANSMIT_PIECE + 8u) /* what a piece can grow to, with what was held back and the dot */

typedef struct transmit_state_s transmit_state;
struct transmit_state_s {
  unsigned int inside : 1; /* in a line, not at its start */
  unsigned int cr : 1;     /* the piece before ended with CR */
};
#define TRANSMIT_START                                                                                       \
  {                                                                                                          \
    .inside = 0                                                                                              \
  }

/* Turns len (at most TRANSMIT_PIECE) octets into at most 2 * len + 1 of out; gives their number. */
extern size_t transmit_convert(transmit_state *t, char const *in, size_t len, char *out);
/* What ends the body, after all pieces: at most 6 octets. */
extern size_t transmit_finish(transmit_state *t, char *out);

typedef struct body_s body;
struct body_s {
  int fd;
  uint64_t offset;
  uint64_t length;
  size_t have;       /* octets of the first piece, which is kept for as long as the body is */
  uint64_t estimate; /* octets on the wire without dot stuffing: exact for one piece, else a good guess (RFC
                        1870 section 6) */
  char first[TRANSMIT_PIECE];
  char more[TRANSMIT_PIECE];
  char out[TRANSMIT_OUT];
};

/* Reads the first piece. 0: errno; EIO: the file ends too early. */
extern int body_open(body *b, int fd, uint64_t offset, uint64_t length);
/* Does the header hold octets above 127 (RFC 6532)? Looks at the first piece only. */
extern int body_header_is_8bit(body const *b);
enum body_sent {
  BODY_SENT,
  BODY_LOST,   /* the connection broke, the host spoke too early, or the runner is gone: the final dot was not
                  sent */
  BODY_UNREAD, /* the file can't be read: the final dot was not sent */
  BODY_UNSURE  /* it broke while the piece with the final dot was sent */
};
/* Sends all of it and the final dot, each piece within `seconds`; the whole within that and a second for each
   TRANSMIT_RATE octets. errno says why not. */
#define TRANSMIT_RATE 512u
extern enum body_sent body_send(body *b, stream *s, unsigned int seconds);

#endif
