/* command - the table of SMTP's commands (RFC 5321 section 4.1.1), and the short ones of them. */
#ifndef TERN_SMTPD_COMMAND_H
#define TERN_SMTPD_COMMAND_H

#include "smtpd/session.h"

/* Obeys one line (NUL-terminated, without its end). */
extern void command_run(session *s, char *line, size_t len);

#endif
