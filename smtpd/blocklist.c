/* blocklist - see blocklist.h. */
#include <stdio.h>
#include <string.h>
#include "lib/control.h"
#include "lib/dns.h"
#include "lib/netblock.h"
#include "smtpd/blocklist.h"

#define NAMES_MAX 5u /* of a client that are looked up */

/* The address backwards, as "1.2.0.192." or in nibbles; gives its length. */
static size_t backwards(char s[80], ip46 const *client)
{
  static char const hex[] = "0123456789abcdef";
  unsigned char const *ip = (unsigned char const *)client->ip;
  size_t n = 0;
  if (!ip46_is6(client))
    return (size_t)snprintf(s, 80, "%u.%u.%u.%u.", ip[3], ip[2], ip[1], ip[0]);
  for (unsigned int i = 16; i--;) {
    s[n++] = hex[ip[i] & 15];
    s[n++] = '.';
    s[n++] = hex[ip[i] >> 4];
    s[n++] = '.';
  }
  s[n] = 0;
  return n;
}

static int has(ip46 const *ip, char const *network)
{
  netblock n;
  return netblock_scan(&n, network) && netblock_has(&n, ip);
}

/* Does one of the answers count? filter: networks with blanks between them; may be empty. */
static int counts(answer const *a, char const *filter)
{
  for (size_t i = 0; i < a->n; i++) {
    ip46 const *ip = &a->record[i].ip;
    if (!*filter && has(ip, "127.0.0.0/8") && !has(ip, "127.255.255.0/24"))
      return 1;
    for (char const *p = filter; *p;) {
      char one[64];
      size_t n = strcspn(p, " \t");
      if (n < sizeof one) {
        memcpy(one, p, n);
        one[n] = 0;
        if (has(ip, one))
          return 1;
      }
      p += n;
      p += strspn(p, " \t");
    }
  }
  return 0;
}

/* Half of the time that is left, all of it for the last one: a zone that is silent leaves some to those behind it. */
static void share(tain *until, tain const *end, int is_last)
{
  tain left;
  *until = *end;
  tain_now_g();
  if (is_last || !tain_future(end))
    return;
  tain_sub(&left, end, &STAMP);
  tain_half(&left, &left);
  tain_add_g(until, &left);
}

int blocklist_has(dns const *d, char const *lines, ip46 const *client, char zone[BLOCKLIST_ZONE])
{
  static answer a;
  char name[80 + BLOCKLIST_ZONE];
  size_t n = backwards(name, client);
  tain end, until;
  tain_now_g();
  tain_addsec_g(&end, BLOCKLIST_SECONDS);
  for (; d && *lines; lines = control_next(lines)) {
    size_t len = strcspn(lines, " \t");
    char const *filter = lines + len + strspn(lines + len, " \t");
    if (len >= BLOCKLIST_ZONE)
      continue;
    memcpy(zone, lines, len);
    zone[len] = 0;
    memcpy(name + n, zone, len + 1);
    share(&until, &end, !*control_next(lines));
    if (dns_ask_until(d, &a, name, ANSWER_A, &until) == DNS_FOUND && counts(&a, filter))
      return 1;
  }
  return 0;
}

static enum blocklist_answer leads_back(dns const *d, char const *name, ip46 const *client, tain const *end)
{
  static answer a;
  switch (dns_ask_until(d, &a, name, ip46_is6(client) ? ANSWER_AAAA : ANSWER_A, end)) {
  case DNS_FOUND: break;
  case DNS_LATER: return BLOCKLIST_LATER;
  default: return BLOCKLIST_NO;
  }
  for (size_t i = 0; i < a.n; i++)
    if (ip46_is6(&a.record[i].ip) == ip46_is6(client) &&
        !memcmp(a.record[i].ip.ip, client->ip, ip46_is6(client) ? 16 : 4))
      return BLOCKLIST_YES;
  return BLOCKLIST_NO;
}

enum blocklist_answer blocklist_reverse(dns const *d, ip46 const *client, int confirmed)
{
  static answer a;
  char name[80 + 16];
  size_t n = backwards(name, client);
  enum blocklist_answer worst = BLOCKLIST_YES;
  tain end;
  tain_now_g();
  tain_addsec_g(&end, BLOCKLIST_SECONDS);
  if (!d)
    return BLOCKLIST_LATER;
  memcpy(name + n, ip46_is6(client) ? "ip6.arpa" : "in-addr.arpa", ip46_is6(client) ? 9 : 13);
  switch (dns_ask_until(d, &a, name, ANSWER_PTR, &end)) {
  case DNS_FOUND: break;
  case DNS_LATER: return BLOCKLIST_LATER;
  default: return BLOCKLIST_YES;
  }
  for (size_t i = 0; i < a.n && i < NAMES_MAX; i++) {
    if (!answer_name_is_host(a.record[i].name))
      continue;
    if (!confirmed)
      return BLOCKLIST_NO;
    enum blocklist_answer back = leads_back(d, a.record[i].name, client, &end);
    if (back == BLOCKLIST_YES)
      return BLOCKLIST_NO;
    if (back == BLOCKLIST_LATER)
      worst = BLOCKLIST_LATER;
  }
  return worst;
}
