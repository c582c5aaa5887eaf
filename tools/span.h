/* span - how long: "45s", "12m", "3h20m", "4d03h". */
#ifndef TERN_SPAN_H
#define TERN_SPAN_H

#include <stdint.h>

#define SPAN 16u /* octets, with the NUL */

extern void span_fmt(char s[SPAN], uint64_t seconds);
extern void span_since(char s[SPAN], uint64_t now, uint64_t then); /* then 0: "-" */
extern void span_until(char s[SPAN], uint64_t now, uint64_t then); /* not after now: "now" */

#endif
