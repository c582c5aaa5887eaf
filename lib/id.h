/* id - the queue id: 20 characters that name a message from the first line of the log to the last.

   It holds the microseconds since 1970 (never less than the maker's last + 1), the number of the worker that made
   it and 32 random bits, in the alphabet of base32hex (RFC 4648 section 7): ids sort by age as text. */
#ifndef TERN_ID_H
#define TERN_ID_H

#include <stddef.h>
#include <stdint.h>

#define ID_LEN 20u  /* characters of the text, without a NUL */
#define ID_PACK 16u /* bytes of the packed form */
#define ID_WORKER_MAX 1023u

typedef struct id_s id;
struct id_s {
  uint64_t usec;   /* 55 bits are kept */
  uint32_t random; /* the text ends with its last 5 bits: they choose the queue's folder */
  uint16_t worker; /* 0 to ID_WORKER_MAX */
};
#define ID_ZERO                                                                                              \
  {                                                                                                          \
    .usec = 0                                                                                                \
  }

/* A new id, later than the last one that this process made. Never fails. */
extern void id_make(id *i, unsigned int worker);
extern void id_fmt(char s[ID_LEN + 1], id const *i); /* with a NUL */
/* 1: the len bytes at s are an id, in upper or lower case. 0: they are not. */
extern int id_scan(id *i, char const *s, size_t len);
extern void id_pack(char s[ID_PACK], id const *i);
extern void id_unpack(id *i, char const s[ID_PACK]);
extern int id_cmp(id const *a, id const *b); /* <0, 0, >0: by age */
#define id_seconds(i) ((i)->usec / 1000000u)

#endif
