/* file - the format of a queue file, and nothing that touches the disk.

   0       the state: FILE_SECTORS sectors of FILE_SECTOR bytes, a hole until the first mark
     0     checksum of the other 508 bytes
     4     "St", the sector's number (2)
     8     the packed id (16)
     24    sector 0: attempts (4), hold (1), told (1) and 2 zeros, next try (8), groups (4), their sum (8); in the
           others zeros
     52    zeros
     64    an octet for each of FILE_SECTOR_RCPTS recipients: enum store_rcpt
   16384   the head, FILE_HEAD bytes
     0     "TernMsg\n"
     8     version (4), bytes of the envelope (4)
     16    the packed id (16)
     32    uid (8), octets of the body (8)
     48    recipients (4), checksum of the body (4)
     56    zeros
     124   checksum of bytes 0 to 123 and of the envelope: here, and so, in every version
   16512   the envelope: records of lib/envelope
   then    the body
   then    the notes, each:
     0     bytes that follow this field (4)
     4     seconds since 1970 (8)
     12    the number of recipients (4), the index of each (4)
     then  a result of lib/result
     then  checksum of the packed id and of all before it in the note (4)

   Each sector stands for itself. One of zeros says that nothing was done; one that is neither zeros nor
   right was torn. Numbers are big-endian; checksums are CRC-32C. */
#ifndef TERN_FILE_H
#define TERN_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <skalibs/stralloc.h>
#include "lib/envelope.h"
#include "lib/id.h"
#include "lib/result.h"

#define FILE_SECTOR 512u
#define FILE_SECTORS 32u
#define FILE_SECTOR_RCPTS 448u
#define FILE_STATE 16384u /* bytes of the state: where the head begins */
#define FILE_HEAD 128u
#define FILE_VERSION 1u
#define FILE_ENVELOPE_MAX 8388608u /* bytes */
#define FILE_NOTES_MAX 1048576u    /* bytes of all notes */
#define FILE_PATH (8u + ID_LEN + 1u)

/* queue/C/ID with a NUL; C is the id's last character. */
extern void file_path(char s[FILE_PATH], id const *i);

typedef struct file_head_s file_head;
struct file_head_s {
  id i;
  uint64_t uid;
  uint64_t body_length;
  uint32_t envelope_length;
  uint32_t rcpts;
  uint32_t body_sum;
};
/* The head's bytes, checksum included. */
extern void file_head_pack(char s[FILE_HEAD], file_head const *h, char const *records);
/* Only what is bounded is believed: lengths over the format's limits are not a head. 0: it is none. */
extern int file_head_unpack(file_head *h, char const s[FILE_HEAD]);
/* Once the records of the envelope are read. FILE_FOREIGN: right, but of another version. */
enum file_judged { FILE_RIGHT, FILE_WRONG, FILE_FOREIGN };
extern enum file_judged file_head_judge(char const s[FILE_HEAD], char const *records, size_t len);

typedef struct file_sector_s file_sector;
struct file_sector_s {
  uint32_t attempts; /* these in sector 0 only: as in store_state */
  uint64_t next;
  int hold;
  int told;
  uint32_t groups;
  uint64_t groups_sum;
  unsigned char rcpt[FILE_SECTOR_RCPTS];
};
enum file_sector_found { FILE_SECTOR_EMPTY, FILE_SECTOR_RIGHT, FILE_SECTOR_TORN };
/* Sector `number` of the state. TORN: out is empty. */
extern void file_sector_pack(char s[FILE_SECTOR], id const *i, unsigned int number, file_sector const *in);
extern enum file_sector_found file_sector_unpack(file_sector *out, char const s[FILE_SECTOR], id const *i,
                                                 unsigned int number);
/* How many sectors n recipients need. */
#define file_sectors(n) ((n) ? (unsigned int)(((n) + FILE_SECTOR_RCPTS - 1) / FILE_SECTOR_RCPTS) : 1u)

/* Appends a note about the recipients in list[0..n-1]. 0: no memory. */
extern int file_note_pack(stralloc *out, id const *i, uint64_t when, uint32_t const *list, size_t n,
                          result const *r);
typedef struct file_note_s file_note;
struct file_note_s {
  uint64_t when;
  char const *list; /* n packed indexes: file_note_rcpt */
  size_t n;
  result r;
  size_t bytes; /* that the note takes */
};
/* The note at the start of s. 0: there is none that is whole. */
extern int file_note_unpack(file_note *note, char const *s, size_t len, id const *i);
extern uint32_t file_note_rcpt(file_note const *note, size_t k);

#endif
