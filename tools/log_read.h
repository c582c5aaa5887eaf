/* log_read - the lines of all logs below HOME/log, file by file: what s6-log keeps there (@*.s, @*.u,
 * previous, current), also while it moves them. */
#ifndef TERN_LOG_READ_H
#define TERN_LOG_READ_H

#include <stddef.h>

#define LOG_READ_LINE 8192u /* octets of a line; the rest of a longer one is not read */

/* Calls f with each line and the service's name. 1: all was read; 0: errno (of a folder or file that can't be
   opened, or f gave 0); EACCES: the caller may not read the logs. */
extern int log_read(int (*f)(void *data, char const *service, char const *s, size_t len), void *data);

#endif
