/* lib/netblock: which networks are networks, and what lies in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <cmocka.h>
#include "lib/netblock.h"

static void scan(void **state)
{
  static struct {
    char const *text;
    int want;
  } const table[] = {
      {"127.0.0.0/8", 1},
      {"192.0.2.7", 1},
      {"::1", 1},
      {"2001:db8::/32", 1},
      {"0.0.0.0/0", 1},
      {"::/0", 1},
      {"::ffff:192.0.2.0/120", 1},
      {"", 0},
      {"/", 0},
      {"10.0.0.0/", 0},
      {"10.0.0.1/8", 0},
      {"10.0.0.0/33", 0},
      {"::/129", 0},
      {"10.0.0.0/8x", 0},
      {"10.0.0.0/-1", 0},
      {"10.0.0", 0},
      {"10.0.0.256", 0},
      {"localhost", 0},
      {"fe80::1%lo", 0},
      {"10.0.0.0/ 8", 0},
      {"2001:db8::1/32", 0},
      {"1.2.3.4.5", 0},
      {" 10.0.0.1", 0},
  };
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    netblock n;
    int got = netblock_scan(&n, table[i].text);
    if (got != table[i].want)
      fail_msg("\"%s\": got %d, want %d", table[i].text, got, table[i].want);
  }
}

static void has(void **state)
{
  static struct {
    char const *net, *ip;
    int want;
  } const table[] = {
      {"127.0.0.0/8", "127.255.3.4", 1},
      {"127.0.0.0/8", "128.0.0.1", 0},
      {"192.0.2.7", "192.0.2.7", 1},
      {"192.0.2.7", "192.0.2.6", 0},
      {"192.0.2.4/30", "192.0.2.7", 1},
      {"192.0.2.4/30", "192.0.2.8", 0},
      {"127.0.0.0/8", "::ffff:127.0.0.1", 1},
      {"::ffff:127.0.0.0/104", "127.0.0.9", 1},
      {"::/0", "127.0.0.1", 0},
      {"0.0.0.0/0", "::1", 0},
      {"::1", "::1", 1},
      {"2001:db8::/33", "2001:db8:7fff::1", 1},
      {"2001:db8::/33", "2001:db8:8000::1", 0},
      {"::/0", "2001:db8::1", 1},
      {"127.0.0.1", "7f00:1::", 0},
  };
  (void)state;
  for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
    netblock n;
    ip46 ip;
    char bytes[16];
    assert_true(netblock_scan(&n, table[i].net));
    if (inet_pton(AF_INET, table[i].ip, bytes) == 1)
      ip46_from_ip4(&ip, bytes);
    else {
      assert_int_equal(inet_pton(AF_INET6, table[i].ip, bytes), 1);
      ip46_from_ip6(&ip, bytes);
    }
    int got = netblock_has(&n, &ip);
    if (got != table[i].want)
      fail_msg("%s in %s: got %d, want %d", table[i].ip, table[i].net, got, table[i].want);
  }
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(scan), cmocka_unit_test(has)};
  return cmocka_run_group_tests(tests, 0, 0);
}
