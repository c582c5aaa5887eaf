/* chunk - BDAT (RFC 3030 section 2): a message in chunks of announced length. BINARYMIME is not offered, so
   what comes is lines, and a line may be split between two chunks. The octets of a chunk are never read as
   commands, whatever is wrong with it: one whose length can't be told ends the session. */
#ifndef TERN_SMTPD_CHUNK_H
#define TERN_SMTPD_CHUNK_H

#include "smtpd/session.h"

#define CHUNK_SMALL 256u /* octets: one that is smaller and not the last counts as noise */

extern void chunk_bdat(session *s, char *arg, size_t len);

#endif
