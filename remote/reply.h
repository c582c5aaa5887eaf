/* reply - what an SMTP server answers (RFC 5321 section 4.2): one or several lines, judged, bounded, made one
   line of printable text. Everything in it is hostile. */
#ifndef TERN_REMOTE_REPLY_H
#define TERN_REMOTE_REPLY_H

#include <stddef.h>
#include <skalibs/tai.h>
#include "remote/stream.h"

#define REPLY_TEXT                                                                                           \
  1024u /* octets that are kept, with the NUL; the rest of a long reply is read and dropped */
#define REPLY_MAX 65536u /* octets of all lines of one reply; a line holds at most STREAM_BUFFER */

typedef struct reply_s reply;
struct reply_s {
  unsigned int code; /* 200 to 599; 0: there was none */
  size_t len;
  char text[REPLY_TEXT]; /* "250 2.1.0 text of all lines", with a NUL */
};

/* Reads one reply. `line` (may be 0) gets the text of each line after its code. 0: errno as stream_line;
   EPROTO: not a reply (no code, a code that changes midway, a reply without end): the connection is of no use
   any more. */
extern int reply_read(reply *r, stream *s, tain const *deadline,
                      void (*line)(void *data, char const *text, size_t len), void *data);
/* Judges one line. 0: not SMTP; 1: the last line; 2: more follow. */
extern int reply_judge(char const *line, size_t len, unsigned int *code);

#endif
