/* checksum - CRC-32C (Castagnoli), by the processor's instruction where it has one. */
#ifndef TERN_CHECKSUM_H
#define TERN_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of what was summed before (0 at first) and these octets. */
extern uint32_t checksum(uint32_t before, char const *s, size_t len);
/* The same sum without the instruction, so that a test can compare the two. */
extern uint32_t checksum_by_table(uint32_t before, char const *s, size_t len);

#endif
