/* entrance - see entrance.h. No enhanced codes here: RFC 2034 section 4. */
#include <sys/socket.h>
#include "smtpd/crowd.h"
#include "smtpd/entrance.h"
#include "smtpd/proxy.h"

/* 1: the client behind the proxy, or the proxy itself on its own behalf. */
static int unwrap(session *s)
{
  ip46 client = s->client;
  tain deadline;
  tain_addsec_g(&deadline, ENTRANCE_SECONDS);
  for (;;) {
    size_t used;
    switch (proxy_read(s->in.s + s->in.head, s->in.tail - s->in.head, &client, &used)) {
    case PROXY_WHOLE:
      s->in.head += used;
      session_is(s, &client);
      return 1;
    case PROXY_BROKEN: session_end(s, "no PROXY header"); return 0;
    case PROXY_PART: break;
    }
    enum input_got got = input_read(&s->in, &deadline);
    if (got != INPUT_MORE) {
      s->out.broken = 1;
      session_end(s, "no PROXY header");
      return 0;
    }
  }
}

/* Is there a place for one more of them? */
static int fits(session *s)
{
  int free_of_limits = s->rights.trusted || s->rights.welcome;
  char const *what = "connections from your network at once";
  switch (crowd_enter(s->slot, &s->client,
                      free_of_limits ? 0 : (unsigned int)policy_number(s->policy, CONTROL_CONCURRENCYCLIENT),
                      free_of_limits ? 0 : (unsigned int)policy_number(s->policy, CONTROL_RATECLIENT))) {
  case CROWD_OK: return 1;
  case CROWD_MANY: break;
  case CROWD_FAST: what = "connections from your network in a minute"; break;
  }
  reply_line(&s->out, "421 %s too many %s, try again later; questions: postmaster@%s", policy_me(s->policy),
             what, policy_me(s->policy));
  session_end(s, what);
  return 0;
}

/* Whoever speaks before he is greeted is no mail host. */
static int waits(session *s)
{
  unsigned int delay = (unsigned int)policy_number(s->policy, CONTROL_GREETDELAY);
  char c;
  ssize_t r;
  if (s->rights.welcome || (s->rights.trusted && !delay))
    return 1;
  if (s->in.head == s->in.tail) {
    if (delay && input_listen(&s->in, 1000 * delay) != INPUT_MORE)
      return 1;
    r = recv(s->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT);
    if (r < 0)
      return 1;
    if (!r) {
      session_lost(s, INPUT_CLOSED);
      return 0;
    }
  }
  session_break(s, "554 text before the greeting", "spoke before the greeting");
  return 0;
}

void entrance_greet(session *s)
{
  if (fits(s))
    reply_line(&s->out, "220 %s ESMTP tern", policy_me(s->policy));
}

void entrance_pass(session *s)
{
  if (s->rights.proxy && !unwrap(s))
    return;
  if (fits(s) && waits(s))
    reply_line(&s->out, "220 %s ESMTP tern", policy_me(s->policy));
}
