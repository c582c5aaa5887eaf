/* agent - what goes over a channel: jobs to an agent, and its answers. The bookkeeping is channel.c's. */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "lib/address.h"
#include "lib/log.h"
#include "send/channel.h"
#include "send/delivery.h"
#include "send/lane.h"
#include "send/results.h"

/* An agent that leaves reads no more, but does and answers what it has read: closing now would do that twice. What did
   not go out is lost when it closes. */
static void flush(channel *c)
{
  if (!door_flush(&c->d) && errno != EAGAIN)
    c->leaving = 1;
}

/* ---- what it says */

static void heard(void *data, unsigned int got)
{
  channel *c = data;
  frame f;
  do
    switch (door_get(&c->d, &f)) {
    case DOOR_FRAME:
      if (f.fd >= 0)
        close(f.fd);
      if (results_take(c, &f) && !c->refused)
        continue;
      if (!c->refused)
        log_event(0, "warning", "agent", c->of->name, "problem", "its answer makes no sense", (char *)0);
      /* fall through */
    case DOOR_CLOSED:
    case DOOR_BROKEN: channel_close(c); return;
    case DOOR_NOTHING: goto done;
    }
  while (door_has_frame(&c->d));
done:
  if (got & WATCH_WRITE && !c->leaving)
    flush(c);
  watch_want(&c->r->watch, &c->w,
             !c->leaving && door_wants_flush(&c->d) ? WATCH_READ | WATCH_WRITE : WATCH_READ);
}

int channel_open(channel *c)
{
  c->state = CHANNEL_OPEN;
  c->idle = c->r->now;
  return watch_add(&c->r->watch, &c->w, c->d.fd, WATCH_READ, &heard, c);
}

channel *channel_knock(runner *r, destination *d)
{
  tain deadline = STAMP;
  channel *c;
  if (!lane_up(r, LANE_REMOTE))
    return 0;
  c = channel_make(r, d, CHANNEL_OPEN);
  if (!c)
    return 0;
  if (!door_knock(&c->d, lane_names[LANE_REMOTE], DOOR_REFUSE_FDS, &deadline))
    lane_failed(r, LANE_REMOTE);
  else if (channel_open(c))
    return c;
  channel_close(c);
  return 0;
}

/* ---- jobs */

/* What a remote job says of where it goes: the recipients' domain as the first of them has it, and the route that was looked
   up for it, as offsets in m's text. 0: no memory. */
static int route_of(message *m, destination const *d, uint32_t first, uint32_t *domain, uint32_t *route)
{
  char const *s = message_address(m, first);
  size_t len = strlen(s);
  size_t at = address_domain(s, len);
  char name[ENVELOPE_ADDRESS_MAX + 1];
  memcpy(name, s + at, len - at); /* s moves when its text grows */
  if (!envelope_set(&m->e, domain, name, len - at))
    return 0;
  return !d->routed || envelope_set(&m->e, route, d->name, strlen(d->name));
}

/* The envelope of a job is the message's, with just its recipients; the text is shared. */
static int build(job *j, channel const *c, message *m, uint32_t first, uint32_t n)
{
  static genalloc rcpts = GENALLOC_ZERO;
  destination const *d = c->of;
  genalloc_setlen(envelope_rcpt, &rcpts, 0);
  for (uint32_t k = first, i = 0; i < n; i++, k = m->rcpt[k].next)
    if (!genalloc_append(envelope_rcpt, &rcpts, message_rcpt(m, k)))
      return 0;
  j->number = ++c->r->delivery.job;
  memcpy(j->id, m->id, sizeof j->id);
  j->offset = m->s.body;
  j->length = m->s.length;
  j->name = j->ext = j->domain = j->route = 0;
  if (d->kind != DESTINATION_REMOTE) {
    j->name = m->rcpt[first].name;
    j->ext = m->rcpt[first].ext;
  } else if (!route_of(m, d, first, &j->domain, &j->route))
    return 0;
  j->e = m->e;
  j->e.rcpts = rcpts;
  return 1;
}

int channel_give(channel *c, message *m, uint32_t first, uint32_t n, uint32_t seconds)
{
  job j = {.fd = -1};
  if (!build(&j, c, m, first, n))
    return 0;
  j.fd = store_reader(&m->s);
  if (j.fd < 0)
    return 0;
  if (!job_put(&c->d, &j)) {
    int e = errno;
    close(j.fd);
    return (errno = e, 0);
  }
  channel_given(c, &(given){.number = j.number, .m = m, .first = first, .n = n}, seconds);
  flush(c);
  if (!c->leaving && door_wants_flush(&c->d))
    watch_want(&c->r->watch, &c->w, WATCH_READ | WATCH_WRITE);
  return 1;
}
