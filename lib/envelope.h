/* envelope - whom a message is from and to, and what is known of its arrival: complete from the first program
   to the last. In memory, and as the records (lib/record) that stand in a queue file and go through door
   `queue`. */
#ifndef TERN_ENVELOPE_H
#define TERN_ENVELOPE_H

#include <stddef.h>
#include <stdint.h>
#include <skalibs/stralloc.h>
#include <skalibs/genalloc.h>
#include "lib/record.h"

#define ENVELOPE_RCPT_MAX 10000u   /* recipients of one message */
#define ENVELOPE_ADDRESS_MAX 1000u /* octets of an address, as stored */

enum envelope_record {
  ENVELOPE_SENDER = 1 | RECORD_MUST, /* the reverse-path without <>; empty for a bounce */
  ENVELOPE_RCPT = 2 | RECORD_MUST,   /* begins a recipient; the records from 3 to 15 after it are about it */
  ENVELOPE_ORIGINAL = 3,             /* the address that was first given, when aliases made another of it */
  ENVELOPE_ORCPT = 4,                /* RFC 3461: as the client gave it, "rfc822;..." */
  ENVELOPE_NOTIFY = 5 | RECORD_MUST, /* one octet: enum envelope_notify */
  ENVELOPE_FINAL = 6 | RECORD_MUST,  /* one octet: enum envelope_final; believed from terns only */
  ENVELOPE_ENVID = 16,               /* RFC 3461 */
  ENVELOPE_RET = 17,                 /* 'F' full, 'H' headers */
  ENVELOPE_BODY = 18,                /* '7' or '8': what the client declared (RFC 6152) */
  ENVELOPE_SMTPUTF8 = 19 | RECORD_MUST, /* no data (RFC 6531) */
  ENVELOPE_UID = 20,                    /* number: who knocked; written by tern-queue alone */
  ENVELOPE_PARENT = 21,                 /* the id of the message that this one was made from */
  ENVELOPE_PARENT_CLAIMED = 22,         /* the same, said by a user's program */
  ENVELOPE_BOUNCE = 23,         /* one octet: 1 a bounce, 2 a double bounce; believed from terns only */
  ENVELOPE_CLIENT_ADDRESS = 24, /* facts about an SMTP client: believed from ternd only */
  ENVELOPE_CLIENT_HELO = 25,
  ENVELOPE_PROTOCOL = 26, /* "SMTP", "ESMTP", ... (RFC 3848); none: not by SMTP */
  ENVELOPE_TLS = 27,
  ENVELOPE_AUTH = 28 /* the user that authenticated */
};

enum envelope_notify { NOTIFY_NEVER = 1, NOTIFY_SUCCESS = 2, NOTIFY_FAILURE = 4, NOTIFY_DELAY = 8 };
/* How far a local address has been resolved already, so that an alias is expanded once only. */
enum envelope_final {
  FINAL_NOT = 0,  /* ask what it means */
  FINAL_USER = 1, /* the user of this name (or an extension of his), not the alias */
  FINAL_ALIAS = 2 /* the programs, files and includes of this alias */
};

/* Strings are offsets into text, each with a NUL there; offset 0 is the empty string and means "none". */
typedef struct envelope_rcpt_s envelope_rcpt;
struct envelope_rcpt_s {
  uint32_t address;
  uint32_t original;
  uint32_t orcpt;
  unsigned char notify; /* bits of enum envelope_notify; 0: nothing was asked */
  unsigned char final;  /* enum envelope_final */
};

typedef struct envelope_s envelope;
struct envelope_s {
  stralloc text;
  genalloc rcpts; /* envelope_rcpt */
  uint32_t sender;
  uint32_t envid;
  uint32_t parent;
  uint32_t client_address;
  uint32_t client_helo;
  uint32_t protocol;
  uint32_t tls;
  uint32_t auth;
  uint64_t uid;
  unsigned char ret;    /* 'F', 'H' or 0 */
  unsigned char body;   /* '7', '8' or 0 */
  unsigned char bounce; /* 0, 1, 2 */
  unsigned int smtputf8 : 1;
  unsigned int parent_claimed : 1;
  unsigned int has_sender : 1;
};
#define ENVELOPE_ZERO                                                                                        \
  {                                                                                                          \
    .text = STRALLOC_ZERO, .rcpts = GENALLOC_ZERO                                                            \
  }

#define envelope_string(e, offset) ((offset) ? (e)->text.s + (offset) : "")
#define envelope_count(e) genalloc_len(envelope_rcpt, &(e)->rcpts)
#define envelope_rcpts(e) genalloc_s(envelope_rcpt, &(e)->rcpts)

/* Stores len octets as a string of e and puts its offset into *where (any uint32_t of e or of its
   recipients). 0: no memory, a control character in it (EINVAL), or more than ENVELOPE_ADDRESS_MAX octets
   (ENAMETOOLONG). An empty string gets offset 0. */
extern int envelope_set(envelope *e, uint32_t *where, char const *s, size_t len);
extern int envelope_set_sender(envelope *e, char const *s, size_t len);
/* Adds a recipient and gives it back to be filled in (valid until the next one is added). 0: no memory, a
   NUL, or more than ENVELOPE_RCPT_MAX (E2BIG). */
extern envelope_rcpt *envelope_add(envelope *e, char const *s, size_t len);
/* Sets the string of one recipient: `where` is the member's offset, as in offsetof(envelope_rcpt, original).
 */
extern int envelope_rcpt_set(envelope *e, size_t index, size_t where, char const *s, size_t len);
extern void envelope_clear(envelope *e); /* empty, memory kept */
extern void envelope_free(envelope *e);

/* Appends the records of e to out: if first is 0 those about the message, then those of recipients
   first..last-1, as many as stay within max bytes in all (0: no bound), but one at least; *next is the first
   recipient left out. 0: no memory. */
extern int envelope_pack(envelope const *e, stralloc *out, size_t first, size_t max, size_t *next);
/* The same for the whole envelope. */
extern int envelope_pack_all(envelope const *e, stralloc *out);

enum envelope_unpacked {
  ENVELOPE_OK,
  ENVELOPE_BROKEN,  /* records that claim too much, a record twice, a control character or an octet out of its
                       range */
  ENVELOPE_FOREIGN, /* an unknown record that must be understood */
  ENVELOPE_TOOMANY, /* recipients */
  ENVELOPE_NOMEM
};
/* Adds what the records say to e; several pieces may follow one another, none splits a record. */
extern enum envelope_unpacked envelope_unpack(envelope *e, char const *s, size_t len);

#endif
