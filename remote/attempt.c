/* attempt - one job, from its destination to a result for each recipient. See attempt.h for what it
 * promises. */
#include <errno.h>
#include <string.h>
#include "lib/log.h"
#include "lib/pool.h"
#include "remote/attempt.h"

/* The search for a host that takes the message. */
typedef struct search_s search;
struct search_s {
  char destination[MX_DESTINATION];
  result last; /* why the hosts so far did not: temporary as soon as one of them was */
  unsigned int tried : 1;
  unsigned int abandoned : 1; /* the runner is gone */
  unsigned int lost;          /* transactions that broke */
  size_t next;                /* the host to look at */
  unsigned int again;         /* 1: the second time, for those that did not answer a short attempt */
  tain end;
};

void attempt_init(attempt *v, settings const *s)
{
  v->s = s;
  v->door = -1;
  v->k.c.s.fd = -1;
  v->hosts.n = 0;
}

static void refused(attempt const *v, search *x, result const *r)
{
  if (!x->tried || r->class == RESULT_TEMPORARY || x->last.class != RESULT_TEMPORARY)
    x->last = *r;
  x->tried = 1;
  x->abandoned = errno == ECANCELED;
  log_event(v->t.j->id, "connect", "remote", v->k.remote, "problem", r->text, (char *)0);
}

/* Over the connection as it is. */
static enum transaction_end talk(attempt *v)
{
  v->k.c.s.door = v->door;
  v->t.answered = 0;
  errno = 0;
  v->k.uses++;
  return transaction_run(&v->t);
}

/* The connection from the last message. A host may close it at any time without saying so; only if it did is
   the message tried on a new one as if nothing had been. 1: it is done. */
static int reuse(attempt *v, search *x)
{
  if (!connection_serves(&v->k, x->destination)) {
    connection_close(&v->k);
    return 0;
  }
  switch (talk(v)) {
  case TRANSACTION_LOST: break;
  case TRANSACTION_FULL: return 0;
  default: return 1;
  }
  if (v->t.answered) {
    x->lost++;
    refused(v, x, &v->t.problem);
  } else if (errno == ECANCELED) {
    x->abandoned = x->tried = 1;
    x->last = v->t.problem;
  }
  return 0;
}

/* Where another host is left, one that does not answer is not waited for long: the dead family of a host with
   two, or a dead MX, would cost all of timeoutconnect each time. */
static unsigned int connect_seconds(attempt const *v, mx_host const *h)
{
  unsigned int all = (unsigned int)control_number(&v->s->c, CONTROL_TIMEOUTCONNECT);
  int others = v->hosts.n > 1 || v->hosts.next < v->hosts.mx.n;
  return others && !h->slow && all > ATTEMPT_SHORT ? ATTEMPT_SHORT : all;
}

static int open_host(attempt *v, search *x, mx_host *h)
{
  unsigned int seconds = connect_seconds(v, h);
  enum connection_opened opened;
  result r;
  errno = 0;
  memcpy(v->k.destination, x->destination, sizeof v->k.destination);
  v->k.c.lmtp = v->hosts.lmtp;
  v->k.c.s.door = v->door;
  opened = connection_open(&v->k, v->s, h, seconds, &r);
  if (opened == CONNECTION_OPEN)
    return 1;
  h->slow = opened == CONNECTION_SLOW && seconds < control_number(&v->s->c, CONTROL_TIMEOUTCONNECT);
  refused(v, x, &r);
  return 0;
}

static int may_go_on(search *x)
{
  tain_now_g();
  pool_draining(&x->end);
  return !x->abandoned && x->lost < ATTEMPT_LOST && tain_future(&x->end);
}

/* New connections to one host, as many as its MAILMAX makes necessary and as there is time for. 1: every recipient is
   decided. */
static int try_host(attempt *v, search *x, mx_host *h)
{
  enum transaction_end end;
  do {
    if (!open_host(v, x, h))
      return 0;
    end = talk(v);
  } while (end == TRANSACTION_FULL && may_go_on(x));
  if (end == TRANSACTION_FULL)
    return 0;
  if (end != TRANSACTION_LOST)
    return 1;
  x->lost++;
  v->t.careful |= v->t.problem.status == STATUS_PROTOCOL; /* perhaps it only claims to know pipelining */
  refused(v, x, &v->t.problem);
  return 0;
}

/* Those that did not answer a short attempt come last, and get all of timeoutconnect. The list remembers them for as
   long as it is fresh. 0: there is none left. */
static mx_host *next_host(attempt *v, search *x)
{
  for (; x->again < 2; x->again++, x->next = 0)
    while (x->next < v->hosts.n || (!x->again && mx_more(&v->hosts, v->s))) {
      mx_host *h = v->hosts.host + x->next++;
      if (h->slow == x->again)
        return h;
    }
  return 0;
}

static void try_hosts(attempt *v, search *x)
{
  mx_host *h;
  while (may_go_on(x) && (h = next_host(v, x))) {
    int careful = v->t.careful;
    if (try_host(v, x, h))
      return;
    if (!careful && v->t.careful && !x->abandoned && try_host(v, x, h))
      return;
  }
  if (x->last.class != RESULT_TEMPORARY && v->hosts.temporary)
    result_set(&x->last, RESULT_TEMPORARY, STATUS_DNS, "no answer from DNS about the addresses of some MX");
  transaction_decide(&v->t, &x->last);
}

/* What the job asks for. 0: *r. */
static int prepare(attempt *v, job const *j, search *x, result *r)
{
  char const *domain = envelope_string(&j->e, j->domain), *route = envelope_string(&j->e, j->route);
  if (!connection_is_open(&v->k))
    v->k.remote[0] = 0;
  if (!mx_destination(x->destination, domain, route)) {
    result_set(r, RESULT_PERMANENT, STATUS_UNKNOWN_SYSTEM, "the destination is empty or too long");
    return 0;
  }
  if (body_open(&v->b, j->fd, j->offset, j->length))
    return 1;
  result_set(r, RESULT_TEMPORARY, STATUS_SYSTEM, "unable to read the message: %s", strerror(errno));
  log_event(j->id, "warning", "what", r->text, (char *)0);
  return 0;
}

void attempt_run(attempt *v, job const *j)
{
  search x = {.lost = 0};
  result r;
  v->t.c = &v->k.c;
  v->t.j = j;
  v->t.b = &v->b;
  v->t.seconds = (unsigned int)control_number(&v->s->c, CONTROL_TIMEOUTREMOTE);
  v->t.seconds_done = (unsigned int)control_number(&v->s->c, CONTROL_TIMEOUTDONE);
  v->t.results = v->results;
  transaction_begin(&v->t);
  result_set(&x.last, RESULT_TEMPORARY, STATUS_SYSTEM, "there was no time left for it");
  tain_now_g();
  tain_addsec_g(&x.end, ATTEMPT_SECONDS);
  if (!prepare(v, j, &x, &r)) {
    transaction_decide(&v->t, &r);
    return;
  }
  stream_trust(&v->k.c.s);
  if (reuse(v, &x))
    return;
  if (!x.tried)
    v->k.remote[0] = 0;
  if (x.abandoned)
    transaction_decide(&v->t, &x.last);
  else if (mx_find(&v->hosts, v->s, envelope_string(&j->e, j->domain), envelope_string(&j->e, j->route), &r))
    try_hosts(v, &x);
  else
    transaction_decide(&v->t, x.tried ? &x.last : &r);
}
