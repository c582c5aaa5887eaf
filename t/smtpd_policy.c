/* Whose mail is taken: domains, clients, literals; settings that make no sense leave the old ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "smtpd/policy.h"

static char folder[] = "/tmp/tern-policy.XXXXXX";
static policy p = POLICY_ZERO;
static stralloc problem = STRALLOC_ZERO;

static void put(char const *name, char const *text)
{
  char path[80];
  snprintf(path, sizeof path, "control/%s", name);
  FILE *f = fopen(path, "w");
  assert_non_null(f);
  fputs(text, f);
  fclose(f);
}

static int enter(void **state)
{
  (void)state;
  if (!mkdtemp(folder) || chdir(folder) || mkdir("control", 0755))
    return 1;
  put("me", "mail.example.org\n");
  put("locals", "example.org\n.sub.example.org\n");
  put("virtualdomains", "v.example:joe\nann@w.example:joe\n.x.example:joe\n");
  put("relaydomains", "backup.example\n");
  put("relayclients", "192.0.2.0/24\n2001:db8::/32\n");
  return !policy_read(&p, 0, &problem);
}

static int leave(void **state)
{
  (void)state;
  policy_free(&p);
  stralloc_free(&problem);
  return system("rm -rf control") || chdir("/") || rmdir(folder);
}

static void places(void **state)
{
  static struct {
    char const *address;
    enum policy_place want;
  } const cases[] = {
      {"u@example.org", POLICY_LOCAL},
      {"u@EXAMPLE.ORG", POLICY_LOCAL},
      {"u@a.sub.example.org", POLICY_LOCAL},
      {"u@sub.example.org", POLICY_FOREIGN},
      {"u@b.example.org", POLICY_FOREIGN},
      {"u@notexample.org", POLICY_FOREIGN},
      {"any@v.example", POLICY_LOCAL},
      {"ann@w.example", POLICY_LOCAL},
      {"Ann@W.example", POLICY_LOCAL},
      {"bob@w.example", POLICY_FOREIGN},
      {"any@a.x.example", POLICY_LOCAL},
      {"any@x.example", POLICY_FOREIGN},
      {"u@backup.example", POLICY_TAKE},
      {"u@a.backup.example", POLICY_FOREIGN},
      {"postmaster@example.org", POLICY_POSTMASTER},
      {"PostMaster@mail.example.org", POLICY_POSTMASTER},
      {"postmaster@v.example", POLICY_LOCAL},
      {"postmaster@other.example", POLICY_FOREIGN},
      {"u%other@example.org", POLICY_LOCAL},
      {"\"u@other\"@example.org", POLICY_LOCAL},
      {"\"u@example.org\"@o.example", POLICY_FOREIGN},
      {"u@[192.0.2.1]", POLICY_FOREIGN},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    enum policy_place got = policy_place(&p, cases[i].address, strlen(cases[i].address));
    if (got != cases[i].want)
      fail_msg("%s: got %d, want %d", cases[i].address, (int)got, (int)cases[i].want);
  }
}

static ip46 ip(char const *s)
{
  ip46 i;
  assert_int_equal(ip46_scan(s, &i), strlen(s));
  return i;
}

static int may_relay(ip46 const *client)
{
  policy_client c;
  policy_judge_client(&p, client, &c);
  return c.trusted;
}

static void clients(void **state)
{
  static struct {
    char const *ip;
    int want;
  } const cases[] = {{"192.0.2.1", 1},   {"192.0.2.255", 1}, {"192.0.3.1", 0},
                     {"2001:db8::1", 1}, {"2001:db9::1", 0}, {"127.0.0.1", 0}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ip46 const client = ip(cases[i].ip);
    if (may_relay(&client) != cases[i].want)
      fail_msg("%s: got %d, want %d", cases[i].ip, !cases[i].want, cases[i].want);
  }
}

static void literals(void **state)
{
  static struct {
    char const *domain, *here;
    int want;
  } const cases[] = {{"[127.0.0.1]", "127.0.0.1", 1}, {"[127.0.0.2]", "127.0.0.1", 0},
                     {"[IPv6:::1]", "::1", 1},        {"[ipv6:0:0:0:0:0:0:0:1]", "::1", 1},
                     {"[IPv6:::1]", "127.0.0.1", 0},  {"[IPv6:fe80::1%eth0]", "fe80::1", 0},
                     {"[1.2.3]", "1.2.3.0", 0},       {"[127.0.0.0/8]", "127.0.0.1", 0},
                     {"127.0.0.1", "127.0.0.1", 0},   {"[]", "127.0.0.1", 0}};
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ip46 const here = ip(cases[i].here);
    int got = policy_is_literal(cases[i].domain, strlen(cases[i].domain), &here);
    if (got != cases[i].want)
      fail_msg("%s at %s: got %d, want %d", cases[i].domain, cases[i].here, got, cases[i].want);
  }
}

/* sendmail -bs runs as its user, who may not read what lists the recipients of another host. */
static void user(void **state)
{
  policy own = POLICY_ZERO;
  (void)state;
  put("relaydomains", "far.example\n");
  put("recipientsfile", "far.example:recipients/none\n");
  assert_false(policy_read(&p, 0, &problem));
  assert_true(policy_read_for_user(&own, 0, &problem));
  assert_int_equal(policy_place(&own, "u@far.example", 13), POLICY_TAKE);
  policy_free(&own);
  put("recipientsfile", "");
}

static void keep_the_old(void **state)
{
  (void)state;
  put("relayclients", "192.0.2.0/99\n");
  put("locals", "new.example\n");
  assert_false(policy_read(&p, 0, &problem));
  if (!strstr(problem.s, "control/relayclients:1"))
    fail_msg("got \"%s\", want the file and the line", problem.s);
  assert_int_equal(policy_place(&p, "u@example.org", 13), POLICY_LOCAL);
  put("relayclients", "");
  put("virtual", "/etc/virtual");
  assert_true(policy_read(&p, 0, &problem));
  assert_int_equal(policy_place(&p, "u@example.org", 13), POLICY_VIRTUAL);
  assert_int_equal(policy_place(&p, "u@new.example", 13), POLICY_LOCAL);
  ip46 const client = ip("192.0.2.1");
  assert_false(may_relay(&client));
}

int main(void)
{
  struct CMUnitTest const tests[] = {cmocka_unit_test(places), cmocka_unit_test(clients),
                                     cmocka_unit_test(literals), cmocka_unit_test(user),
                                     cmocka_unit_test(keep_the_old)};
  return cmocka_run_group_tests_name("smtpd_policy", tests, enter, leave);
}
