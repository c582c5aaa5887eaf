/* command - the table of SMTP's commands (RFC 5321 section 4.1.1), and the short ones of them. */
#ifndef TERN_SMTPD_COMMAND_H
#define TERN_SMTPD_COMMAND_H

#include "smtpd/session.h"

/* Obeys one line (NUL-terminated, without its end). bare: it is none by the rules, since it ends with LF alone or holds
   a CR. */
extern void command_run(session *s, char *line, size_t len, int bare);
/* May what is there of a line become a command? 0: this is another protocol, and the session ends. */
extern int command_may_begin(session *s);
/* Does the client speak on without having been answered, where that was not agreed on (PIPELINING)? */
extern int command_is_early(session const *s);
/* What is said to that: the end. */
extern void command_break(session *s);
/* Is this fit to be a client's name? */
extern int command_is_host(char const *s, size_t len);

#endif
