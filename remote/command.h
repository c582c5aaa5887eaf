/* command - the lines of a transaction: MAIL and RCPT with the parameters that the server offered. */
#ifndef TERN_REMOTE_COMMAND_H
#define TERN_REMOTE_COMMAND_H

#include <stddef.h>
#include <stdint.h>
#include "lib/envelope.h"

#define COMMAND_BATCH 8192u /* octets after which a batch is sent, so that neither side's window can fill */
#define COMMAND_LINE 3072u  /* octets that one line may take */

typedef struct command_buffer_s command_buffer;
struct command_buffer_s {
  size_t len;
  char s[COMMAND_BATCH + COMMAND_LINE];
};

/* Can this address stand between < and >? Control characters, and brackets or spaces outside quotes, never go
 * out. */
extern int command_path_is_safe(char const *address);
/* Has it octets above 127? */
extern int command_is_8bit(char const *s);

/* size: RFC 1870, 0: not said. utf8: say SMTPUTF8. offers: enum smtp_offer. */
extern void command_mail(command_buffer *b, envelope const *e, unsigned int offers, uint64_t size, int utf8);
extern void command_rcpt(command_buffer *b, envelope const *e, size_t rcpt, unsigned int offers);
extern void command_plain(command_buffer *b, char const *line); /* DATA, RSET */

#endif
