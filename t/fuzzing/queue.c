/* Queue files: heads, sectors of the state, notes; the first octet chooses. */
#include "queue/file.h"
#include "t/fuzzing/fuzz.h"

static id const i; /* all zeros */

static void read_head(char const *s, size_t len)
{
  char head[FILE_HEAD], packed[FILE_HEAD];
  file_head h;
  if (len < FILE_HEAD)
    return;
  memcpy(head, s, FILE_HEAD);
  if (!file_head_unpack(&h, head) || h.envelope_length > len - FILE_HEAD)
    return;
  PROMISE(h.envelope_length <= FILE_ENVELOPE_MAX);
  (void)file_head_judge(head, s + FILE_HEAD, h.envelope_length);
  file_head_pack(packed, &h, s + FILE_HEAD); /* its checksum is right, so that the mutations get further */
  PROMISE(file_head_unpack(&h, packed) &&
          file_head_judge(packed, s + FILE_HEAD, h.envelope_length) == FILE_RIGHT);
}

static void read_sector(char const *s, size_t len)
{
  char sector[FILE_SECTOR], packed[FILE_SECTOR];
  static file_sector in, again;
  if (len < FILE_SECTOR)
    return;
  memcpy(sector, s, FILE_SECTOR);
  (void)file_sector_unpack(&in, sector, &i, 0);
  file_sector_pack(packed, &i, 0, &in);
  PROMISE(file_sector_unpack(&again, packed, &i, 0) != FILE_SECTOR_TORN);
}

static void read_notes(char const *s, size_t len)
{
  file_note note;
  while (file_note_unpack(&note, s, len, &i)) {
    PROMISE(note.bytes && note.bytes <= len);
    for (size_t k = 0; k < note.n; k++)
      (void)file_note_rcpt(&note, k);
    s += note.bytes;
    len -= note.bytes;
  }
}

int LLVMFuzzerTestOneInput(uint8_t const *octets, size_t len)
{
  if (!len)
    return 0;
  char *s = malloc(len);
  memcpy(s, octets + 1, len - 1);
  switch (*octets % 3) {
  case 0: read_head(s, len - 1); break;
  case 1: read_sector(s, len - 1); break;
  default: read_notes(s, len - 1); break;
  }
  free(s);
  return 0;
}
