/* file - writes and reads the bytes of a queue file in memory. Whatever it is given to read may be nonsense:
   lengths are judged before they are used. */
#include <string.h>
#include <skalibs/uint16.h>
#include <skalibs/uint32.h>
#include <skalibs/uint64.h>
#include "lib/checksum.h"
#include "queue/file.h"

_Static_assert(FILE_SECTORS *FILE_SECTOR_RCPTS >= ENVELOPE_RCPT_MAX, "a mark for each recipient");
_Static_assert(FILE_SECTORS *FILE_SECTOR == FILE_STATE, "the head follows the state");
_Static_assert(64 + FILE_SECTOR_RCPTS == FILE_SECTOR, "marks fill a sector");

#define HEAD_MAGIC "TernMsg\n"
#define HEAD_SUM (FILE_HEAD - 4u)
#define SECTOR_MAGIC "St"
#define SECTOR_MARKS 64u
#define NOTE_START 16u /* bytes before the indexes */
#define NOTE_MIN (NOTE_START + 4u)

void file_path(char s[FILE_PATH], id const *i)
{
  memcpy(s, "queue/?/", 8);
  id_fmt(s + 8, i);
  s[6] = s[8 + ID_LEN - 1];
}

static uint32_t head_sum(char const s[FILE_HEAD], char const *records, size_t len)
{
  return checksum(checksum(0, s, HEAD_SUM), records, len);
}

void file_head_pack(char s[FILE_HEAD], file_head const *h, char const *records)
{
  memset(s, 0, FILE_HEAD);
  memcpy(s, HEAD_MAGIC, 8);
  uint32_pack_big(s + 8, FILE_VERSION);
  uint32_pack_big(s + 12, h->envelope_length);
  id_pack(s + 16, &h->i);
  uint64_pack_big(s + 32, h->uid);
  uint64_pack_big(s + 40, h->body_length);
  uint32_pack_big(s + 48, h->rcpts);
  uint32_pack_big(s + 52, h->body_sum);
  uint32_pack_big(s + HEAD_SUM, head_sum(s, records, h->envelope_length));
}

int file_head_unpack(file_head *h, char const s[FILE_HEAD])
{
  if (memcmp(s, HEAD_MAGIC, 8))
    return 0;
  uint32_unpack_big(s + 12, &h->envelope_length);
  id_unpack(&h->i, s + 16);
  uint64_unpack_big(s + 32, &h->uid);
  uint64_unpack_big(s + 40, &h->body_length);
  uint32_unpack_big(s + 48, &h->rcpts);
  uint32_unpack_big(s + 52, &h->body_sum);
  return h->envelope_length <= FILE_ENVELOPE_MAX && h->body_length < UINT64_C(1) << 62;
}

enum file_judged file_head_judge(char const s[FILE_HEAD], char const *records, size_t len)
{
  uint32_t sum, version;
  uint32_unpack_big(s + HEAD_SUM, &sum);
  uint32_unpack_big(s + 8, &version);
  if (sum != head_sum(s, records, len))
    return FILE_WRONG;
  return version == FILE_VERSION ? FILE_RIGHT : FILE_FOREIGN;
}

void file_sector_pack(char s[FILE_SECTOR], id const *i, unsigned int number, file_sector const *in)
{
  memset(s, 0, SECTOR_MARKS);
  memcpy(s + 4, SECTOR_MAGIC, 2);
  uint16_pack_big(s + 6, (uint16_t)number);
  id_pack(s + 8, i);
  if (!number) {
    uint32_pack_big(s + 24, in->attempts);
    s[28] = !!in->hold;
    s[29] = !!in->told;
    uint64_pack_big(s + 32, in->next);
    uint32_pack_big(s + 40, in->groups);
    uint64_pack_big(s + 44, in->groups_sum);
  }
  memcpy(s + SECTOR_MARKS, in->rcpt, FILE_SECTOR_RCPTS);
  uint32_pack_big(s, checksum(0, s + 4, FILE_SECTOR - 4));
}

static int is_zeros(char const *s, size_t len)
{
  return !*s && !memcmp(s, s + 1, len - 1);
}

enum file_sector_found file_sector_unpack(file_sector *out, char const s[FILE_SECTOR], id const *i,
                                          unsigned int number)
{
  char packed[ID_PACK];
  uint32_t sum;
  uint16_t n;
  memset(out, 0, sizeof *out);
  if (is_zeros(s, FILE_SECTOR))
    return FILE_SECTOR_EMPTY;
  uint32_unpack_big(s, &sum);
  uint16_unpack_big(s + 6, &n);
  id_pack(packed, i);
  if (memcmp(s + 4, SECTOR_MAGIC, 2) || n != number || memcmp(s + 8, packed, ID_PACK) ||
      sum != checksum(0, s + 4, FILE_SECTOR - 4))
    return FILE_SECTOR_TORN;
  uint32_unpack_big(s + 24, &out->attempts);
  out->hold = !!s[28];
  out->told = !!s[29];
  uint64_unpack_big(s + 32, &out->next);
  uint32_unpack_big(s + 40, &out->groups);
  uint64_unpack_big(s + 44, &out->groups_sum);
  memcpy(out->rcpt, s + SECTOR_MARKS, FILE_SECTOR_RCPTS);
  return FILE_SECTOR_RIGHT;
}

static uint32_t note_sum(char const *s, size_t len, id const *i)
{
  char packed[ID_PACK];
  id_pack(packed, i);
  return checksum(checksum(0, packed, ID_PACK), s, len);
}

int file_note_pack(stralloc *out, id const *i, uint64_t when, uint32_t const *list, size_t n, result const *r)
{
  size_t begin = out->len;
  if (!stralloc_readyplus(out, NOTE_MIN + 4 * n + RESULT_TEXT + 16))
    return 0;
  uint64_pack_big(out->s + begin + 4, when);
  uint32_pack_big(out->s + begin + 12, (uint32_t)n);
  for (size_t k = 0; k < n; k++)
    uint32_pack_big(out->s + begin + NOTE_START + 4 * k, list[k]);
  out->len += NOTE_START + 4 * n;
  if (!result_pack(out, r) || !stralloc_readyplus(out, 4))
    return (out->len = begin, 0);
  uint32_pack_big(out->s + begin,
                  (uint32_t)(out->len - begin)); /* less this field, plus the checksum: the same */
  uint32_pack_big(out->s + out->len, note_sum(out->s + begin, out->len - begin, i));
  out->len += 4;
  return 1;
}

int file_note_unpack(file_note *note, char const *s, size_t len, id const *i)
{
  uint32_t bytes, n, sum;
  if (len < NOTE_MIN)
    return 0;
  uint32_unpack_big(s, &bytes);
  uint32_unpack_big(s + 12, &n);
  if (bytes < NOTE_START || bytes > len - 4 || n > (bytes - NOTE_START) / 4)
    return 0;
  uint32_unpack_big(s + bytes, &sum);
  if (sum != note_sum(s, bytes, i))
    return 0;
  uint64_unpack_big(s + 4, &note->when);
  note->list = s + NOTE_START;
  note->n = n;
  note->bytes = bytes + 4;
  return result_unpack(&note->r, s + NOTE_START + 4 * (size_t)n, bytes - NOTE_START - 4 * (size_t)n);
}

uint32_t file_note_rcpt(file_note const *note, size_t k)
{
  uint32_t rcpt;
  uint32_unpack_big(note->list + 4 * k, &rcpt);
  return rcpt;
}
