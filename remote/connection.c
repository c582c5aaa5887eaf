/* connection - the SMTP connection that a worker holds. See connection.h for what it promises. */
#include <errno.h>
#include <string.h>
#include "lib/connect.h"
#include "remote/connection.h"
#include "remote/porter.h"

static enum connection_opened unable(connection *k, mx_host const *h, ip46 const *source, result *r)
{
  int e = errno;
  if (source && e == EADDRNOTAVAIL)
    result_set(r, RESULT_TEMPORARY, STATUS_MISCONFIGURED,
               "unable to connect to %s: sourceaddress is not an address of this machine", k->remote);
  else if (mx_is_socket(h) && e == EPERM)
    result_set(r, RESULT_TEMPORARY, STATUS_MISCONFIGURED,
               "unable to connect to %s: smtproutes does not name it", k->remote);
  else
    result_set(r, RESULT_TEMPORARY, STATUS_NO_ANSWER, "unable to connect to %s: %s", k->remote,
               e == ETIMEDOUT ? "no answer in time" : strerror(e));
  stream_close(&k->c.s);
  errno = e;
  return e == ETIMEDOUT ? CONNECTION_SLOW : CONNECTION_NONE;
}

enum connection_opened connection_open(connection *k, settings const *s, mx_host const *h,
                                       unsigned int seconds, result *r)
{
  ip46 const *source = mx_is_socket(h) ? 0 : settings_source(s, &h->ip);
  int door = k->c.s.door, fd;
  tain deadline;
  mx_remote(k->remote, h);
  k->uses = 0;
  tain_now_g();
  tain_addsec_g(&k->end, CONNECTION_SECONDS);
  tain_addsec_g(&deadline, (int)seconds);
  fd = mx_is_socket(h) ? porter_connect(s->porter, h->name, door, &deadline)
                       : connect_to(&h->ip, h->port, source, door, &deadline);
  if (fd < 0 || !stream_init(&k->c.s, fd, door))
    return unable(k, h, source, r);
  return smtp_open(&k->c, s->helo, (unsigned int)control_number(&s->c, CONTROL_TIMEOUTREMOTE), r)
             ? CONNECTION_OPEN
             : CONNECTION_REFUSED;
}

int connection_serves(connection const *k, char const *destination)
{
  return connection_is_open(k) && k->uses < CONNECTION_USES && smtp_has_room(&k->c) && tain_future(&k->end) &&
         !strcmp(k->destination, destination);
}

void connection_close(connection *k)
{
  smtp_quit(&k->c);
}
