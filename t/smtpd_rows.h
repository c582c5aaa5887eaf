/* smtpd_rows - tests of the dialogue as rows: what a client says, the beginnings of the replies (t/smtpd_house.h),
   and what is stored. Each row is said at once and again an octet at a time; the answers must be the same. */
#ifndef TERN_T_SMTPD_ROWS_H
#define TERN_T_SMTPD_ROWS_H

#include "t/smtpd_house.h"

#define SPAN(s) s, sizeof(s) - 1
#define H "HELO c.test\r\n"
#define M "MAIL FROM:<s@x.test>\r\n"
#define R "RCPT TO:<u1@here.test>\r\n"
#define D "DATA\r\n"
#define B "Subject: x\r\n\r\nbody\r\n.\r\n"
#define Q "QUIT\r\n"
#define CLIENT "client 127.0.0.1 c.test SMTP\n"
#define STORED "from s@x.test\n" CLIENT "to u1@here.test\n\nSubject: x\n\nbody\n"

typedef struct row_s row;
struct row_s {
  char const *name, *say;
  size_t len;
  char const *want;
  char const *stored; /* 0: nothing */
};

static void say(row const *r, size_t piece)
{
  stralloc got = STRALLOC_ZERO;
  (void)house_session_of(r->name, r->say, r->len, piece, r->want);
  int stored = house_take(&got);
  if (stored != !!r->stored || (stored && strcmp(got.s, r->stored)))
    fail_msg("%s: stored \"%s\", want \"%s\"", r->name, stored ? got.s : "nothing",
             r->stored ? r->stored : "nothing");
  if (house_take(&got))
    fail_msg("%s: stored a second message: \"%s\"", r->name, got.s);
  stralloc_free(&got);
}

__attribute__((unused)) static void say_all(row const *rows, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    say(rows + i, 0);
    say(rows + i, 1);
  }
}
#define SAY(rows) say_all(rows, sizeof(rows) / sizeof *(rows))

#endif
