/* netblock - networks: read from a setting, asked about an address. IPv4 written as IPv6 (::ffff:192.0.2.1)
 * is IPv4. */
#include <arpa/inet.h>
#include <string.h>
#include <skalibs/types.h>
#include "lib/netblock.h"

static char const mapped[12] = "\0\0\0\0\0\0\0\0\0\0\xff\xff";

static int scan_address(ip46 *ip, char const *s)
{
  char bytes[16];
  if (inet_pton(AF_INET, s, bytes) == 1)
    return ip46_from_ip4(ip, bytes);
  if (inet_pton(AF_INET6, s, bytes) == 1)
    return ip46_from_ip6(ip, bytes);
  return 0;
}

static int is_clear_after(char const *ip, unsigned int bits, unsigned int all)
{
  for (unsigned int i = bits; i < all; i++)
    if ((unsigned char)ip[i / 8] & (0x80u >> i % 8))
      return 0;
  return 1;
}

int netblock_scan(netblock *n, char const *s)
{
  char address[64];
  char const *slash = strchr(s, '/');
  size_t len = slash ? (size_t)(slash - s) : strlen(s);
  if (len >= sizeof address)
    return 0;
  memcpy(address, s, len);
  address[len] = 0;
  if (!scan_address(&n->ip, address))
    return 0;
  unsigned int all = ip46_is6(&n->ip) ? 128 : 32;
  n->bits = all;
  if (slash && (!uint0_scan(slash + 1, &n->bits) || n->bits > all))
    return 0;
  if (!is_clear_after(n->ip.ip, n->bits, all))
    return 0;
  if (ip46_is6(&n->ip) && n->bits >= 96 && !memcmp(n->ip.ip, mapped, sizeof mapped)) {
    char four[4];
    memcpy(four, n->ip.ip + 12, sizeof four);
    ip46_from_ip4(&n->ip, four);
    n->bits -= 96;
  }
  return 1;
}

int netblock_has(netblock const *n, ip46 const *ip)
{
  char const *bytes = ip->ip;
  unsigned int six = ip46_is6(ip);
  if (six && !memcmp(bytes, mapped, sizeof mapped)) {
    bytes += sizeof mapped;
    six = 0;
  }
  if (six != (unsigned int)ip46_is6(&n->ip) || memcmp(bytes, n->ip.ip, n->bits / 8))
    return 0;
  unsigned int rest = n->bits % 8;
  unsigned int mask = 0xff00u >> rest & 0xffu;
  return !rest || (((unsigned char)bytes[n->bits / 8] ^ (unsigned char)n->ip.ip[n->bits / 8]) & mask) == 0;
}
