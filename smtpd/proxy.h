/* proxy - the header that a proxy puts before a connection, to say whose it is: HAProxy's PROXY protocol, versions 1
   (text) and 2 (binary). */
#ifndef TERN_SMTPD_PROXY_H
#define TERN_SMTPD_PROXY_H

#include <stddef.h>
#include <skalibs/ip46.h>

#define PROXY_LINE_MAX 107u    /* octets of version 1, with CRLF */
#define PROXY_BINARY_MAX 2048u /* of what follows the head of version 2 that is taken */

enum proxy_got { PROXY_WHOLE, PROXY_PART, PROXY_BROKEN };

/* A header at the start of s. PROXY_WHOLE: *used octets; *client is changed if it names somebody. */
extern enum proxy_got proxy_read(char const *s, size_t len, ip46 *client, size_t *used);

#endif
