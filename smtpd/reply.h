/* reply - what the client is told: lines are collected and go out in one write when the client must be waited
   for (RFC 2920 section 3.2). The only file that knows which reply code belongs to which result. */
#ifndef TERN_SMTPD_REPLY_H
#define TERN_SMTPD_REPLY_H

#include <stdarg.h>
#include <stddef.h>
#include "lib/result.h"

#define REPLY_SIZE 4096u /* octets collected before a write */
#define REPLY_LINE 512u  /* octets of a line with its CRLF (RFC 5321 section 4.5.3.1.5) */

typedef struct reply_s reply;
struct reply_s {
  int fd;
  int utf8;   /* octets above 127 may be sent (RFC 6531 section 3.7.4.2); else they become '?' */
  int broken; /* the client does not read, or is gone: nothing is sent any more */
  int failed; /* a write did */
  size_t len;
  char s[REPLY_SIZE];
};

extern void reply_init(reply *r, int fd);
/* Adds a line as printf writes it, cut at REPLY_LINE; control characters become spaces. */
extern void reply_line(reply *r, char const *fmt, ...) __attribute__((format(printf, 2, 3)));
extern void reply_vline(reply *r, char const *fmt, va_list args) __attribute__((format(printf, 2, 0)));
/* Adds "550 5.1.1 text". */
extern void reply_result(reply *r, result const *what);
/* The three digits for a result. */
extern unsigned int reply_code(result const *what);
/* Writes all of it; bounded by the socket's own timeout. 0: the client is gone. */
extern int reply_flush(reply *r);

#endif
