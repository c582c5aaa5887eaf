/* punycode - a domain with octets above 127 as DNS knows it: each label in UTF-8 becomes "xn--..." (RFC 3492,
   5890). Nothing is mapped but ASCII to lower case: a U-label is in its normal form already (RFC 5891 section
   5). */
#ifndef TERN_REMOTE_PUNYCODE_H
#define TERN_REMOTE_PUNYCODE_H

#include "lib/answer.h"

/* A domain of ASCII alone is copied as it is. 0: not UTF-8, or too long. */
extern int punycode_domain(char out[ANSWER_NAME_MAX], char const *domain);

#endif
