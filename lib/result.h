/* result - what came of one recipient, or of one message: a class, an enhanced status code (RFC 3463) and a
   sentence. Made by whoever tried, handed on unchanged to the log, the queue, mailq and the bounce. */
#ifndef TERN_RESULT_H
#define TERN_RESULT_H

#include <stddef.h>
#include <stdint.h>
#include <skalibs/stralloc.h>

enum result_class { RESULT_OK = '2', RESULT_TEMPORARY = '4', RESULT_PERMANENT = '5' };

/* RFC 3463 subject and detail, and the registry of RFC 5248: name, subject, detail */
#define RESULT_STATUS_TABLE(X)                                                                               \
  X(STATUS_NONE, 0, 0)                                                                                       \
  X(STATUS_ADDRESS, 1, 0)                                                                                    \
  X(STATUS_UNKNOWN_MAILBOX, 1, 1)                                                                            \
  X(STATUS_UNKNOWN_SYSTEM, 1, 2)                                                                             \
  X(STATUS_BAD_ADDRESS, 1, 3)                                                                                \
  X(STATUS_VALID, 1, 5)                                                                                      \
  X(STATUS_BAD_SENDER, 1, 7)                                                                                 \
  X(STATUS_NULL_MX, 1, 10)                                                                                   \
  X(STATUS_MAILBOX, 2, 0)                                                                                    \
  X(STATUS_MAILBOX_DISABLED, 2, 1)                                                                           \
  X(STATUS_MAILBOX_FULL, 2, 2)                                                                               \
  X(STATUS_SYSTEM, 3, 0)                                                                                     \
  X(STATUS_SYSTEM_FULL, 3, 1)                                                                                \
  X(STATUS_NOT_ACCEPTING, 3, 2)                                                                              \
  X(STATUS_TOO_BIG, 3, 4)                                                                                    \
  X(STATUS_MISCONFIGURED, 3, 5)                                                                              \
  X(STATUS_NETWORK, 4, 0)                                                                                    \
  X(STATUS_NO_ANSWER, 4, 1)                                                                                  \
  X(STATUS_BAD_CONNECTION, 4, 2)                                                                             \
  X(STATUS_DNS, 4, 3)                                                                                        \
  X(STATUS_UNROUTABLE, 4, 4)                                                                                 \
  X(STATUS_LOOP, 4, 6)                                                                                       \
  X(STATUS_EXPIRED, 4, 7)                                                                                    \
  X(STATUS_PROTOCOL, 5, 0)                                                                                   \
  X(STATUS_BAD_COMMAND, 5, 1)                                                                                \
  X(STATUS_BAD_SYNTAX, 5, 2)                                                                                 \
  X(STATUS_TOO_MANY_RECIPIENTS, 5, 3)                                                                        \
  X(STATUS_BAD_ARGUMENTS, 5, 4)                                                                              \
  X(STATUS_CONTENT, 6, 0)                                                                                    \
  X(STATUS_NOT_SMTPUTF8, 6, 7)                                                                               \
  X(STATUS_POLICY, 7, 0)                                                                                     \
  X(STATUS_NOT_AUTHORIZED, 7, 1)                                                                             \
  X(STATUS_NO_REVERSE_DNS, 7, 25)

#define RESULT_STATUS_ENUM(name, subject, detail) name = (subject)*1000 + (detail),
enum result_status { RESULT_STATUS_TABLE(RESULT_STATUS_ENUM) };
#undef RESULT_STATUS_ENUM

#define RESULT_TEXT 512u /* bytes, with the NUL */

typedef struct result_s result;
struct result_s {
  enum result_class class;
  unsigned int status; /* subject * 1000 + detail: of the table, or what another host said */
  char text[RESULT_TEXT];
};
#define RESULT_ZERO                                                                                          \
  {                                                                                                          \
    .class = RESULT_TEMPORARY, .status = STATUS_NONE                                                         \
  }

/* Fills in a result; the text is printf's, cut at RESULT_TEXT - 1 bytes, and made one printable line: octets below
   32 and 127 become a space each (octets above 127 stay). */
extern void result_set(result *r, enum result_class class, unsigned int status, char const *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* "x.y.z" with a NUL: 12 bytes are enough. */
extern char const *result_code(result const *r, char s[12]);
/* What another host said: "450 4.2.0 text": three digits, perhaps a code, text. The class follows the first digit
   (anything but 2, 4, 5 is temporary); a code of another class than the digit is not believed. The text is the whole
   reply, digits included, as one line (what a Diagnostic-Code wants). */
extern void result_from_reply(result *r, char const *reply, size_t len);

/* The one serial form, for frames and for the queue's notes: class, status (4 bytes), text. */
extern int result_pack(stralloc *out, result const *r);         /* 0: no memory */
extern int result_unpack(result *r, char const *s, size_t len); /* 0: not a result */

#endif
