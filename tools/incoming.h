/* incoming - a message as it comes in, line by line: the header in memory, the body in memory up to
   INCOMING_MEMORY and beyond that in a file without a name. Lines end with LF inside; a CR before it is
   dropped. The body's octets are not touched otherwise; a last line without an end gets one. */
#ifndef TERN_INCOMING_H
#define TERN_INCOMING_H

#include <stddef.h>
#include <stdint.h>
#include <skalibs/stralloc.h>

#define INCOMING_MEMORY 1048576u /* octets of a body */
#define INCOMING_HEADER 4194304u /* octets of a header */

enum incoming_took {
  INCOMING_OK,
  INCOMING_TOOBIG,  /* more than max octets */
  INCOMING_HEADING, /* a header of more than INCOMING_HEADER octets */
  INCOMING_NOFILE,  /* no memory, or the file could not be made or written (errno) */
  INCOMING_NOREAD   /* reading failed (errno) */
};

typedef struct incoming_s incoming;
struct incoming_s {
  stralloc head;  /* whole fields, each with its LF; no empty line */
  stralloc body;  /* what is not in the file */
  int fd;         /* -1: no file */
  uint64_t filed; /* octets in the file; those in `body` follow them */
  uint64_t size;  /* of all lines */
  uint64_t max;   /* octets allowed; 0: any number */
  int in_body;
  int begun;     /* a line was seen */
  int open_line; /* the last piece did not end its line */
  int eight;     /* an octet above 127 was seen */
};
#define INCOMING_ZERO                                                                                        \
  {                                                                                                          \
    .fd = -1                                                                                                 \
  }

/* One line without its end, or (ends false) the first or a further part of one: a part is as long as it can
 * be. */
extern enum incoming_took incoming_line(incoming *in, char const *s, size_t len, int ends);
/* Reads fd to its end, or (dots true) to a line that holds a dot alone. A "From " line that heads it is
 * dropped. */
extern enum incoming_took incoming_read(incoming *in, int fd, int dots);
/* Calls f for the body's octets, piece by piece. 0: f gave 0, or reading the file failed (errno). */
extern int incoming_body(incoming *in, int (*f)(void *data, char const *s, size_t len), void *data);
extern void incoming_clear(incoming *in); /* empty; memory kept */

/* The length of the name of the field that begins at s ("Subject" of "Subject: x"), 0 if none does. */
extern size_t incoming_field(char const *s, size_t len);

#endif
