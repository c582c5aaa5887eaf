/* holder - the listening sockets that s6-fdholder keeps for the suite, by id: "door/NAME",
   "tcp/ADDRESS:PORT". For lib/listener alone, in a program's first moments, while it may still knock at
   run/holder/s. Without a holder (no S6_FD# in the environment) nothing is inherited and nothing kept. */
#ifndef TERN_HOLDER_H
#define TERN_HOLDER_H

#define HOLDER_ID_MAX 128u /* bytes of an id, with the NUL */

enum holder_drop { HOLDER_CLOSE, HOLDER_FORGET };

/* Remembers what s6-fdholder-getdump left (close-on-exec) and clears it from the environment. */
extern void holder_inherit(void);
/* The listening socket of this id, non-blocking, which is the caller's then. -1: none. */
extern int holder_take(char const *id);
/* Gives the holder a copy; a failure is a warning in the log: the socket works, but a restart will have a
 * gap. */
extern void holder_store(char const *id, int fd);
extern void holder_forget(char const *id);
/* Closes all that was inherited, not taken, and for which `chosen` says 1; HOLDER_FORGET: the holder closes
 * it too. */
extern void holder_drop(int (*chosen)(char const *id, void *data), void *data, enum holder_drop what);

#endif
