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

/* Over the connection as it is. 0: it is lost, and some recipients are open. */
static int talk(attempt *v)
{
  v->k.c.s.door = v->door;
  v->t.answered = 0;
  errno = 0;
  v->k.uses++;
  return transaction_run(&v->t) != TRANSACTION_LOST;
}

/* The connection from the last message. A host may close it at any time without saying so; only if it did is
   the message tried on a new one as if nothing had been. 1: it is done. */
static int reuse(attempt *v, search *x)
{
  if (!connection_serves(&v->k, x->destination)) {
    connection_close(&v->k);
    return 0;
  }
  if (talk(v))
    return 1;
  if (v->t.answered) {
    x->lost++;
    refused(v, x, &v->t.problem);
  } else if (errno == ECANCELED)
    x->abandoned = x->tried = 1, x->last = v->t.problem;
  return 0;
}

/* A new connection to one host. 1: every recipient is decided. */
static int try_host(attempt *v, search *x, mx_host const *h)
{
  result r;
  errno = 0;
  if (!connection_open(&v->k, v->s, h, x->destination, v->door, &r)) {
    refused(v, x, &r);
    return 0;
  }
  if (talk(v))
    return 1;
  x->lost++;
  v->t.careful |= v->t.problem.status == STATUS_PROTOCOL; /* perhaps it only claims to know pipelining */
  refused(v, x, &v->t.problem);
  return 0;
}

static void try_hosts(attempt *v, search *x)
{
  size_t i;
  for (i = 0; i < v->hosts.n || mx_more(&v->hosts, v->s); i++) {
    int careful = v->t.careful;
    tain_now_g();
    pool_draining(&x->end);
    if (x->abandoned || x->lost >= ATTEMPT_LOST || !tain_future(&x->end))
      break;
    if (try_host(v, x, v->hosts.host + i))
      return;
    if (!careful && v->t.careful && !x->abandoned && try_host(v, x, v->hosts.host + i))
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
  v->k.remote[0] = connection_is_open(&v->k) ? v->k.remote[0] : 0;
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
  tain_now_g();
  tain_addsec_g(&x.end, ATTEMPT_SECONDS);
  if (!prepare(v, j, &x, &r)) {
    transaction_decide(&v->t, &r);
    return;
  }
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
