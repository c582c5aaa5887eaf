/* dns - asks the name servers, within bounds. See dns.h for what it promises. */
#include <errno.h>
#include <netinet/in.h>
#include <resolv.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <skalibs/iopause.h>
#include <skalibs/random.h>
#include <skalibs/socket.h>
#include <skalibs/uint16.h>
#include "lib/connect.h"
#include "lib/control.h"
#include "lib/dns.h"

#define DNS_ANSWER 65535u /* octets: what the length before a TCP answer can say */

static void take_server(dns *d, struct __res_state const *st, int i)
{
  struct sockaddr_in const *v4 = st->nsaddr_list + i;
  struct sockaddr_in6 const *v6 = st->_u._ext.nsaddrs[i];
  if (v4->sin_family == AF_INET) {
    ip46_from_ip4(&d->server[d->n].ip, (char const *)&v4->sin_addr);
    d->server[d->n++].port = ntohs(v4->sin_port);
  } else if (v6 && v6->sin6_family == AF_INET6) {
    ip46_from_ip6(&d->server[d->n].ip, (char const *)&v6->sin6_addr);
    d->server[d->n++].port = ntohs(v6->sin6_port);
  }
}

int dns_init(dns *d)
{
  struct __res_state st;
  int i;
  memset(d, 0, sizeof *d);
  memset(&st, 0, sizeof st);
  if (res_ninit(&st) < 0)
    return (errno = ENOMEM, 0);
  for (i = 0; i < st.nscount && d->n < DNS_SERVERS; i++)
    take_server(d, &st, i);
  d->seconds = st.retrans > 0 ? (unsigned int)st.retrans : RES_TIMEOUT;
  d->tries = st.retry > 0 ? (unsigned int)st.retry : RES_DFLRETRY;
  for (i = 0; i < MAXDNSRCH && st.dnsrch[i] && d->searches < DNS_SEARCH; i++)
    if (answer_name_is_host(st.dnsrch[i]))
      memcpy(d->search[d->searches++], st.dnsrch[i], strlen(st.dnsrch[i]) + 1);
  res_nclose(&st);
  return 1;
}

int dns_use(dns *d, char const *resolver)
{
  ip46 ip;
  uint16_t port;
  if (!control_scan_resolver(resolver, &ip, &port))
    return 0;
  d->n = 1;
  d->server[0].ip = ip;
  d->server[0].port = port;
  return 1;
}

/* ---- one server */

typedef struct question_s question;
struct question_s {
  unsigned char s[2 + 512]; /* its length, for TCP, and the question */
  size_t len;
  uint16_t id;
  char const *name;
  enum answer_type type;
};

static unsigned char received[2 + DNS_ANSWER]; /* touched only as far as an answer is long */

/* Waits for fd. 0: the deadline, or errno. */
static int await(int fd, short events, tain const *deadline)
{
  iopause_fd x = {.fd = fd, .events = events};
  for (;;) {
    int r = iopause_g(&x, 1, deadline);
    if (r >= 0 || errno != EINTR)
      return r > 0;
  }
}

/* A socket of its own for each question: the kernel chooses an unforeseeable port, and a connected socket
   hears nobody else. Anything that is not the answer to this question is passed over. */
static enum answer_kind by_udp(answer *a, question const *q, ip46 const *ip, uint16_t port,
                               tain const *deadline)
{
  enum answer_kind kind = ANSWER_LATER;
  int fd = socket_udp46_nbcoe(ip46_is6(ip));
  if (fd < 0)
    return ANSWER_LATER;
  if (socket_connect46(fd, ip, port) == 0 && send(fd, q->s + 2, q->len, MSG_NOSIGNAL) == (ssize_t)q->len)
    while (await(fd, IOPAUSE_READ, deadline)) {
      ssize_t r = recv(fd, received, DNS_ANSWER, 0);
      if (r < 0 && (errno == EAGAIN || errno == EINTR))
        continue;
      if (r < 0)
        break;
      kind = answer_read(a, received, (size_t)r, q->id, q->name, q->type);
      if (kind != ANSWER_FOREIGN)
        break;
      kind = ANSWER_LATER;
    }
  close(fd);
  return kind;
}

/* All of it, one way or the other. 0: no. */
static int transfer(int fd, unsigned char *s, size_t len, short events, tain const *deadline)
{
  while (len) {
    ssize_t r;
    if (!await(fd, events, deadline))
      return 0;
    r = events == IOPAUSE_READ ? recv(fd, s, len, 0) : send(fd, s, len, MSG_NOSIGNAL);
    if (!r || (r < 0 && errno != EAGAIN && errno != EINTR))
      return 0;
    if (r > 0) {
      s += r;
      len -= (size_t)r;
    }
  }
  return 1;
}

static enum answer_kind by_tcp(answer *a, question *q, ip46 const *ip, uint16_t port, tain const *deadline)
{
  enum answer_kind kind = ANSWER_LATER;
  int fd = connect_to(ip, port, 0, -1, deadline);
  uint16_t len;
  if (fd < 0)
    return ANSWER_LATER;
  uint16_pack_big((char *)q->s, (uint16_t)q->len);
  if (transfer(fd, q->s, q->len + 2, IOPAUSE_WRITE, deadline) &&
      transfer(fd, received, 2, IOPAUSE_READ, deadline)) {
    uint16_unpack_big((char *)received, &len);
    if (transfer(fd, received, len, IOPAUSE_READ, deadline))
      kind = answer_read(a, received, len, q->id, q->name, q->type);
  }
  close(fd);
  return kind;
}

/* ---- all of them */

static int is_definite(enum answer_kind kind)
{
  return kind == ANSWER_FOUND || kind == ANSWER_NODATA || kind == ANSWER_NXDOMAIN || kind == ANSWER_ALIAS;
}

static enum answer_kind ask_servers(dns const *d, answer *a, question *q, tain const *end)
{
  unsigned int try, i;
  for (try = 0; try < d->tries; try++)
    for (i = 0; i < d->n; i++) {
      enum answer_kind kind;
      tain deadline;
      tain_now_g();
      if (!tain_future(end))
        return ANSWER_LATER;
      tain_addsec_g(&deadline, (int)d->seconds);
      kind = by_udp(a, q, &d->server[i].ip, d->server[i].port, tain_less(&deadline, end) ? &deadline : end);
      if (kind == ANSWER_TRUNCATED)
        kind = by_tcp(a, q, &d->server[i].ip, d->server[i].port, end);
      if (is_definite(kind))
        return kind;
    }
  return ANSWER_LATER;
}

enum dns_found dns_ask(dns const *d, answer *a, char const *name, enum answer_type type)
{
  tain end;
  tain_now_g();
  tain_addsec_g(&end, DNS_SECONDS);
  return dns_ask_until(d, a, name, type, &end);
}

enum dns_found dns_ask_until(dns const *d, answer *a, char const *name, enum answer_type type,
                             tain const *end)
{
  char asked[ANSWER_NAME_MAX];
  unsigned int i;
  if (!answer_name_is_host(name))
    return DNS_NXDOMAIN;
  memcpy(asked, name, strlen(name) + 1);
  for (i = 0; i < ANSWER_CHAIN; i++) {
    question q = {.name = asked, .type = type};
    random_buf((char *)&q.id, sizeof q.id);
    q.len = answer_question(q.s + 2, q.id, asked, type);
    switch (ask_servers(d, a, &q, end)) {
    case ANSWER_FOUND: return DNS_FOUND;
    case ANSWER_NODATA: return DNS_NODATA;
    case ANSWER_NXDOMAIN: return DNS_NXDOMAIN;
    case ANSWER_ALIAS: break;
    default: return DNS_LATER;
    }
    memcpy(asked, a->name, sizeof asked);
  }
  return DNS_LATER;
}
