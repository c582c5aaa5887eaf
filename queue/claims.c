/* claims - the one place where an envelope from outside becomes one of the queue. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <skalibs/alloc.h>
#include "lib/address.h"
#include "lib/id.h"
#include "queue/claims.h"

#define XTEXT_MAX 500u /* octets of ORCPT (RFC 3461 section 4.2) */
#define ENVID_MAX 100u /* 4.4 */

static int is_visible(char const *s, size_t max)
{
  size_t len = strlen(s);
  for (size_t k = 0; k < len; k++)
    if ((unsigned char)s[k] <= ' ' || s[k] == 127)
      return 0;
  return len <= max;
}

static void sift_rcpts(envelope *e, int from_runner)
{
  for (size_t k = 0; k < envelope_count(e); k++) {
    envelope_rcpt *rcpt = envelope_rcpts(e) + k;
    if (!from_runner) {
      rcpt->original = 0;
      rcpt->final = FINAL_NOT;
    }
    char const *orcpt = envelope_string(e, rcpt->orcpt);
    if (!is_visible(orcpt, XTEXT_MAX) || !strchr(orcpt, ';'))
      rcpt->orcpt = 0;
  }
}

void claims_sift(envelope *e, identities const *ids, uid_t uid)
{
  int from_runner = uid == ids->uid[TERNS];
  id i;
  if (uid != ids->uid[TERND])
    e->client_address = e->client_helo = e->protocol = e->tls = e->auth = 0;
  if (!from_runner)
    e->bounce = 0;
  if (e->parent && !id_scan(&i, envelope_string(e, e->parent), strlen(envelope_string(e, e->parent))))
    e->parent = 0;
  e->parent_claimed = e->parent && !from_runner;
  if (!is_visible(envelope_string(e, e->envid), ENVID_MAX))
    e->envid = 0;
  e->uid = uid;
  sift_rcpts(e, from_runner);
}

static int fail(result *r, unsigned int status, char const *address, char const *what)
{
  result_set(r, RESULT_PERMANENT, status, "<%.200s>: %s", address, what);
  return 0;
}

static int no_memory(result *r)
{
  result_set(r, RESULT_TEMPORARY, STATUS_SYSTEM, "out of memory");
  return 0;
}

/* Puts "address@me" in the place of `address`. 0: no memory, or too long. */
static int complete(envelope *e, uint32_t *where, char const *me)
{
  char s[ENVELOPE_ADDRESS_MAX + ADDRESS_DOMAIN_MAX + 2];
  char const *address = envelope_string(e, *where);
  size_t len = strlen(address), melen = strlen(me);
  if (address_domain(address, len) < len)
    return 1;
  if (len + 1 + melen > ENVELOPE_ADDRESS_MAX)
    return (errno = ENAMETOOLONG, 0);
  memcpy(s, address, len);
  s[len] = '@';
  memcpy(s + len + 1, me, melen);
  return envelope_set(e, where, s, len + 1 + melen);
}

static int judge_address(envelope *e, uint32_t *where, char const *me, unsigned int status, result *r)
{
  char const *address = envelope_string(e, *where);
  switch (address_judge(address, strlen(address))) {
  case ADDRESS_OK: break;
  case ADDRESS_UTF8: e->smtputf8 = 1; break; /* whoever sends it on must know (RFC 6531) */
  case ADDRESS_TOOLONG: return fail(r, status, address, "the address is too long");
  default: return fail(r, status, address, "this is not an address");
  }
  if (complete(e, where, me))
    return 1;
  return errno == ENAMETOOLONG ? fail(r, status, envelope_string(e, *where), "the address is too long")
                               : no_memory(r);
}

/* In an aliases file or a .forward these are programs, files and includes; here they are nothing, quoted or
   not. -1: no memory. */
static int is_target(char const *address)
{
  static stralloc local = STRALLOC_ZERO;
  local.len = 0;
  if (!address_unquote(address, address_domain(address, strlen(address)), &local) || !stralloc_0(&local))
    return -1;
  return local.s[0] == '|' || local.s[0] == '/' || !strncasecmp(local.s, ":include:", 9);
}

static int judge_rcpt(envelope *e, size_t k, char const *me, result *r)
{
  char const *address = envelope_string(e, envelope_rcpts(e)[k].address);
  int target = is_target(address);
  if (target < 0)
    return no_memory(r);
  if (target)
    return fail(r, STATUS_BAD_ADDRESS, address, "programs, files and includes are no recipients");
  uint32_t where = envelope_rcpts(e)[k].address;
  if (!judge_address(e, &where, me, STATUS_BAD_ADDRESS, r))
    return 0;
  envelope_rcpts(e)[k].address = where;
  return 1;
}

/* ---- one of each */

static int by_address(void const *a, void const *b, void *data)
{
  envelope const *e = data;
  uint32_t const x = *(uint32_t const *)a, y = *(uint32_t const *)b;
  envelope_rcpt const *p = envelope_rcpts(e) + x, *q = envelope_rcpts(e) + y;
  char const *s = envelope_string(e, p->address), *t = envelope_string(e, q->address);
  size_t slen = address_domain(s, strlen(s)), tlen = address_domain(t, strlen(t));
  int c = p->final - q->final;
  if (!c && slen != tlen)
    c = slen < tlen ? -1 : 1;
  if (!c)
    c = memcmp(s, t, slen);
  if (!c)
    c = strcasecmp(s + slen, t + tlen);
  return c;
}

static int by_address_and_place(void const *a, void const *b, void *data)
{
  int c = by_address(a, b, data);
  uint32_t const x = *(uint32_t const *)a, y = *(uint32_t const *)b;
  return c ? c : x < y ? -1 : x > y;
}

/* The first of each address stays, in its place. 0: no memory. */
static int drop_doubles(envelope *e)
{
  size_t n = envelope_count(e), kept = 0;
  if (n < 2)
    return 1;
  uint32_t *order = alloc(n * sizeof *order);
  if (!order)
    return 0;
  for (size_t k = 0; k < n; k++)
    order[k] = (uint32_t)k;
  qsort_r(order, n, sizeof *order, &by_address_and_place, e);
  uint32_t first = order[0];
  for (size_t k = 1; k < n; k++)
    if (by_address(&first, order + k, e))
      first = order[k];
    else
      order[k] |= UINT32_C(1) << 31; /* ENVELOPE_RCPT_MAX is far below */
  for (size_t k = 0; k < n; k++)
    if (order[k] >> 31)
      envelope_rcpts(e)[order[k] & INT32_MAX].address = 0;
  for (size_t k = 0; k < n; k++)
    if (envelope_rcpts(e)[k].address)
      envelope_rcpts(e)[kept++] = envelope_rcpts(e)[k];
  genalloc_setlen(envelope_rcpt, &e->rcpts, kept);
  alloc_free(order);
  return 1;
}

int claims_judge(envelope *e, char const *me, result *r)
{
  if (!e->has_sender) {
    result_set(r, RESULT_PERMANENT, STATUS_BAD_ARGUMENTS, "the message has no sender");
    return 0;
  }
  if (!envelope_count(e)) {
    result_set(r, RESULT_PERMANENT, STATUS_BAD_ARGUMENTS, "the message has no recipients");
    return 0;
  }
  uint32_t sender = e->sender;
  if (sender && !judge_address(e, &sender, me, STATUS_BAD_SENDER, r))
    return 0;
  e->sender = sender;
  for (size_t k = 0; k < envelope_count(e); k++)
    if (!judge_rcpt(e, k, me, r))
      return 0;
  return drop_doubles(e) || no_memory(r);
}
