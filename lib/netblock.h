/* netblock - networks as the settings write them: "127.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1". */
#ifndef TERN_NETBLOCK_H
#define TERN_NETBLOCK_H

#include <skalibs/ip46.h>

typedef struct netblock_s netblock;
struct netblock_s {
  ip46 ip;
  unsigned int bits;
};
extern int netblock_scan(netblock *n, char const *s); /* 0: not a network, or bits set beyond its length */
extern int netblock_has(netblock const *n, ip46 const *ip); /* an IPv4-mapped IPv6 address counts as IPv4 */

#endif
