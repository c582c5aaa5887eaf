/* record - typed records: the one encoding of envelopes on the disk and of frames at the doors.

   A record is a type (1 byte), the length of its data (2 bytes, big-endian) and the data. A type with the bit
   RECORD_MUST has to be understood: who meets an unknown one leaves the whole thing alone (a message waits, a
   frame is refused). An unknown type without the bit is skipped. */
#ifndef TERN_RECORD_H
#define TERN_RECORD_H

#include <stddef.h>
#include <stdint.h>
#include <skalibs/stralloc.h>

#define RECORD_MUST 0x80u
#define RECORD_MAX 65535u /* bytes of data */
#define RECORD_HEAD 3u    /* bytes before the data */

typedef struct record_s record;
struct record_s {
  unsigned char type;
  char const *s; /* not NUL-terminated: points into what is being read */
  size_t len;
};

typedef struct record_reader_s record_reader;
struct record_reader_s {
  char const *s;
  size_t len;
};
#define RECORD_READER(bytes, length)                                                                         \
  {                                                                                                          \
    .s = (bytes), .len = (length)                                                                            \
  }

enum record_found { RECORD_END, RECORD_ONE, RECORD_BROKEN };

/* Appends a record. 0: no memory, or more than RECORD_MAX bytes (ERANGE). */
extern int record_put(stralloc *out, unsigned char type, char const *s, size_t len);
extern int record_puts(stralloc *out, unsigned char type, char const *s);    /* a C string, without its NUL */
extern int record_put_number(stralloc *out, unsigned char type, uint64_t n); /* 8 bytes, big-endian */

/* Takes the next record. RECORD_BROKEN: it claims more than is there. */
extern enum record_found record_next(record_reader *r, record *one);

/* The number of a record that record_put_number made. 0: it is not 8 bytes long. */
extern int record_number(record const *one, uint64_t *n);
/* Copies the data as a C string. 0: it holds a NUL, or does not fit into max bytes with its NUL. */
extern int record_string(record const *one, char *s, size_t max);

#endif
