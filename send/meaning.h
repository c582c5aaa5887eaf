/* meaning - what door `alias` answered about a message's recipients is carried out: each goes to a user, to
   an alias's programs, on by SMTP, becomes new messages, is unknown, or waits. */
#ifndef TERN_SEND_MEANING_H
#define TERN_SEND_MEANING_H

#include "send/runner.h"

/* The whole answer about list[0..n-1], all STAGE_ASKED. What it does not mention, or says wrongly, is tried
 * later. */
extern void meaning_take(runner *r, message *m, uint32_t const *list, uint32_t n, char const *s, size_t len);

#endif
