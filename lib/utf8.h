/* utf8 - one character of UTF-8 (RFC 3629): overlong forms, surrogates and what lies past U+10FFFF are none.
 */
#ifndef TERN_UTF8_H
#define TERN_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* The character at the start of s and the octets that it takes (1 to 4); 0: there is none (also if len is 0).
 */
extern size_t utf8_next(char const *s, size_t len, uint32_t *character);

#endif
