/* checksum - CRC-32C (Castagnoli), reflected polynomial 0x82f63b78 (RFC 3720 appendix B.4).

   The processor's instruction where it has one, found out at the first call; else eight tables, which are
   made only then. Both give the same sums: a queue may move to another machine. */
#include <string.h>
#include "lib/checksum.h"

#define POLYNOMIAL 0x82f63b78u

typedef uint32_t sum_function(uint32_t, unsigned char const *, size_t);

static uint32_t table[8][256];

static void table_make(void)
{
  for (unsigned int i = 0; i < 256; i++) {
    uint32_t c = i;
    for (unsigned int bit = 0; bit < 8; bit++)
      c = c & 1 ? c >> 1 ^ POLYNOMIAL : c >> 1;
    table[0][i] = c;
  }
  for (unsigned int k = 1; k < 8; k++)
    for (unsigned int i = 0; i < 256; i++)
      table[k][i] = table[k - 1][i] >> 8 ^ table[0][table[k - 1][i] & 0xff];
}

static uint32_t sum_by_table(uint32_t c, unsigned char const *s, size_t len)
{
  for (; len >= 8; s += 8, len -= 8) {
    c ^= (uint32_t)s[0] | (uint32_t)s[1] << 8 | (uint32_t)s[2] << 16 | (uint32_t)s[3] << 24;
    c = table[7][c & 0xff] ^ table[6][c >> 8 & 0xff] ^ table[5][c >> 16 & 0xff] ^ table[4][c >> 24] ^
        table[3][s[4]] ^ table[2][s[5]] ^ table[1][s[6]] ^ table[0][s[7]];
  }
  while (len--)
    c = table[0][(c ^ *s++) & 0xff] ^ c >> 8;
  return c;
}

#if defined(__x86_64__)
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t sum_by_instruction(uint32_t before, unsigned char const *s,
                                                                     size_t len)
{
  uint64_t c = before;
  for (; len >= 8; s += 8, len -= 8) {
    uint64_t word;
    memcpy(&word, s, 8);
    c = _mm_crc32_u64(c, word);
  }
  while (len--)
    c = _mm_crc32_u8((uint32_t)c, *s++);
  return (uint32_t)c;
}
static int has_instruction(void)
{
  return !!__builtin_cpu_supports("sse4.2");
}
#else
#define sum_by_instruction sum_by_table
static int has_instruction(void)
{
  return 0;
}
#endif

static sum_function *choose(void)
{
  if (has_instruction())
    return &sum_by_instruction;
  table_make();
  return &sum_by_table;
}

uint32_t checksum(uint32_t before, char const *s, size_t len)
{
  static sum_function *sum = 0;
  if (!sum)
    sum = choose();
  return ~(*sum)(~before, (unsigned char const *)s, len);
}

uint32_t checksum_by_table(uint32_t before, char const *s, size_t len)
{
  if (!table[0][1])
    table_make();
  return ~sum_by_table(~before, (unsigned char const *)s, len);
}
