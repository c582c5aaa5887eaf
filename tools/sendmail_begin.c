/* sendmail_begin - how each mode of sendmail begins: the settings, and the addresses of the command line. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include "lib/control.h"
#include "tools/addresses.h"
#include "tools/home.h"
#include "tools/sendmail.h"

/* One write, so that lines of several programs do not mix; what came from outside can't end it or move the
 * cursor. */
int sendmail_say(int code, char const *what, char const *why)
{
  char line[1024];
  int n = what ? snprintf(line, sizeof line - 1, "sendmail: %.600s: %s", what, why)
               : snprintf(line, sizeof line - 1, "sendmail: %s", why);
  size_t len = n < 0 ? 0 : (size_t)n < sizeof line - 1 ? (size_t)n : sizeof line - 2;
  for (size_t i = 0; i < len; i++)
    if ((unsigned char)line[i] < 32 || line[i] == 127)
      line[i] = '?';
  line[len++] = '\n';
  fwrite(line, 1, len, stderr);
  return code;
}

int sendmail_begin(sendmail *s)
{
  static enum control_name const names[] = {CONTROL_ME, CONTROL_DATABYTES};
  static control c = CONTROL_ZERO;
  stralloc problem = STRALLOC_ZERO;
  if (!home_enter(&s->root))
    return sendmail_say(errno == ENOENT ? EX_CONFIG : EX_TEMPFAIL, home_name(), strerror(errno));
  if (!control_read(&c, names, sizeof names / sizeof *names, s->root, &problem))
    return sendmail_say(EX_CONFIG, home_name(), problem.len ? problem.s : "out of memory");
  s->l.me = s->l.f.me = control_line(&c, CONTROL_ME);
  s->databytes = control_number(&c, CONTROL_DATABYTES);
  s->l.in.max = s->databytes;
  s->l.e.ret = s->o.ret;
  s->l.e.body = s->o.body;
  return 0;
}

static int add(void *data, addresses_found const *a)
{
  letter *l = data;
  return letter_recipient(l, a->s, a->len, a->complete);
}

static int is_clean(char const *s)
{
  for (; *s; s++)
    if ((unsigned char)*s < 32 || *s == 127)
      return 0;
  return 1;
}

int sendmail_recipients(sendmail *s)
{
  for (char const *const *p = s->o.recipients; *p; p++) {
    if (!is_clean(*p))
      return sendmail_say(EX_DATAERR, *p, "an address holds no line break or other control character");
    switch (addresses_parse(*p, strlen(*p), add, &s->l)) {
    case ADDRESSES_OK: break;
    case ADDRESSES_SYNTAX: return sendmail_say(EX_DATAERR, *p, "this is not an address");
    case ADDRESSES_STOPPED:
      return errno == EINVAL  ? sendmail_say(EX_DATAERR, *p, "this is not an address")
             : errno == E2BIG ? sendmail_say(EX_DATAERR, *p, "there are too many recipients")
                              : sendmail_say(EX_TEMPFAIL, *p, strerror(errno));
    }
  }
  return 0;
}
