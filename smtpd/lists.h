/* lists - the operator's lists of what is not wanted: badmailfrom, badrcptto and badhelo. Case does not count. */
#ifndef TERN_SMTPD_LISTS_H
#define TERN_SMTPD_LISTS_H

#include <stddef.h>

/* lines: of lib/control. An address is named by itself, by "@domain", or by "@.domain" for all below it. */
extern int lists_has_address(char const *lines, char const *address, size_t len);
/* A host by its name or literal, or by ".domain" for all below it. */
extern int lists_has_host(char const *lines, char const *host);

#endif
