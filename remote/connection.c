/* connection - the SMTP connection that a worker holds. See connection.h for what it promises. */
#include <errno.h>
#include <string.h>
#include "lib/connect.h"
#include "remote/connection.h"

static int unable(connection *k, result *r)
{
  int e = errno;
  result_set(r, RESULT_TEMPORARY, STATUS_NO_ANSWER, "unable to connect to %s: %s", k->remote,
             e == ETIMEDOUT ? "no answer in time" : strerror(e));
  stream_close(&k->c.s);
  errno = e;
  return 0;
}

int connection_open(connection *k, settings const *s, mx_host const *h, char const *destination, int door,
                    result *r)
{
  tain deadline;
  int fd;
  mx_remote(k->remote, h);
  memcpy(k->destination, destination, strlen(destination) + 1);
  k->uses = 0;
  tain_now_g();
  tain_addsec_g(&k->end, CONNECTION_SECONDS);
  tain_addsec_g(&deadline, (int)control_number(&s->c, CONTROL_TIMEOUTCONNECT));
  fd = connect_to(&h->ip, h->port, door, &deadline);
  if (fd < 0 || !stream_init(&k->c.s, fd, door))
    return unable(k, r);
  return smtp_open(&k->c, s->self.me, (unsigned int)control_number(&s->c, CONTROL_TIMEOUTREMOTE), r);
}

int connection_serves(connection const *k, char const *destination)
{
  return connection_is_open(k) && k->uses < CONNECTION_USES && tain_future(&k->end) &&
         !strcmp(k->destination, destination);
}

void connection_close(connection *k)
{
  smtp_quit(&k->c);
}
