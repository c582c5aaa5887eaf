/* record - typed records: how they are written and read. A reader never looks beyond the bytes that it was
   given, and a record never grows past the two bytes of its length. */
#include <errno.h>
#include <string.h>
#include <skalibs/uint16.h>
#include <skalibs/uint64.h>
#include "lib/record.h"

int record_put(stralloc *out, unsigned char type, char const *s, size_t len)
{
  if (len > RECORD_MAX)
    return (errno = ERANGE, 0);
  if (!stralloc_readyplus(out, RECORD_HEAD + len))
    return 0;
  char *p = out->s + out->len;
  p[0] = (char)type;
  uint16_pack_big(p + 1, (uint16_t)len);
  if (len)
    memcpy(p + RECORD_HEAD, s, len);
  out->len += RECORD_HEAD + len;
  return 1;
}

int record_puts(stralloc *out, unsigned char type, char const *s)
{
  return record_put(out, type, s, strlen(s));
}

int record_put_number(stralloc *out, unsigned char type, uint64_t n)
{
  char packed[8];
  uint64_pack_big(packed, n);
  return record_put(out, type, packed, sizeof packed);
}

enum record_found record_next(record_reader *r, record *one)
{
  uint16_t len;
  if (!r->len)
    return RECORD_END;
  if (r->len < RECORD_HEAD)
    return RECORD_BROKEN;
  uint16_unpack_big(r->s + 1, &len);
  if (r->len - RECORD_HEAD < len)
    return RECORD_BROKEN;
  one->type = (unsigned char)r->s[0];
  one->s = r->s + RECORD_HEAD;
  one->len = len;
  r->s += RECORD_HEAD + len;
  r->len -= RECORD_HEAD + len;
  return RECORD_ONE;
}

int record_number(record const *one, uint64_t *n)
{
  if (one->len != 8)
    return 0;
  uint64_unpack_big(one->s, n);
  return 1;
}

int record_string(record const *one, char *s, size_t max)
{
  if (one->len >= max || memchr(one->s, 0, one->len))
    return 0;
  memcpy(s, one->s, one->len);
  s[one->len] = 0;
  return 1;
}
