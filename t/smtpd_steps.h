/* smtpd_steps - dialogues in steps: each part is sent when what was said before has been answered. */
#ifndef TERN_T_SMTPD_STEPS_H
#define TERN_T_SMTPD_STEPS_H

#include "t/smtpd_house.h"

#define STEPS 8u

typedef struct step_s step;
struct step_s {
  char const *s;
  size_t len;
};
typedef struct steps_s steps;
struct steps_s {
  char const *name;
  step say[STEPS]; /* one without s is the last */
  char const *want;
};
#define SAID(s)                                                                                              \
  {                                                                                                          \
    s, sizeof(s) - 1                                                                                         \
  }

/* Reads until a whole reply is there that was not before. 0: the server has closed. */
static int steps_hear(int fd, stralloc *heard)
{
  size_t from = heard->len;
  char part[4096];
  for (;;) {
    struct pollfd x = {.fd = fd, .events = POLLIN};
    ssize_t r = poll(&x, 1, 60000) == 1 ? read(fd, part, sizeof part) : -1;
    if (r <= 0)
      return 0;
    assert_true(stralloc_catb(heard, part, (size_t)r));
    for (size_t at = from; at + 4 < heard->len;) {
      char const *end = memchr(heard->s + at, '\n', heard->len - at);
      if (!end)
        break;
      if (heard->s[at + 3] == ' ' && end + 1 == heard->s + heard->len)
        return 1;
      at = (size_t)(end - heard->s) + 1;
    }
  }
}

/* Gives the exit code of the session's process: 1 if it called the client odd. */
__attribute__((unused)) static int steps_run(steps const *t)
{
  stralloc heard = STRALLOC_ZERO;
  int fd, wstat;
  pid_t pid = house_serve(&fd);
  for (size_t i = 0; i < STEPS && t->say[i].s && steps_hear(fd, &heard); i++)
    if (send(fd, t->say[i].s, t->say[i].len, MSG_NOSIGNAL) < 0)
      break;
  while (steps_hear(fd, &heard))
    ;
  close(fd);
  waitpid(pid, &wstat, 0);
  assert_true(stralloc_0(&heard));
  house_compare(t->name, heard.s, t->want);
  stralloc_free(&heard);
  if (!WIFEXITED(wstat))
    fail_msg("%s: the process died of signal %d", t->name, WTERMSIG(wstat));
  return WEXITSTATUS(wstat);
}

#endif
