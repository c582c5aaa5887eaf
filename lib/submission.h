/* submission - the protocol of door `queue`: a new message goes in, its id comes back. Both ends.

   client: frames 'E' (more follow) and at last one 'e', records of lib/envelope, none split between frames;
           then the body as a stream: chunks of a 4-byte big-endian length (at most SUBMISSION_CHUNK) and
           that many octets; a length of 0 ends it. Lines end with LF. Closing before that takes all back.
   server: one frame 'q': SUBMISSION_RESULT, and SUBMISSION_ID if it is durable. An early answer (refused,
           too big) may come while the client still writes; the server then closes.

   One message a connection. The Received field is put on top by tern-queue, which knows the id. */
#ifndef TERN_SUBMISSION_H
#define TERN_SUBMISSION_H

#include <stddef.h>
#include <stdint.h>
#include <skalibs/stralloc.h>
#include <skalibs/tai.h>
#include "lib/door.h"
#include "lib/envelope.h"
#include "lib/id.h"
#include "lib/result.h"

#define SUBMISSION_CHUNK 1048576u        /* octets */
#define SUBMISSION_ENVELOPE_MAX 4194304u /* bytes of an envelope's text */
#define SUBMISSION_FRAMES_MAX 1024u      /* of an envelope */
#define SUBMISSION_MORE 'E'
#define SUBMISSION_LAST 'e'
#define SUBMISSION_ANSWER 'q'
enum submission_record { SUBMISSION_RESULT = 1 | RECORD_MUST, SUBMISSION_ID = 2 | RECORD_MUST /* text */ };

/* ---- clients that wait: tern-smtpd, sendmail, a user's process */
#define SUBMISSION_PENDING 65536u /* bytes that are kept before anything is written */
typedef struct submission_s submission;
struct submission_s {
  door d;
  stralloc pending; /* what is not written yet: a small message goes out in one write */
  size_t open;      /* where in pending the data of the last chunk begin; 0: there is none */
  int broken;       /* errno of the write that failed; 0: none did */
  int lost; /* after submission_end: the door closed without an answer, so nothing was taken: try a new one */
};
/* Knocks and takes the envelope. 0: errno as door_knock; nothing is left to close. */
extern int submission_open(submission *s, envelope const *e, tain const *deadline);
/* 0: the other side takes no more. submission_end tells why, if there is an early answer. */
extern int submission_body(submission *s, char const *octets, size_t len, tain const *deadline);
/* Ends the body and waits. Always fills in *r (no answer, or a broken one: temporary); 1: accepted, id_text
   is the id. The submission is closed. A message that went out whole but got EPIPE without an answer was not
   taken: a door that drains answers all that it read. */
extern int submission_end(submission *s, result *r, char id_text[ID_LEN + 1], tain const *deadline);
/* Takes all back; may be called twice, or after submission_end. */
extern void submission_abort(submission *s);

/* ---- for a loop that must not wait (tern-send): the same bytes */
/* Appends the raw bytes of all envelope frames, with the frames' heads. 0: no memory. */
extern int submission_pack(stralloc *out, envelope const *e);
extern void submission_chunk(char head[4], size_t len); /* a chunk's head; 0 ends the body */
/* 1: accepted; 0: *r says why not. */
extern int submission_answer(frame const *f, result *r, char id_text[ID_LEN + 1]);

/* ---- the server: tern-queue */
/* Adds the frames of the envelope to e. ENVELOPE_OK, or what is wrong with it (ENVELOPE_TOOMANY also if it is
   longer than SUBMISSION_ENVELOPE_MAX); -1: errno: ETIMEDOUT (may be called again and goes on), EPROTO (no
   frame of an envelope), or the client went away. */
extern int submission_take_envelope(door *d, envelope *e, tain const *deadline);
typedef struct submission_stream_s submission_stream;
struct submission_stream_s {
  door *d;
  size_t left; /* octets of the current chunk that are still to come */
  int ended;
  unsigned int have; /* bytes of the next chunk's head */
  char head[4];
};
#define SUBMISSION_STREAM(door)                                                                              \
  {                                                                                                          \
    .d = (door)                                                                                              \
  }
/* Reads up to max octets of the body, straight into s, several chunks at once where they are there already.
   Waits until there is something. >0: their number; 0: the end; -1: errno (EPIPE: the client went away before
   the end; EPROTO: nonsense; ETIMEDOUT; EINTR: a signal came while nothing did, call again). */
extern ssize_t submission_read(submission_stream *in, char *s, size_t max, tain const *deadline);
/* id_text may be 0. */
extern int submission_reply(door *d, result const *r, char const *id_text, tain const *deadline);

#endif
