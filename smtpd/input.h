/* input - what the client sends: one bounded buffer, from which commands are taken line by line and in which
   a message is decoded in place. Every wait for the client stands here, each with its deadlines. */
#ifndef TERN_SMTPD_INPUT_H
#define TERN_SMTPD_INPUT_H

#include <stddef.h>
#include <skalibs/tai.h>

#define INPUT_SIZE 69632u    /* octets; only the pages that a client fills are ever touched */
#define INPUT_LINE_MAX 2048u /* octets of a command: RFC 5321 section 4.5.3.1.4, with room for parameters */

typedef struct input_s input;
struct input_s {
  int fd;
  int timed;            /* fd is a socket, and has the timeout itself */
  unsigned int timeout; /* seconds that one read may take */
  int skipping;         /* the rest of a line that was too long is being thrown away */
  size_t base;          /* s[0..base) is in use for other things: chunks of a message */
  size_t head, tail;    /* what is unread: s[head..tail) */
  char s[INPUT_SIZE];
};

enum input_got {
  INPUT_MORE,
  INPUT_CLOSED,  /* end of file, or a broken connection */
  INPUT_TIMEOUT, /* `timeout` seconds without an octet, or past the deadline */
  INPUT_CROWDED, /* this client has done nothing, and others wait */
  INPUT_DRAINED  /* this process was told to end, and the time for that is over */
};
enum input_line {
  INPUT_LINE_NONE, /* not all of it is there */
  INPUT_LINE_ONE,
  INPUT_LINE_BARE,   /* one that ends with LF alone, or holds a CR */
  INPUT_LINE_TOOLONG /* it was thrown away */
};

/* Once for a listening socket: its clients get their options from it, which saves two system calls for each. */
extern void input_prepare(int listener, unsigned int timeout);
/* Begins with a connected socket (or, for sendmail -bs, whatever standard input is), and gives it its time
   limits. Does not touch the buffer. */
extern void input_init(input *in, int fd, unsigned int timeout);
/* Takes a line without its LF or CRLF; it is NUL-terminated and stays valid until the next read. */
extern enum input_line input_line(input *in, char **s, size_t *len);
/* One read behind tail. `deadline`, if it is not 0, ends the wait sooner than the timeout does. Makes room
   for an octet at least if there is no data in the buffer, or a line that is not complete; STAMP is the time
   afterwards. */
extern enum input_got input_read(input *in, tain const *deadline);
/* Does the client speak within so many milliseconds? INPUT_MORE: yes, or it is gone; INPUT_TIMEOUT: no. */
extern enum input_got input_listen(input const *in, unsigned int ms);
/* The same in a message: s[0..keep) holds what is decoded, all else has been read. */
extern enum input_got input_read_behind(input *in, size_t keep);

#endif
