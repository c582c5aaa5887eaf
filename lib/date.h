/* date - times as mail writes them. */
#ifndef TERN_DATE_H
#define TERN_DATE_H

#include <time.h>

#define DATE_5322 40u
/* RFC 5322 section 3.3, local time with its zone: "Tue, 24 Nov 2026 02:09:36 +0000". tzset must have been called. */
extern void date_5322(char s[DATE_5322], time_t t);
#define DATE_ASCTIME 32u
extern void date_asctime(char s[DATE_ASCTIME], time_t t); /* "Tue Nov 24 02:09:36 2026": mbox, local time */
extern void date_mailq(char s[DATE_ASCTIME], time_t t);   /* "Tue Nov 24 02:09:36", local time */

#endif
